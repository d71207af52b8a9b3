"""`python -m noiseaug`, and the `noiseaug` command."""

import signal
import sys

signal.signal(signal.SIGINT, signal.SIG_DFL)  # until the command line has handlers of its own
try:
    from noiseaug.cli import main
except ImportError as error:
    sys.exit(f"noiseaug: error: {error}; the installation is not complete: pip install --force-reinstall noiseaug")

if __name__ == "__main__":
    main()
