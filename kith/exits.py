"""How a command of the command line ends: its exit code, and the failure that carries one."""

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes of every command, as documented in docs/operations.md."""

    OK = 0
    REFUSED = 1
    """A service refused the whole request: a domain rule, a right that is missing, a file that is none."""
    USAGE = 2
    """The command line was wrong: an unknown option, a file that is not there, a day that is none."""
    UNREACHABLE = 3
    """A service or server did not answer within the time allowed."""
    PARTLY_REFUSED = 4
    """The import was done, and at least one row was refused and written back."""
    CONFIGURATION = 78
    """The installation is not fit to run: settings, ports, rights on folders (sysexits' EX_CONFIG)."""
    INTERRUPTED = 130
    """Ctrl-C: what was done stays done, and the same command goes on from there."""


class Failed(Exception):
    """A command that cannot go on: a code of the catalogues, its parameters, and how the process ends."""

    def __init__(self, code: str, ends: Exit = Exit.REFUSED, **params: object) -> None:
        super().__init__(f"{code} {params}")
        self.code = code
        self.ends = ends
        self.params = params
