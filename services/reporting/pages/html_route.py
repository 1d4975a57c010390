"""Pages and JSON at one address: a page's route answers only requests that ask for HTML."""

from fastapi.routing import APIRoute
from starlette.requests import HTTPConnection
from starlette.routing import Match
from starlette.types import Scope

HTML = "text/html"


def wants_page(connection: HTTPConnection) -> bool:
    """Return whether this is a browser that shows a page, rather than a program that reads JSON."""
    return HTML in connection.headers.get("accept", "")


class HtmlRoute(APIRoute):
    """A route that matches only who asks for HTML; others come to the next route of the same address."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return no match for who wants no page."""
        if scope["type"] == "http" and not wants_page(HTTPConnection(scope)):
            return Match.NONE, {}
        return super().matches(scope)
