"""What is wrong with a paper or with one of its rows: a code of the catalogue *papers* and its parameters."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.messages import Language, text


class PaperRefused(Exception):
    """A paper as a whole cannot be taken; *code* is a key of the catalogue *papers*."""

    def __init__(self, code: str, /, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.params: Mapping[str, object] = params

    def told(self, language: Language = Language.ZH) -> str:
        """Return what is wrong, where, and how to mend it."""
        return text(self.code, language, **self.params)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one row, or what a person should know of it.

    *column* is the heading as the paper writes it, or None where the fault has no one cell. *params*
    never hold a name, a citizen id or a phone, so that the text of a fault may be logged and answered.
    """

    code: str
    column: str | None = None
    params: Mapping[str, object] = field(default_factory=dict)

    def told(self, language: Language = Language.ZH) -> str:
        """Return what is wrong, where, and how to mend it."""
        return text(self.code, language, column=self.column or "", **self.params)
