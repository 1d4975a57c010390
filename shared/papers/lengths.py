"""How long what a row says of a person or a place may be: as long as it may be where nobody sends a paper."""

from collections.abc import Callable, Mapping

from shared.papers.faults import Fault

NAME_CHARS_MAX, LINE_CHARS_MAX = 50, 100
"""Of the name of a child, a carer or an area, and of any other text that names somebody or something."""


def too_long(said: Mapping[str, str], label: Callable[[str], str]) -> list[Fault]:
    """Return a fault for each text, by its column, that is longer than it may be; *label* is how the paper calls it."""
    return [
        Fault("row_text_too_long", label(column), {"most": most})
        for column, text in said.items()
        if len(text) > (most := NAME_CHARS_MAX if column == "name" else LINE_CHARS_MAX)
    ]
