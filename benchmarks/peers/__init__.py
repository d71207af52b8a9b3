"""What noiseaug is measured against, written as a user would write it who cares about speed: one small script each.

    python -m benchmarks.peers.NAME CORPUS DEST --std S.. --workers N

All of them share `pool.py` and write with the encoder settings of noiseaug.
"""
