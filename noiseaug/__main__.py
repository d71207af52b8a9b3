"""`python -m noiseaug`, and the `noiseaug` command."""

from noiseaug.cli import main

if __name__ == "__main__":
    main()
