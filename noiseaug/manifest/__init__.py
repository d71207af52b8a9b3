"""The record of a run in DEST: rows and how they are read, the state of a run, its lock, and shards.

May import `storage` and `settings`.
"""
