"""The published contracts as files: JSON Schemas, an AsyncAPI 3 document, a sample of every event."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic.json_schema import models_json_schema

from kith.contracts_samples import sample_of
from shared import envelope
from shared.contracts.catalogue import EVENT_CLASSES, SPEAKERS
from shared.contracts.event import Event

ROOT = Path(__file__).parent.parent
DOCUMENTS = ROOT / "docs" / "contracts"
SAMPLES = ROOT / "tests" / "contracts" / "samples"

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ASYNCAPI_VERSION = "3.0.0"
DOCUMENT_VERSION = "1.0.0"
NATS_BINDING = {"nats": {"bindingVersion": "0.1.0"}}

HEADERS: dict[str, tuple[str, str]] = {
    "ce-specversion": ("1.0", "CloudEvents version"),
    "ce-id": ("uuid", "the event's id: the same for ever, whatever is sent again"),
    "ce-type": ("text", "the event's type, as in the subject"),
    "ce-source": ("text", "/kith/<service>"),
    "ce-subject": ("text", "the stream the event belongs to, as Kith-Stream"),
    "ce-time": ("date-time", "when it was stored; means nothing to the domain"),
    "content-type": ("application/json", "the body's form"),
    envelope.STORE: ("uuid", "the log the event comes from"),
    envelope.TX: ("integer", "the first half of its position in that log"),
    envelope.POSITION: ("integer", "the second half of its position in that log"),
    envelope.CHECK: (
        "text",
        "CRC-32 of '<store> <tx>-<position>', eight hex digits: to find a place that was spoilt",
    ),
    envelope.STREAM: ("text", "<category>-<id>"),
    envelope.VERSION: ("integer", "its number in its stream, from 1"),
    envelope.SCHEMA_VERSION: ("integer", "the version of the body's shape"),
    envelope.CORRELATION: ("uuid", "the command it goes back to"),
}
"""Every message's headers; traceparent comes beside them where the command bore one."""


def documents() -> Iterator[tuple[Path, str]]:
    """Yield each generated document: its path below the repository's root, and its text."""
    for event_class in EVENT_CLASSES.values():
        yield (
            DOCUMENTS / "schemas" / f"{_name_of(event_class)}.json",
            _as_text(schema_of(event_class)),
        )
    yield DOCUMENTS / "asyncapi.json", _as_text(asyncapi())


def samples() -> Iterator[tuple[Path, str]]:
    """Yield a golden sample of every event: its path and its text, which is what goes over the wire."""
    for event_class in EVENT_CLASSES.values():
        yield SAMPLES / f"{_name_of(event_class)}.json", _as_text(sample_of(event_class))


def export() -> list[Path]:
    """Write every document, and the samples that are missing; return what was written anew.

    A sample that is there stays as it is: it stands for bodies that are in logs already.
    """
    written = []
    for path, content in documents():
        if not path.exists() or path.read_text(encoding="utf-8") != content:
            written.append(_write(path, content))
    written += [_write(path, content) for path, content in samples() if not path.exists()]
    return written


def schema_of(event_class: type[Event]) -> dict[str, Any]:
    """Return the JSON Schema of the body of an event."""
    schema = event_class.model_json_schema()
    return {"$schema": DIALECT, "$id": f"urn:kith:event:{_name_of(event_class)}", **schema}


def asyncapi() -> dict[str, Any]:
    """Return the AsyncAPI document of everything that services publish."""
    spoken = [(service, event_class) for service, classes in SPEAKERS.items() for event_class in classes]
    _, bodies = models_json_schema(
        [(event_class, "validation") for _, event_class in spoken],
        ref_template="#/components/schemas/{model}",
    )
    return {
        "asyncapi": ASYNCAPI_VERSION,
        "info": {
            "title": "Kith: published events",
            "version": DOCUMENT_VERSION,
            "description": "Facts by area; bodies carry ids, areas, dates and codes, never a name.",
        },
        "defaultContentType": "application/json",
        "channels": {event_class.__name__: _channel(service, event_class) for service, event_class in spoken},
        "operations": {
            f"publish{event_class.__name__}": _operation(service, event_class)
            for service, event_class in spoken
        },
        "components": {
            "messages": {event_class.__name__: _message(event_class) for _, event_class in spoken},
            "schemas": {"Headers": _headers(), **bodies["$defs"]},
        },
    }


def _channel(service: str, event_class: type[Event]) -> dict[str, Any]:
    name = event_class.__name__
    return {
        "address": f"kith.{{county}}.{{township}}.{service}.{name}",
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        "parameters": {
            "county": {"description": "6 digits of GB/T 2260"},
            "township": {"description": "9 digits; 000000000 where no township applies"},
        },
        "bindings": NATS_BINDING,
    }


def _operation(service: str, event_class: type[Event]) -> dict[str, Any]:
    name = event_class.__name__
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{name}"},
        "summary": _first_sentence(event_class),
        "messages": [{"$ref": f"#/channels/{name}/messages/{name}"}],
        "tags": [{"name": service}],
        "bindings": NATS_BINDING,
    }


def _message(event_class: type[Event]) -> dict[str, Any]:
    name = event_class.__name__
    return {
        "name": name,
        "title": name,
        "summary": _first_sentence(event_class),
        "contentType": "application/json",
        "correlationId": {"location": f"$message.header#/{envelope.CORRELATION}"},
        "headers": {"$ref": "#/components/schemas/Headers"},
        "payload": {"$ref": f"#/components/schemas/{name}"},
        "bindings": NATS_BINDING,
        "examples": [{"name": "sample", "payload": sample_of(event_class)}],
    }


def _headers() -> dict[str, Any]:
    properties = {name: _header(form, meaning) for name, (form, meaning) in HEADERS.items()}
    properties["traceparent"] = _header("text", "W3C trace context of the command, where it bore one")
    return {"type": "object", "required": list(HEADERS), "properties": properties}


def _header(form: str, meaning: str) -> dict[str, Any]:
    forms: dict[str, dict[str, Any]] = {
        "text": {},
        "uuid": {"format": "uuid"},
        "date-time": {"format": "date-time"},
        "integer": {"pattern": "^[0-9]+$"},
    }
    return {"type": "string", "description": meaning, **forms.get(form, {"const": form})}


def _name_of(event_class: type[Event]) -> str:
    return f"{event_class.__name__}.v{event_class.schema_version}"


def _first_sentence(event_class: type[Event]) -> str:
    return " ".join((event_class.__doc__ or "").split("\n\n")[0].split())


def _as_text(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _write(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path
