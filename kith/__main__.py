"""`python -m kith`, which is what the command kith runs."""

import sys

from kith.cli import main

if __name__ == "__main__":
    sys.exit(main())
