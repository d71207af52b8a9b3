"""Compares what noiseaug writes on several processors: `make cross`, or `make cross-x86` for a part of it.

`sources` makes the files, `runs` is carried out on each of the `processors` (`aarch64` brings what those of that kind
need), `comparing` finds what differs, and `page` tells it by format.
"""
