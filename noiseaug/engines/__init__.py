"""Where tasks are done: a pool that keeps results in order, over threads, processes or a Dask cluster.

Worker processes import this package, so nothing is imported here: take what you need from its modules.

May import `work`, `planning` and what is below them.
"""
