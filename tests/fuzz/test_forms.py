"""Every form that a browser or a program may send, made by whatever hand: taken, or refused in words, never a fall."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.edge import SESSION_COOKIE
from shared.tokens import Role
from tests.fuzz.cases import TIMES, cases
from tests.fuzz.county import TOWNSHIP, County

CASES = cases(120)
REFUSALS = {400, 401, 403, 404, 405, 409, 413, 415, 422, 503}
PAGES = (
    "/",
    f"/areas/{TOWNSHIP}",
    "/summary",
    "/lists/files.open",
    "/sign-in",
    "/sign-out",
    "/static/kith.js",
    "/changes",
)
UPLOADS = (
    ("registry", "/imports/rosters?filed_on=2026-03-01"),
    ("registry", "/imports/areas?on=2026-03-01"),
    ("pairing", "/imports/carers?on=2026-03-01"),
    ("contact", "/imports/visits"),
)
BOUNDARY = "edge"

pytestmark = pytest.mark.timeout(300 * TIMES)

types = st.sampled_from(
    [
        *("", "text/plain", "application/json", "multipart/form-data", "multipart/mixed; boundary=edge"),
        *("application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-9"),
        "multipart/form-data; boundary=" + "x" * 3_000,
        *(
            f"multipart/form-data; boundary={BOUNDARY}; charset={charset}"
            for charset in ("unicode_escape", "utf-7", "punycode", "hex", "UTF-8", "")
        ),
        *(
            "multipart/form-data; boundary=",
            'multipart/form-data; boundary="ed',
            "multipart/form-data; boundary=\xe9",
        ),
    ]
) | st.just(f"multipart/form-data; boundary={BOUNDARY}")
names = st.sampled_from(
    ["file", "token", "lang", "area", "", "file[]", "x" * 3_000, "\x00", "文件", '"', "\r\n"]
)
fields = st.builds(lambda name, value: f"{name}={value}", names, st.text(max_size=12) | st.just("%zz%"))
urlencoded = st.lists(fields, max_size=5).map(
    lambda some: "&".join(some).encode(errors="replace")
) | st.sampled_from(
    [b"=", b"&" * 5_000, b"a=1&" * 1_500, b"\xff\xfe", b"%", b"a=" + b"%41" * 20_000, b"x" * 1_100_000]
)
heads = st.sampled_from(
    [
        *(
            b'form-data; name="file"; filename="a.xlsx"',
            b'form-data; name="file"',
            b"form-data",
            b"attachment",
            b"",
        ),
        *(
            b'form-data; name="file"; filename=""',
            b'form-data; name="file"; filename="\xff\x00"',
            b'form-data; name="',
        ),
        *(b'form-data; name="file"; filename="\\ud800"', b'form-data; name="file"; filename="+2AA-"'),
        *(b"form-data; name=file; filename*=utf-9''%ff", b'form-data; name="file"; filename="../../a.xlsx"'),
        b'form-data; name="file"; filename="' + b"x" * 9_000 + b'"',
    ]
)
more = st.sampled_from(
    [
        *(b"", b"Content-Type: text/plain; charset=utf-9\r\n", b"Content-Transfer-Encoding: base64\r\n"),
        *(b"no colon\r\n", b"x: " + b"y" * 20_000 + b"\r\n", b"x: y\r\n" * 500, b"\x00: \x00\r\n"),
    ]
)
contents = st.binary(max_size=60) | st.sampled_from(
    [b"", b"PK\x03\x04", "姓名,村\n廖雨馨,柳桥村\n".encode(), b"--edge", b"\r\n"]
)


@st.composite
def multiparts(draw: st.DrawFn) -> bytes:
    """Draw a form of several parts, ended or not, as its parser would not have it."""
    part = st.builds(
        lambda head, lines, content: (
            b"--edge\r\nContent-Disposition: " + head + b"\r\n" + lines + b"\r\n" + content + b"\r\n"
        ),
        *(heads, more, contents),
    )
    parts: Sequence[bytes] = draw(st.lists(part, max_size=3)) * draw(st.sampled_from((1, 1, 1, 1, 700)))
    whole = b"".join(parts) + draw(
        st.sampled_from((b"--edge--\r\n", b"--edge--\r\n", b"--edge", b"", b"--edge\r\n"))
    )
    return whole[: draw(st.sampled_from((None, None, -1, -9, 40)))]


bodies = urlencoded | multiparts() | multiparts()


@dataclass(frozen=True)
class Form:
    """A body and what it says it is."""

    kind: str
    body: bytes

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        return [(b"content-type", self.kind.encode("latin-1"))]


forms = st.builds(Form, types, bodies)


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=60) as client:
        yield client


@CASES
@given(path=st.sampled_from(PAGES), form=forms, role=st.sampled_from([None, Role.COUNTY, Role.VILLAGE]))
def test_a_form_sent_to_any_page_is_taken_or_refused_on_a_page(
    county: County, http: httpx.Client, path: str, form: Form, role: Role | None
) -> None:
    address = county.deployment.address("reporting")
    headers = [*form.headers, (b"accept", b"text/html"), (b"origin", address.encode())]
    if role is not None:
        headers.append((b"cookie", f"{SESSION_COOKIE}={county.token(role)}".encode()))
    reply = http.post(f"{address}{path}", content=form.body, headers=headers)
    assert reply.status_code == 200 if path == "/sign-out" else reply.status_code in REFUSALS, reply.text[
        :500
    ]
    assert reply.headers["content-type"].startswith("text/html")
    assert "<main" in reply.text


told = st.sampled_from(
    ["", "null", "http://[", "http://[::1", "//", "http://", "http://evil.test", "x" * 3_000, "http://\xff"]
) | st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=20)
sites = st.sampled_from([None, "same-origin", "none", "cross-site", "", "\xff"])


@CASES
@given(upload=st.sampled_from(UPLOADS), origin=st.none() | told, site=sites, cookie=told)
def test_a_session_from_anywhere_else_is_refused_in_words(
    county: County,
    http: httpx.Client,
    *,
    upload: tuple[str, str],
    origin: str | None,
    site: str | None,
    cookie: str,
) -> None:
    service, path = upload
    sent = {"origin": origin, "sec-fetch-site": site, "cookie": f"{cookie}; {SESSION_COOKIE}={cookie}"}
    # No client sends a blank at either end of a value.
    headers = [
        (name.encode(), value.encode("latin-1").strip()) for name, value in sent.items() if value is not None
    ]
    reply = http.post(f"{county.deployment.address(service)}{path}", headers=headers)
    assert reply.status_code in {401, 403}, (reply.status_code, reply.text[:500])
    assert reply.json()["detail"]


@CASES
@given(upload=st.sampled_from(UPLOADS), form=forms)
def test_a_form_sent_as_a_paper_is_read_or_refused_in_words(
    county: County, http: httpx.Client, upload: tuple[str, str], form: Form
) -> None:
    service, path = upload
    headers = [*form.headers, (b"authorization", f"Bearer {county.token(Role.COUNTY)}".encode())]
    reply = http.post(f"{county.deployment.address(service)}{path}", content=form.body, headers=headers)
    assert reply.status_code in REFUSALS | {200}, (reply.status_code, reply.text[:500])
    if reply.status_code != 200:
        problem = reply.json()
        assert problem["code"] != "http_error"
        assert problem["detail"]
