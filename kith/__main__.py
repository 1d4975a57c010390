"""`python -m kith`, which is what the command kith runs: the command line, or at once what a container is for."""

import sys

from shared.subjects import SERVICES


def main() -> int:
    """Run what the words of the command ask for and return the exit code.

    A service and its health check start without the command line, which takes longer to load than they run.
    """
    match sys.argv[1:]:
        case [service] if service in SERVICES:
            from shared.service import serve  # noqa: PLC0415 - the health check has no use for it

            serve(f"services.{service}.app:create")
            return 0
        case ["healthcheck", *path]:
            from kith.readiness import healthcheck  # noqa: PLC0415 - a service has no use for it

            return healthcheck(*path)
        case _:
            from kith.cli import main as command_line  # noqa: PLC0415 - see above

            return command_line()


if __name__ == "__main__":
    sys.exit(main())
