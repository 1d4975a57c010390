"""The published contracts: documents that are current, and a golden sample of every event that still decodes."""

import json
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest

from kith.contracts_export import SAMPLES, asyncapi, documents, samples, schema_of
from shared.contracts.catalogue import EVENT_CLASSES, SPEAKERS, decode
from shared.contracts.event import subject_of

GENERATED = sorted(documents())
GOLDEN = sorted(SAMPLES.glob("*.json"))


@pytest.mark.parametrize(("path", "content"), GENERATED, ids=[path.name for path, _ in GENERATED])
def test_a_document_is_current(path: Path, content: str) -> None:
    assert path.read_text(encoding="utf-8") == content, "run `kith contracts export` and commit"


def test_every_event_has_a_golden_sample_of_its_version() -> None:
    assert {path for path, _ in samples()} <= set(GOLDEN)


@pytest.mark.parametrize("path", GOLDEN, ids=[path.name for path in GOLDEN])
def test_a_golden_sample_decodes(path: Path) -> None:
    event_type, version, _ = path.name.split(".")
    body = path.read_text(encoding="utf-8")
    event = decode(event_type, int(version.removeprefix("v")), body)
    assert type(event).__name__ == event_type
    if int(version.removeprefix("v")) == event.schema_version:
        assert json.loads(event.model_dump_json()) == json.loads(body)
        jsonschema.validate(json.loads(body), schema_of(EVENT_CLASSES[event_type]))


def test_a_golden_sample_with_a_field_nobody_knows_decodes() -> None:
    for path in GOLDEN:
        body = json.loads(path.read_text(encoding="utf-8")) | {"field_of_a_later_release": 1}
        event_type, version, _ = path.name.split(".")
        assert decode(event_type, int(version.removeprefix("v")), json.dumps(body))


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    document = asyncapi()
    for reference in _references(document):
        found = document
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
        assert found


def test_every_channel_is_the_subject_events_are_published_on() -> None:
    channels = asyncapi()["channels"]
    for service, classes in SPEAKERS.items():
        for event_class in classes:
            name = event_class.__name__
            address = channels[name]["address"].format(county="431299", township="431299200")
            assert address == subject_of(service, name, "431299200241")


def _references(node: object) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [found for child in node.values() for found in _references(child)]
    if isinstance(node, list):
        return [found for child in node for found in _references(child)]
    return []
