"""The words of a page in one language, and how numbers stand in them: each one a link to the list behind it."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from markupsafe import Markup, escape

from services.reporting.pages.figures_shown import Number
from shared.messages import Language, catalogue, label, text

PREFIX = "page."

LINK = Markup('<a href="%(href)s" data-measure="%(measure)s"%(alarm)s>%(text)s</a>')
ALARM = Markup(' class="miss"')
ZERO = Markup(' class="zero"')
WAITING = Markup('<span class="wait">{text}</span>')
UNKNOWN = Markup('<span class="none">—</span>')


@dataclass(frozen=True, slots=True)
class Wording:
    """What a page says; calling it with a code of pages.toml gives the text in its language."""

    language: Language

    def __call__(self, code: str, /, **params: object) -> str:
        return text(PREFIX + code, self.language, **params)

    def knows(self, code: str) -> bool:
        """Return whether there is a text of *code*."""
        return PREFIX + code in catalogue(self.language)

    def label(self, value: StrEnum) -> str:
        """Return what a value of a code set is called."""
        return label(value, self.language)

    def number(self, number: Number) -> Markup:
        """Return a number as the link to its list; "not due" and "not known" look different from 0."""
        if number.not_due:
            return WAITING.format(text=self("not_due"))
        if number.value is None:
            return UNKNOWN
        alarm = (ALARM if number.alarm else "") if number.value else ZERO
        # A page has hundreds: % escapes as format does, in a third of the time.
        return LINK % {"href": number.href, "measure": number.measure, "alarm": alarm, "text": number.text}

    def sentence(self, code: str, /, **params: object) -> Markup:
        """Return the text of *code* as part of a page, with numbers as links and days as the language says them."""
        template = Markup(escape(catalogue(self.language)[PREFIX + code]))  # noqa: S704 - escaped here
        return template.format(**{name: self._in_text(value) for name, value in params.items()})

    def _in_text(self, value: object) -> object:
        if isinstance(value, Number):
            return self.number(value)
        return self("day", day=value) if isinstance(value, date) else value

    @property
    def other(self) -> Language:
        """The language the reader can change to."""
        return Language.EN if self.language is Language.ZH else Language.ZH
