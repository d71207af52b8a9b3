"""The heart: keys and random streams, exact samples of the rounded Gaussian, noise on arrays, and its figures.

No file, no command line and no clock here. May import `settings`.
"""
