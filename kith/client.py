"""Asking the four services over HTTP: a token, bounded retries under one key, one clear message for a problem."""

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from kith.deployment import Deployment
from kith.exits import Exit, Failed
from kith.signing import issue_token
from kith.trust import mistrust, trusted
from shared.messages import Language
from shared.tokens import Role

ATTEMPTS_MAX = 8
FIRST_WAIT_SECONDS = 0.2
WAIT_SECONDS_MAX = 5.0
CONNECT_SECONDS_MAX = 5.0
ANSWER_SECONDS_MAX = 60.0
IMPORT_SECONDS_MAX = 1800.0
TOKEN_LIFETIME = timedelta(minutes=15)
TOKEN_RENEWED_AFTER_SECONDS = 600.0
ERRORS_SHOWN_MAX = 10
AGAIN = frozenset({httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.BAD_GATEWAY, httpx.codes.TOO_MANY_REQUESTS})
NOWHERE = "000000"
"""The area of a token before any county is known; it covers nothing."""

Json = dict[str, Any]


@dataclass
class Tokens:
    """Short-lived tokens for this command line: a given one for everything, else made with the folder's key."""

    deployment: Deployment
    given: str | None = None
    county: str | None = None
    _made: dict[Role, tuple[str, float]] = field(default_factory=dict)

    def token(self, role: Role) -> str:
        if self.given:
            return self.given
        token, made = self._made.get(role, ("", float("-inf")))
        if time.monotonic() - made > TOKEN_RENEWED_AFTER_SECONDS:
            areas = (self.county or self.deployment.county or NOWHERE,)
            token = issue_token(self.deployment.data, "kith-cli", role, areas, TOKEN_LIFETIME).token
            self._made[role] = (token, time.monotonic())
        return token

    def is_for(self, county: str) -> None:
        """From now on, ask for *county*."""
        self.county = county
        self._made.clear()


class Client:
    """The services of one deployment, as one thing to ask."""

    def __init__(self, deployment: Deployment, tokens: Tokens, language: Language) -> None:
        self.deployment = deployment
        self.tokens = tokens
        self._language = language
        self.attempts_max = ATTEMPTS_MAX
        timeout = httpx.Timeout(ANSWER_SECONDS_MAX, connect=CONNECT_SECONDS_MAX)
        self._http = httpx.Client(timeout=timeout, verify=trusted(), trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._http.close()

    def get(self, service: str, path: str, role: Role = Role.COUNTY, **params: object) -> Json:
        """Return what *service* answers; parameters that are None are left out."""
        return self._ask(service, "GET", path, role, params=_told(params))

    def post(
        self,
        service: str,
        path: str,
        body: Mapping[str, object] | None = None,
        role: Role = Role.COUNTY,
        key: str | None = None,
        **params: object,
    ) -> Json:
        """Give *service* a command; every attempt bears the same key, so that it takes effect once."""
        return self._ask(service, "POST", path, role, key=key, params=_told(params), json=body)

    def send(
        self, service: str, path: str, filename: str, content: bytes, key: str | None = None, **params: object
    ) -> Json:
        """Send a paper to *service* and return its report."""
        files = {"file": (filename, content)}
        return self._ask(
            service,
            "POST",
            path,
            Role.COUNTY,
            key=key,
            params=_told(params),
            files=files,
            timeout=httpx.Timeout(IMPORT_SECONDS_MAX, connect=CONNECT_SECONDS_MAX),
        )

    def download(self, service: str, path: str, into: Path, **params: object) -> None:
        """Write the file at *path* of *service* to *into*."""
        answer = self._exchange(service, "GET", path, Role.COUNTY, None, params=_told(params))
        into.write_bytes(answer.content)

    def _ask(
        self, service: str, method: str, path: str, role: Role, key: str | None = None, **request: Any
    ) -> Json:
        answer: Json = self._exchange(service, method, path, role, key, **request).json()
        return answer

    def _exchange(
        self, service: str, method: str, path: str, role: Role, key: str | None, **request: Any
    ) -> httpx.Response:
        url = f"{self.deployment.address(service)}{path}"
        headers: dict[str, str] = {"Accept-Language": self._language.value}
        if method == "POST":
            headers["Idempotency-Key"] = key or str(uuid.uuid4())  # noqa: TID251 - one person's one wish
        wait = FIRST_WAIT_SECONDS
        for attempt in range(1, self.attempts_max + 1):
            headers["Authorization"] = f"Bearer {self.tokens.token(role)}"
            try:
                response = self._http.request(method, url, headers=headers, **request)
            except httpx.TransportError as lost:
                if why := mistrust(lost):
                    raise Failed("certificate_untrusted", Exit.UNREACHABLE, url=url, why=why) from lost
                if attempt == self.attempts_max:
                    raise _unreachable(service, url, type(lost).__name__) from lost
            else:
                if response.is_success:
                    return response
                if response.status_code not in AGAIN or attempt == self.attempts_max:
                    raise refusal(service, response)
            time.sleep(wait)
            wait = min(wait * 2, WAIT_SECONDS_MAX)
        raise AssertionError("the last attempt returns or raises")


def _told(params: Mapping[str, object]) -> dict[str, str]:
    return {name.rstrip("_"): str(value) for name, value in params.items() if value is not None}


def _unreachable(service: str, url: str, why: str) -> Failed:
    return Failed("service_unreachable", Exit.UNREACHABLE, service=service, url=url, why=why)


def refusal(service: str, response: httpx.Response) -> Failed:
    """Return the failure for an answer that is none: the problem's own words where it brings some."""
    ends = Exit.UNREACHABLE if response.status_code in AGAIN else Exit.REFUSED
    try:
        problem: Json = response.json()
    except ValueError:
        problem = {}
    errors = problem.get("errors") or []
    places = "".join(
        f"\n  {error.get('pointer', '')}: {error.get('detail', error.get('code', ''))}"
        for error in errors[:ERRORS_SHOWN_MAX]
    )
    detail = problem.get("detail") or problem.get("title") or response.reason_phrase
    return Failed(
        "service_refused",
        ends,
        service=service,
        status=response.status_code,
        detail=f"{detail}{places}",
        problem=problem.get("code", ""),
    )
