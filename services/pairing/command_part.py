"""A part of a command that is answered, or appended, for itself."""

from dataclasses import replace

from shared.handling import Cause


def part_of(cause: Cause, *parts: object) -> Cause:
    """Return the cause of one part of a command: the same part when the command comes again."""
    return replace(cause, command_id=cause.id_of(*parts))
