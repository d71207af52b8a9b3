"""The wishes of the user: parsed, checked once and frozen.

The recipe decides the bytes of outputs; the layout their names; the selection which sources are meant; the companions
what is written besides; running how it is done. Nothing here reads a file of a dataset.

May import `kinds` and `storage`.
"""
