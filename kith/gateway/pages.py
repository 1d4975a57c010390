"""What the gateway says by itself: that a service is away, that there is no such address, that a body is too large."""

import json
from pathlib import Path

from jinja2 import Template

from shared.messages import Language, text

PROBLEMS = {"away": (503, "gateway_away"), "unknown": (404, "not_found"), "large": (413, "body_too_large")}
"""The status and the code of the catalogues, by page."""

AWAY = Template(Path(__file__).with_name("away.html.jinja").read_text(encoding="utf-8"), autoescape=True)


def write_pages(folder: Path) -> None:
    """Write a problem for programs by each name, and a page for people for the one that comes and goes."""
    folder.mkdir(exist_ok=True)
    for name, (status, code) in PROBLEMS.items():
        problem = {
            "type": f"urn:kith:problem:{code}",
            "title": _in_both(f"title_{status}"),
            "status": status,
            "detail": _in_both(code),
            "code": code,
        }
        _write(folder / f"_{name}.json", json.dumps(problem, ensure_ascii=False) + "\n")
    _write(folder / "_away.html", AWAY.render(say=text, Language=Language))


def _in_both(code: str) -> str:
    """Return what *code* says in Chinese and in English: a file cannot know who will read it."""
    return " / ".join(text(code, language) for language in (Language.ZH, Language.EN))


def _write(path: Path, content: str) -> None:
    path.write_text(content, encoding="utf-8")
