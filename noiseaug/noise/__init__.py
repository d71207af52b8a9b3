"""Gaussian noise on arrays: keys and random streams, exact samples, adding them, and figures of what was added.

`streams` has the random numbers, `sampling` makes samples of them and `drawing` the noise before it is added. `noiser`
adds it block after block and measures it by `figures`, `together` to many arrays at once; `adding` does not measure.
`scale` says what samples mean. Strengths come in as fractions of full scale; inside, integers count in levels, the
steps of their lattice.

No file, no command line and no clock here. May import `settings`.
"""
