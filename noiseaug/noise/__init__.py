"""Gaussian noise on arrays: keys and random streams, exact samples, adding them, and figures of what was added.

`sampling` has the random numbers, `drawing` the noise before it is added, `noiser` adds it block after block,
`together` to many arrays at once, `figures` measures it, `scale` says what samples mean, and `gaussian` has the public
class. Strengths come in as fractions of full scale; inside, integers count in levels, the steps of their lattice.

No file, no command line and no clock here. May import `settings`.
"""
