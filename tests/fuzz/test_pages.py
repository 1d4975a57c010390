"""Every page of the dashboard, asked anything by anybody: a page, or a page that says what is wrong."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.edge import SESSION_COOKIE
from shared.tokens import Role
from tests.fuzz.cases import TIMES, cases
from tests.fuzz.county import COUNTY, TOWNSHIP, VILLAGE, County

CASES = cases(150)
ANSWERS = {200, 303, 401, 403, 404, 405, 422, 503}
HTML = {"Accept": "text/html"}

pytestmark = pytest.mark.timeout(300 * TIMES)

scraps = st.sampled_from(
    ["", " ", "\x00", "x" * 5000, "'", "<b>", "%", "-1", "0", "1.5", "9" * 40, "٣", "null", "\u202e"]
) | st.text(max_size=12)
areas = st.sampled_from([COUNTY, TOWNSHIP, VILLAGE, "431300", "431299999999", "４３１２９９"]) | scraps
days = (
    st.sampled_from(["2026-01-05", "2026-03-06", "2026-02-30", "0001-01-01", "9999-12-31", "20260306"])
    | scraps
)
fields = {
    "area": areas,
    "as_of": days,
    "known_on": days,
    "from": days,
    "to": days,
    "lang": st.sampled_from(["zh", "en", "fr"]) | scraps,
    "limit": st.sampled_from(["1", "500", "501"]) | scraps,
    "after_key": scraps,
    "after": st.sampled_from(["registry:1-1", "contact:999999999999-9"]) | scraps,
    "nth": scraps,
    "token": scraps,
}
queries = st.fixed_dictionaries({}, optional=fields)
names = st.sampled_from(["files.open", "windows.missed", "children.age.6_13", "nothing", "app.js"]) | scraps


@st.composite
def paths(draw: st.DrawFn) -> str:
    """Draw the path of a page, of something like one, or of nothing."""
    path: str = draw(
        st.sampled_from(
            [
                "/",
                "/areas/{area}",
                "/summary",
                "/lists/{name}",
                "/received/{id}",
                "/static/{name}",
                "/sign-in",
            ]
        )
    )
    parts = {"area": draw(areas), "name": draw(names), "id": draw(scraps | st.uuids().map(str))}
    return path.format(**{name: quote(part, safe="") for name, part in parts.items()})


@pytest.fixture(scope="module")
def browser(county: County) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=county.deployment.address("reporting"), headers=HTML, timeout=60) as client:
        yield client


@dataclass(frozen=True)
class Asked:
    """One question of a browser."""

    method: str
    address: str
    role: Role | None
    language: str


questions = st.builds(
    Asked,
    st.sampled_from(["GET"] * 9 + ["POST"]),
    st.builds(lambda path, query: f"{path}?{urlencode(query)}", paths(), queries),
    st.sampled_from([None, Role.COUNTY, Role.TOWNSHIP, Role.VILLAGE]),
    st.sampled_from(["zh-CN", "en;q=0.1", "*", ";;q=", "q" * 300]),
)


@CASES
@given(asked=questions)
def test_a_page_is_shown_or_says_what_is_wrong(county: County, browser: httpx.Client, asked: Asked) -> None:
    headers = {"Accept-Language": asked.language}
    if asked.role is not None:
        headers["Cookie"] = f"{SESSION_COOKIE}={county.token(asked.role)}"
    reply = browser.request(asked.method, asked.address, headers=headers)
    assert reply.status_code in ANSWERS, (asked, reply.status_code, reply.text[:500])
    if reply.status_code >= 400:
        assert reply.headers["content-type"].startswith("text/html")
        assert "<main" in reply.text
    if reply.status_code == 503:
        assert int(reply.headers["retry-after"]) > 0
    if asked.role is None and not asked.address.startswith("/static/"):
        assert reply.status_code in {401, 404, 405, 422}
