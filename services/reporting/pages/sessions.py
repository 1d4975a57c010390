"""Signing in by a link and out by a button; a page for whoever is not signed in or asks for what is not there."""

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from starlette.status import HTTP_303_SEE_OTHER

from services.reporting.pages.html_route import wants_page
from services.reporting.pages.reader import WordingHere, language_asked
from services.reporting.pages.rendering import page
from services.reporting.pages.wording import Wording
from shared import clock
from shared.edge import SESSION_COOKIE, RunningHere
from shared.messages import text
from shared.problems import Problem
from shared.tokens import TokenRefused

UNAUTHORIZED = 401


def sessions_router() -> APIRouter:
    """Return the routes of signing in and out."""
    router = APIRouter(include_in_schema=False)

    @router.get("/sign-in")
    async def sign_in(request: Request, running: RunningHere, token: str = "") -> Response:
        """Take a token from a sign-in link into the browser's session; raises TokenRefused."""
        if not token:
            raise TokenRefused("token_missing")
        running.verifier.verify(token.strip(), clock.now())
        response = RedirectResponse("/", HTTP_303_SEE_OTHER, {"Referrer-Policy": "no-referrer"})
        response.set_cookie(
            SESSION_COOKIE, token.strip(), httponly=True, samesite="lax", secure=request.url.scheme == "https"
        )
        return response

    @router.post("/sign-out")
    async def sign_out(request: Request, say: WordingHere) -> Response:
        """Forget the browser's session."""
        response = page("unsigned.html", say, request, caller=None, detail=say("signed_out"))
        response.delete_cookie(SESSION_COOKIE, httponly=True, samesite="lax")
        return response

    return router


async def problem_page(request: Request, problem: Problem) -> Response | None:
    """Draw *problem* for a browser; None for a program, which gets it as JSON."""
    if not wants_page(request):
        return None
    say = Wording(language_asked(request))
    detail = text(problem.code, say.language, **problem.params)
    if problem.status == UNAUTHORIZED:
        detail = say("unsigned_text") if problem.code == "token_missing" else detail
        return page("unsigned.html", say, request, UNAUTHORIZED, caller=None, detail=detail)
    title = text(f"title_{problem.status}", say.language)
    response = page("problem.html", say, request, problem.status, caller=None, title=title, detail=detail)
    response.headers.update(problem.headers)
    return response
