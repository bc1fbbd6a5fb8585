"""`python -m embedlab` is the command `embedlab`."""

import sys

from embedlab.cli import main

if __name__ == "__main__":
    sys.exit(main())
