"""Every question between services, however it is put: an answer or a refusal with its code, never silence."""

import json
from collections.abc import AsyncIterator
from typing import Any

import nats
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nats.aio.client import Client

from shared.contracts.asks import CARERS, IDENTITIES, MATCHES
from shared.subjects import question_subject
from tests.fuzz.cases import TIMES, cases
from tests.fuzz.county import COUNTY, VILLAGE, County

CASES = cases(150)
ANSWER_SECONDS_MAX = 20.0
QUESTIONS: dict[str, dict[str, Any]] = {
    question_subject("registry", IDENTITIES): {"ids": [], "reason": "a list"},
    question_subject("registry", MATCHES): {
        "rows": [{"name": "张三", "id_number": None, "village": VILLAGE}]
    },
    question_subject("pairing", CARERS): {"ids": [], "reason": "a list"},
}
ASKER = {"sub": "contact-1", "role": "service", "areas": [COUNTY], "token_id": "t", "correlation_id": None}

pytestmark = pytest.mark.timeout(300 * TIMES)


@pytest.fixture
async def client(county: County) -> AsyncIterator[Client]:
    client = await nats.connect(county.runtime.bus.url_for("operator"))
    yield client
    await client.close()


scraps = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=12)
    | st.uuids().map(str)
    | st.sampled_from(["\x00", "\ud800", "x" * 100_000, VILLAGE, COUNTY, "*", "431299,*", "'", "٤٣١٢٩٩"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
bodies = st.binary(max_size=60) | st.sampled_from(
    [b"", b"null", b"[]", b"{", b"[" * 20_000, b"\xff", b"{}" * 3, b'"' + b"x" * 900_000 + b'"']
)
headers = st.none() | st.dictionaries(
    st.sampled_from(["content-type", "correlation_id", "message_id", "traceparent", "Status", "reply_to"]),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=12),
    max_size=3,
)


@st.composite
def asked(draw: st.DrawFn, question: dict[str, Any]) -> bytes:
    """Draw a question with up to three things wrong, or anything at all."""
    if draw(st.integers(0, 4)) == 0:
        return draw(bodies)
    asking: dict[str, Any] = {**ASKER, "question": dict(question)}
    for _ in range(draw(st.integers(0, 3))):
        inside = (
            asking
            if draw(st.booleans()) or not isinstance(asking.get("question"), dict)
            else asking["question"]
        )
        name = draw(st.sampled_from([*inside, "more"]))
        inside[name] = draw(scraps)
    return json.dumps(asking).encode()


def question_on(county: County, subject: str) -> dict[str, Any]:
    """Return a right question on *subject*, about somebody who is there."""
    question = QUESTIONS[subject]
    known = county.ids["registry"]["child_id"] + county.ids["pairing"]["carer_id"]
    return {**question, "ids": known} if "ids" in question else question


@pytest.mark.parametrize("subject", QUESTIONS)
@CASES
@given(data=st.data())
async def test_a_question_is_never_left_without_an_answer(
    county: County, client: Client, subject: str, data: st.DataObject
) -> None:
    body, more = data.draw(asked(question_on(county, subject))), data.draw(headers)
    given_answer = await client.request(subject, body, timeout=ANSWER_SECONDS_MAX, headers=more)
    reply = json.loads(given_answer.data)
    if reply["ok"]:
        assert set(reply) == {"ok", "answer"}
    else:
        assert reply["problem"]["code"] not in {"", "ask_failed"}, (body[:400], reply)


@pytest.mark.parametrize(("name", "value"), [("sub", "\x00"), ("areas", ["\x00"]), ("areas", [""])])
async def test_what_cannot_be_stored_is_refused_for_good(
    county: County, client: Client, name: str, value: object
) -> None:
    for subject in (question_subject("registry", IDENTITIES), question_subject("pairing", CARERS)):
        question = {**question_on(county, subject), "reason": "\x00"}
        body = json.dumps({**ASKER, name: value, "question": question}).encode()
        problem = json.loads((await client.request(subject, body, timeout=ANSWER_SECONDS_MAX)).data)[
            "problem"
        ]
        assert problem["status"] == 422
        assert problem["code"] in {"text_not_storable", "ask_not_understood"}


@pytest.mark.parametrize("subject", QUESTIONS)
async def test_a_right_question_is_answered(county: County, client: Client, subject: str) -> None:
    body = json.dumps({**ASKER, "question": question_on(county, subject)}).encode()
    reply = await client.request(subject, body, timeout=ANSWER_SECONDS_MAX)
    assert json.loads(reply.data)["ok"]
