"""The record of a run in DEST: rows and how they are read, the state of a run, its lock, shards and their merging.

May import `storage` and `settings`.
"""
