"""Whatever an editor leaves in compose.env: the files it names are found, and an upgrade changes one line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kith.container_files import make_container_files
from kith.deployment import deployment_of
from kith.engine import Compose
from tests.fuzz.cases import cases
from tests.fuzz.scraps import in_place_of

CASES = cases(100)


@pytest.fixture
def compose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Compose:
    """Return the containers of a deployment whose settings are as they were made."""
    monkeypatch.delenv("COMPOSE_FILE", raising=False)
    make_container_files(deployment_of(tmp_path))
    return Compose(tmp_path, tmp_path)


@CASES
@given(drawn=st.data())
def test_an_upgrade_keeps_its_image_and_leaves_every_other_line_as_it_was(
    compose: Compose, drawn: st.DataObject
) -> None:
    whole = compose.settings.read_bytes()
    try:
        changed = drawn.draw(in_place_of(whole))
        compose.settings.write_bytes(changed)
        assert "compose.backup.yml" in compose.files
        compose.keep_image("kith:9")
        lines = compose.settings.read_bytes().rstrip(b"\n").split(b"\n")
    finally:
        compose.settings.write_bytes(whole)
    assert lines.pop() == b"KITH_IMAGE=kith:9"
    others = [line for line in changed.rstrip(b"\r\n").split(b"\n") if not line.startswith(b"KITH_IMAGE=")]
    assert [line for line in lines if line] == [line for line in others if line]


@pytest.mark.parametrize(
    "line",
    [
        "COMPOSE_FILE=a.yml:b.yml",
        "COMPOSE_FILE='a.yml:b.yml'",
        'export COMPOSE_FILE = "a.yml:b.yml" ',
        "COMPOSE_FILE=none.yml\nCOMPOSE_FILE=a.yml:b.yml\r\n",
        "COMPOSE_FILE=a.yml:b.yml # ours",
        "COMPOSE_FILE='a.yml:b.yml'  # ours",
        "COMPOSE_FILE: a.yml:b.yml",
    ],
)
def test_the_files_that_the_settings_name_are_found_however_they_are_written(
    compose: Compose, line: str
) -> None:
    compose.settings.write_bytes(f"# 县里的设置\n{line}\n".encode("gb18030"))
    assert compose.files == ["a.yml", "b.yml", "compose.backup.yml"]
