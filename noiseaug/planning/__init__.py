"""The plan of a run: the walk over SOURCE, the targets of each source, and the tasks that are left to do.

Nothing here writes or deletes a file: a plan can be made and dropped. May import `manifest` and what is below it.
"""
