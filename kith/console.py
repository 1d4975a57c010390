"""What the command line writes: answers on standard output, everything else on standard error."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from rich.console import Console as Terminal
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from kith.exits import Failed
from shared.messages import Language, text

PLAIN_LINE_SECONDS = 5.0
"""Where nobody watches a bar, a long command writes a line at most this often."""

LANGUAGE: ContextVar[Language] = ContextVar("LANGUAGE", default=Language.EN)

Advance = Callable[[int], None]


def language_of_terminal() -> Language:
    """Return Chinese where the locale says so, else English."""
    spoken = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return Language.ZH if spoken.lower().startswith("zh") else Language.EN


class Console:
    """One command's voice: for a person, or as JSON for a program."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self.out = Terminal(soft_wrap=True, highlight=False)
        self.err = Terminal(stderr=True, soft_wrap=True, highlight=False)

    @property
    def language(self) -> Language:
        return LANGUAGE.get()

    def text(self, code: str, **params: object) -> str:
        return text(f"cli.{code}", self.language, **params)

    def say(self, code: str, **params: object) -> None:
        """Tell the person something that is not the answer."""
        self.err.print(self.text(code, **params), markup=False)

    def failure(self, failed: Failed) -> None:
        """Tell why the command ends; with --json also as an object on standard output."""
        message = self.text(failed.code, **failed.params)
        self.err.print(message, markup=False, style="red")
        if self.as_json:
            self._write_json({"error": {"code": failed.code, "detail": message, "exit": int(failed.ends)}})

    def answer(self, answer: Any, for_people: Callable[[], None]) -> None:
        """Give the command's answer."""
        if self.as_json:
            self._write_json(answer)
        else:
            for_people()

    def line(self, code: str, **params: object) -> None:
        """Write a line of the answer."""
        self.out.print(self.text(code, **params), markup=False)

    def table(self, title: str, headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Write a table of the answer; *title* and *headings* are codes of the catalogues."""
        table = Table(title=self.text(title) if title else None, title_justify="left")
        for heading in headings:
            table.add_column(self.text(f"heading.{heading}"), overflow="fold")
        for row in rows:
            table.add_row(*(_shown(cell) for cell in row))
        self.out.print(table)

    @contextmanager
    def progress(self, code: str, total: int, done: int = 0) -> Iterator[Advance]:
        """Show how far a long command is: a bar on a terminal, else a line now and then."""
        if self.err.is_terminal:
            with self._bar() as bar:
                task = bar.add_task(self.text(code), total=total, completed=done)
                yield lambda steps: bar.advance(task, steps)
        else:
            yield _Lines(self, code, total, done).advance

    def _bar(self) -> Progress:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        return Progress(*columns, console=self.err)

    def _write_json(self, content: Any) -> None:
        sys.stdout.write(json.dumps(content, ensure_ascii=False, indent=2, default=str) + "\n")
        sys.stdout.flush()


class _Lines:
    def __init__(self, console: Console, code: str, total: int, done: int) -> None:
        self._console, self._code, self._total, self._done = console, code, total, done
        self._next = time.monotonic() + PLAIN_LINE_SECONDS

    def advance(self, steps: int) -> None:
        self._done += steps
        if time.monotonic() >= self._next or self._done >= self._total:
            what = self._console.text(self._code)
            self._console.say("progress_line", what=what, done=self._done, total=self._total)
            self._next = time.monotonic() + PLAIN_LINE_SECONDS


def _shown(cell: object) -> str:
    if cell is None:
        return ""
    return f"{cell:,}" if isinstance(cell, int) and not isinstance(cell, bool) else str(cell)
