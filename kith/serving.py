"""Running one service in this process: `python -m kith.serving registry`, as `kith serve registry` does."""

import sys

from shared.service import serve

if __name__ == "__main__":
    serve(f"services.{sys.argv[1]}.app:create")
