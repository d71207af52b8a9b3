"""Files that go with the outputs of a run: tables, COCO annotations, soft labels, and a depfile for Make.

May import `planning` and what is below it.
"""
