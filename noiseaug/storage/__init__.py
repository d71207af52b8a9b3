"""Reading sources and writing outputs safely: the only package that touches SOURCE and DEST.

A source is read as it is and never written to. An output appears under its name whole or not at all. Files that belong
together are drafted and then renamed together. Names and paths are here too, as what is safe depends on them.

Imports `errors` only.
"""
