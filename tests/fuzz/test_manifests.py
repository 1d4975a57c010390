"""A file of manifests, whatever stands in it: looked through, or refused as none."""

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kith.commands.manifests import check_manifests
from kith.exits import Failed
from kith.manifests.checking import check
from kith.manifests.finding import Finding
from kith.manifests.reading import NotManifests, read
from shared.messages import Language
from tests.fuzz.cases import cases
from tests.fuzz.scraps import NO_SENSE, damaged, reshaped
from tests.manifests.rendering import rendered

CASES = cases(25)
WHOLE = list({one["kind"]: one for one in yaml.safe_load_all(rendered("county"))}.values())
"""One object of each kind that the plain county has."""
TEXT = yaml.safe_dump_all(WHOLE[:3]).encode()
SHORT = [content for content in NO_SENSE if len(content) < 10_000]
"""Without what takes the YAML reader, which is no C, seconds to refuse."""


def looked_through(text: str) -> list[Finding] | None:
    try:
        return check(read(text))
    except NotManifests:
        return None


@CASES
@given(content=st.sampled_from(SHORT) | st.binary(max_size=200) | damaged(TEXT))
def test_any_text_is_looked_through_or_refused(content: bytes) -> None:
    looked_through(content.decode(errors="replace"))


@CASES
@given(drawn=st.data())
def test_objects_of_any_shape_are_looked_through_or_refused(drawn: st.DataObject) -> None:
    objects = json.loads(drawn.draw(reshaped(json.dumps(WHOLE).encode())))
    if isinstance(objects, list):
        for finding in looked_through(yaml.safe_dump_all(objects, allow_unicode=True)) or ():
            assert all(finding.said(language) for language in Language)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"day: 2026-02-30", b"[" * 600, b"kind: 1"])
def test_what_makes_no_sense_is_refused_by_the_name_of_its_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "mine.yaml").write_bytes(content)
    with (tmp_path / "mine.yaml").open(encoding="utf-8") as file, pytest.raises(Failed, match=r"mine\.yaml"):
        check_manifests(file)  # type: ignore[arg-type]  # typer hands over such a one
