"""The long versions of the fault tests: `make torture`, or `python -m torture --help` with `tests` on the path."""
