"""From a template and what it shows to a page: escaped, in one language, under a strict content policy."""

from pathlib import Path

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.reporting.pages import assets, svg
from services.reporting.pages.reader import A_YEAR_SECONDS, LANGUAGE_COOKIE, same_page_in
from services.reporting.pages.shown import count, percentage
from services.reporting.pages.wording import Wording
from shared.messages import Language

HTML_LANGUAGES = {Language.ZH: "zh-CN", Language.EN: "en"}

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "same-origin",
    "Vary": "Accept, Accept-Language, Cookie",
    "X-Content-Type-Options": "nosniff",
}

ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
ENVIRONMENT.globals.update(
    bar=svg.share, swatch=svg.swatch, count=count, percentage=percentage, static=assets.address
)


def render(template: str, say: Wording, **shown: object) -> str:
    """Return the page of *template* in the language of *say*."""
    return ENVIRONMENT.get_template(template).render(
        t=say, num=say.number, html_lang=HTML_LANGUAGES[say.language], **shown
    )


def page(template: str, say: Wording, request: Request, status: int = 200, **shown: object) -> HTMLResponse:
    """Return the page as an answer that no cache keeps and that runs nothing but our own files."""
    content = render(template, say, other_language=same_page_in(say.other, request), **shown)
    response = HTMLResponse(content, status_code=status, headers=dict(HEADERS))
    if request.query_params.get("lang") == say.language:
        response.set_cookie(
            LANGUAGE_COOKIE, say.language, max_age=A_YEAR_SECONDS, samesite="lax", httponly=True
        )
    return response
