"""What `make bench` runs: noiseaug beside the usual recipe, the libraries for it, and the floor that codecs set."""
