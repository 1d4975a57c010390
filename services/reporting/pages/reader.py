"""Who reads a page, and in which language: the browser's choice, kept in a cookie."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, Query, Request

from services.reporting.pages.wording import Wording
from shared.messages import Language, language_of

LANGUAGE_COOKIE = "kith_lang"
A_YEAR_SECONDS = 365 * 24 * 3600


def language_asked(request: Request) -> Language:
    """Return the language by the address, else the cookie, else Accept-Language; Chinese before all others."""
    for asked in (request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE)):
        if asked in set(Language):
            return Language(asked)
    return language_of(request.headers.get("accept-language"))


async def wording(request: Request, lang: Annotated[str | None, Query(max_length=2)] = None) -> Wording:
    """Return the words of the language a reader asks for; *lang* is here so that the address documents it."""
    del lang
    return Wording(language_asked(request))


WordingHere = Annotated[Wording, Depends(wording)]


def same_page_in(language: Language, request: Request) -> str:
    """Return this page's address in another language."""
    kept = [
        (name, value) for name, value in request.query_params.multi_items() if name not in {"lang", "token"}
    ]
    return f"{request.url.path}?{urlencode([*kept, ('lang', language.value)])}"
