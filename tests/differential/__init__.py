"""A corpus by many encoders, run at `--std 0` and compared with independent readers: `make differential`."""
