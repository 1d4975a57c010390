"""The log: what an operator needs, and nobody's name, number or phone, whatever is logged."""

import json
import logging
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import structlog
from pydantic import BaseModel, TypeAdapter, ValidationError

from shared import logs
from shared.contracts.event import ContactKind
from shared.decider import Rejected

ID_NUMBER, PHONE, NAME = "431299201503070017", "13912340134", "王小兰"
CHILD = UUID("5e0a4a7c-52d1-5a0b-9c36-139123401340")


@pytest.fixture(autouse=True)
def configured() -> Iterator[None]:
    handlers, level = logging.root.handlers, logging.root.level
    logs.configure("registry", "debug")
    yield
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)
    logging.root.handlers = handlers
    logging.root.setLevel(level)


def logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_known_fields_are_written(capsys: pytest.CaptureFixture[str]) -> None:
    logs.get_log().info(
        "window_judged",
        child_id=CHILD,
        kind=ContactKind.HOME_VISIT,
        rows=12,
        area="431299200401",
        position="7-9",
    )
    (line,) = logged(capsys)
    assert line.pop("timestamp")
    assert line == {
        "level": "info",
        "event": "window_judged",
        "service": "registry",
        "child_id": str(CHILD),
        "kind": "home_visit",
        "rows": 12,
        "area": "431299200401",
        "position": "7-9",
    }


def test_who_somebody_is_never_reaches_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    log = logs.get_log()
    log.info("child_taken", name=NAME, citizen_id=ID_NUMBER, phone=PHONE, note=f"{NAME} {PHONE}")
    log.info("child_taken", code=ID_NUMBER, rows=int(PHONE), kind=NAME, caller=PHONE, request_id=ID_NUMBER)
    log.info(
        "child_taken", stream_id=f"child-{PHONE}", route=f"/children/{ID_NUMBER}", subject=f"kith.{PHONE}"
    )
    log.info("child 王小兰 taken", area=PHONE, day=NAME, position=ID_NUMBER, error=f"not {NAME}")
    log.info("child_taken", rows={"name": NAME}, child_id=[ID_NUMBER], **{NAME: 1, f"x{PHONE}": 1})
    written = capsys.readouterr().err
    for personal in (NAME, ID_NUMBER, PHONE):
        assert personal not in written
    lines = [json.loads(line) for line in written.splitlines()]
    assert lines[0]["dropped"] == ["citizen_id", "name", "note", "phone"]
    assert lines[3]["event"] == "unnamed"


def test_a_failure_is_told_by_type_place_and_code_and_not_by_its_message(
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Row(BaseModel):
        birth: int

    failures: list[Exception] = [
        asyncpg.UniqueViolationError(f"Key (id_number)=({ID_NUMBER}) already exists."),
        RuntimeError(f"no guardian for {NAME}, {PHONE}"),
        Rejected("child_left", name=NAME),
    ]
    try:
        TypeAdapter(Row).validate_python({"birth": f"{NAME}{ID_NUMBER}"})
    except ValidationError as wrong:
        failures.append(wrong)
    for failure in failures:
        try:
            _raise_from(failure)
        except LookupError as told:
            logs.get_log().exception("work_failed", exc_info=told)
        logging.getLogger("asyncio").error("Task exception: %s", NAME, exc_info=failure)
        logging.getLogger("faststream").warning(f"{failure!r}")  # noqa: G004 - as libraries do
    written = capsys.readouterr().err
    for personal in (NAME, ID_NUMBER, PHONE):
        assert personal not in written
    lines = [json.loads(line) for line in written.splitlines()]
    assert lines[0]["error"] == "LookupError"
    assert lines[0]["causes"] == ["UniqueViolationError"]
    assert lines[0]["trace"][0].startswith("tests/domain/test_logs.py:")
    assert lines[1]["sqlstate"] == "23505"
    assert {line.get("code") for line in lines} == {None, "child_left"}
    assert lines[2]["event"] == "library"
    assert lines[2]["where"].startswith("test_logs:")


def _raise_from(failure: Exception) -> None:
    raise LookupError(NAME) from failure


def test_what_surrounds_a_request_is_on_each_of_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with structlog.contextvars.bound_contextvars(
        request_id="req-12345678", correlation_id=CHILD, citizen=ID_NUMBER
    ):
        logs.get_log().info("request", status=200)
    (line,) = logged(capsys)
    assert (line["request_id"], line["correlation_id"], line["dropped"]) == (
        "req-12345678",
        str(CHILD),
        ["citizen"],
    )
