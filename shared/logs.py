"""Logs as JSON lines on stderr that can hold ids, codes, counts and times, and nobody's name."""

import logging
import re
import sys
import traceback
from collections.abc import Callable, Mapping, MutableMapping
from datetime import date
from enum import Enum
from pathlib import Path
from typing import Any

import orjson
import structlog
from structlog.typing import FilteringBoundLogger

NUMBER_MAX = 1_000_000_000
"""A count, a port or a duration is smaller; a phone number or a citizen id is not."""
FRAMES_MAX = 30
CAUSES_MAX = 5

_ROOT = str(Path(__file__).parent.parent)

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_PERSONAL = re.compile(r"(?<!\d)(1[3-9]\d{9}|\d{14,17}[\dXx])(?!\d)")
"""What looks like a phone number or a citizen id, old or new."""

Check = Callable[[object], bool]


def _text(pattern: str) -> Check:
    """Return a check for short text of one form that hides no phone number and no citizen id."""
    form = re.compile(pattern)

    def check(value: object) -> bool:
        shown = str(value.value if isinstance(value, Enum) else value)
        return form.fullmatch(shown) is not None and not _PERSONAL.search(re.sub(_UUID, "", shown))

    return check


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < NUMBER_MAX


def _flag(value: object) -> bool:
    return isinstance(value, bool)


def _day(value: object) -> bool:
    return isinstance(value, date) or (isinstance(value, str) and _ISO_DAY.fullmatch(value) is not None)


_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}(T[\d:.]+([+-]\d{2}:\d{2}|Z)?)?")
_ID = _text(rf"{_UUID}|[0-9a-f]{{16,64}}|[A-Za-z0-9][A-Za-z0-9_.:@-]{{0,63}}")
_CODE = _text(r"[A-Za-z][A-Za-z0-9_.:-]{0,79}")
_AREA = _text(r"\d{6}|\d{9}|\d{12}")
_POSITION = _text(r"\d{1,19}-\d{1,19}")
_STREAM = _text(rf"[A-Za-z_]+-{_UUID}|[A-Za-z_]+(-[A-Za-z0-9_]+){{0,6}}")
_SUBJECT = _text(r"[A-Za-z0-9_.*>-]{1,200}")
_ROUTE = _text(r"/[A-Za-z0-9_{}/.:-]{0,199}")
_PLACE = _text(r"[A-Za-z0-9_./<>-]{1,200}:\d{1,6}")

KNOWN: Mapping[str, Check] = {
    **dict.fromkeys(
        (
            "request_id",
            "correlation_id",
            "command_id",
            "event_id",
            "child_id",
            "carer_id",
            "pair_id",
            "visit_id",
        ),
        _ID,
    ),
    **dict.fromkeys(
        ("import_id", "subject_id", "store_id", "holder", "caller", "token_id", "traceparent", "trace_id"),
        _ID,
    ),
    **dict.fromkeys(
        (
            "service",
            "state",
            "former_state",
            "code",
            "error",
            "reader",
            "source",
            "event_type",
            "kind",
            "outcome",
        ),
        _CODE,
    ),
    **dict.fromkeys(
        (
            "role",
            "permission",
            "question",
            "task",
            "part",
            "logger",
            "reason",
            "measure",
            "projection",
            "method",
        ),
        _CODE,
    ),
    **dict.fromkeys(("version", "signal", "sqlstate", "constraint", "table", "migration", "level_name"), _ID),
    **dict.fromkeys(
        ("status", "port", "pid", "rows", "events", "count", "attempts", "sequence", "parked"), _number
    ),
    **dict.fromkeys(("ms", "seconds", "age_seconds", "lag_events", "lag_seconds", "bytes", "limit"), _number),
    **dict.fromkeys(("taken", "put_right", "duplicates", "refused", "already", "logged", "chunk"), _number),
    **dict.fromkeys(("moved", "repeated", "held", "unmasked"), _flag),
    **dict.fromkeys(("on", "day", "to", "recorded_on", "until", "event_time"), _day),
    **dict.fromkeys(("area", "township", "village", "county"), _AREA),
    **dict.fromkeys(("position", "published", "checkpoint"), _POSITION),
    "stream_id": _STREAM,
    "stream": _STREAM,
    "subject": _SUBJECT,
    "route": _ROUTE,
    "where": _PLACE,
    "reference": _ID,
}
"""Every field that may be logged, and what its value must look like; anything else is dropped by name."""

