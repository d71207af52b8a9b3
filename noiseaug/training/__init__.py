"""Noise for programs that train models: samples in memory, and no files.

`stream` gives the samples that a run over a folder would write.

May import `pipeline`, `work` and what is below.
"""
