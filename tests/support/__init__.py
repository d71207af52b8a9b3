"""What several tests share: files to work on, ways to run noiseaug, faults to inject, and readers of what was written.

Tests import it as `support`, as pyproject.toml puts `tests` on the path. It holds no tests.
"""
