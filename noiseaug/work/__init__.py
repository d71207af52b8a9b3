"""What a worker does with one task: perform it, publish its files, and record what was done.

May import `media`, `planning` and what is below them. Codecs are imported when the first file of their kind comes.
"""