_MADE_HERE = frozenset({"timestamp", "level", "event", "trace", "causes", "dropped"})


def configure(service: str, level: str = "info") -> None:
    """Send this process's logs, its libraries' included, to stderr as safe JSON lines."""
    least = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            Rendering(service),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=lambda *_: _Stderr(),
        cache_logger_on_first_use=False,
    )
    logging.captureWarnings(capture=True)
    logging.root.handlers = [_Foreign()]
    logging.root.setLevel(max(least, logging.WARNING))
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "faststream", "nats", "asyncio"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True
    sys.excepthook = _crashed


def get_log() -> FilteringBoundLogger:
    """Return the logger of this process."""
    logger: FilteringBoundLogger = structlog.get_logger()
    return logger


class Rendering:
    """The last step of every line: lets known fields pass, turns a failure into types and places, writes JSON."""

    def __init__(self, service: str) -> None:
        self._service = service

    def __call__(self, _logger: object, _method: str, fields: MutableMapping[str, Any]) -> str:
        """Return the line; fields that may not pass are dropped, and told by name."""
        failure = _failure_of(fields.pop("exc_info", None))
        line: dict[str, Any] = {
            "timestamp": fields.pop("timestamp", None),
            "level": fields.pop("level", None),
            "event": fields.pop("event", ""),
            "service": self._service,
        }
        dropped = [name for name, value in fields.items() if not _passes(name, value)]
        line |= {name: value for name, value in fields.items() if name not in dropped and value is not None}
        if not _CODE(line["event"]):
            line["event"] = "unnamed"
            dropped.append("event")
        if failure is not None:
            line |= _told(failure)
        if dropped:
            line["dropped"] = sorted(name for name in dropped if _CODE(name))
        return orjson.dumps(line, default=str).decode()


def _passes(name: str, value: object) -> bool:
    check = KNOWN.get(name)
    return name not in _MADE_HERE and check is not None and (value is None or check(value))


def _failure_of(exc_info: object) -> BaseException | None:
    match exc_info:
        case BaseException():
            return exc_info
        case (_, BaseException() as failure, _):
            return failure
        case None | False:
            return None
        case _:
            return sys.exc_info()[1]


def _told(failure: BaseException) -> dict[str, Any]:
    """Return a failure's type, code, place and causes: never its message, which may quote a row or an input."""
    told: dict[str, Any] = {"error": type(failure).__qualname__, "trace": _frames(failure)}
    for field, attribute in (
        ("code", "code"),
        ("sqlstate", "sqlstate"),
        ("constraint", "constraint_name"),
        ("table", "table_name"),
    ):
        value = getattr(failure, attribute, None)
        if value is not None and KNOWN[field](value):
            told[field] = value
    if causes := _causes(failure):
        told["causes"] = causes
    return told


def _frames(failure: BaseException) -> list[str]:
    return [
        f"{frame.filename.removeprefix(_ROOT).rpartition('site-packages')[2].lstrip('/')}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(failure.__traceback__)[-FRAMES_MAX:]
    ]


def _causes(failure: BaseException) -> list[str]:
    causes: list[str] = []
    cause = failure.__cause__ or failure.__context__
    while cause is not None and len(causes) < CAUSES_MAX:
        causes.append(type(cause).__qualname__)
        cause = cause.__cause__ or cause.__context__
    return causes


class _Foreign(logging.Handler):
    """Lines of libraries: which logger, from which line of its code, with which failure; not what it says."""

    def emit(self, record: logging.LogRecord) -> None:
        get_log().log(
            record.levelno,
            "library",
            logger=record.name,
            where=f"{record.module}:{record.lineno}",
            exc_info=record.exc_info,
        )


class _Stderr:
    """Writes each line whole to whatever stderr is now."""

    def msg(self, line: str) -> None:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()

    log = debug = info = warning = error = critical = exception = fatal = msg


def _crashed(_kind: object, failure: BaseException, _trace: object) -> None:
    get_log().critical("crashed", exc_info=failure)
