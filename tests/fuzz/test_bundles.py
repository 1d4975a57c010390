"""A bundle with anything in it that was not made so: refused whole, before a file is written or an image loaded."""

import hashlib
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kith.bundling import IMAGES, MANIFEST, SMALL_PART_BYTES_MAX, SUMS, Bundle, load_bundle
from kith.exits import Failed
from shared.messages import Language, text
from tests.fuzz.cases import cases
from tests.fuzz.scraps import NO_SENSE, damaged, in_place_of

CASES = cases(60)
PARTS = {
    MANIFEST: Bundle("0.1.0", {"kith:0.1.0": "sha256:1"}).as_json().encode(),
    IMAGES: b"images" * 200,
    "docker-compose.yml": b"services: {}\n",
    "docs/operations.md": b"# Operations\n",
}
LOADED = "engine_missing"
"""What a bundle that is whole comes to where there is no container engine: its images are not loaded."""


@pytest.fixture(autouse=True)
def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")


def sums_of(parts: Mapping[str, bytes]) -> bytes:
    lines = (f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in parts.items())
    return "".join(lines).encode()


def bundle(parts: Mapping[str, bytes], sums: bytes | None = None, mode: str = "w") -> bytes:
    """Return a bundle of *parts*, with the right sums unless others are given."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=mode) as tar:  # type: ignore[call-overload]  # a mode that is drawn
        for name, content in {SUMS: sums_of(parts) if sums is None else sums, **parts}.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def outcome(folder: Path, content: bytes) -> str:
    """Return the code with which loading *content* ends; a damaged bundle leaves nothing behind."""
    file, into = folder / "kith.bundle.tar", folder / "into"
    file.write_bytes(content)
    with pytest.raises(Failed) as refused:
        load_bundle(file, into)
    failed = refused.value
    if failed.code == "bundle_damaged":
        assert not into.exists()
        assert all(
            str(file) in text(f"cli.{failed.code}", language, **failed.params) for language in Language
        )
    elif into.exists():
        assert not (into / IMAGES).exists()
    return failed.code


def test_a_whole_bundle_is_unpacked_and_its_images_are_handed_to_the_engine(tmp_path: Path) -> None:
    assert outcome(tmp_path, bundle(PARTS)) == LOADED
    assert (tmp_path / "into" / "docs" / "operations.md").read_bytes() == PARTS["docs/operations.md"]


@CASES
@given(drawn=st.data())
def test_any_damage_to_a_bundle_is_refused_unless_it_changes_nothing_in_it(
    tmp_path: Path, drawn: st.DataObject
) -> None:
    whole = bundle(PARTS)
    content = drawn.draw(st.sampled_from(NO_SENSE) | st.binary(max_size=2_000) | damaged(whole))
    if outcome(tmp_path, content) != "bundle_damaged":
        with tarfile.open(fileobj=io.BytesIO(content)) as tar:
            assert {name: tar.extractfile(name).read() for name in PARTS} == PARTS  # type: ignore[union-attr]
    for file in sorted((tmp_path / "into").rglob("*"), reverse=True):
        file.rmdir() if file.is_dir() else file.unlink()
    if (tmp_path / "into").exists():
        (tmp_path / "into").rmdir()


@CASES
@given(drawn=st.data())
def test_sums_that_are_right_do_not_make_a_manifest_of_what_is_none(
    tmp_path: Path, drawn: st.DataObject
) -> None:
    told = drawn.draw(st.sampled_from(NO_SENSE) | in_place_of(b'{"version": [], "images": {"a": 1}}'))
    assert outcome(tmp_path, bundle({**PARTS, MANIFEST: told})) == "bundle_damaged"


@pytest.mark.parametrize(
    "name",
    ["/etc/passwd", "../above", "docs/../../above", "docs", "docs/operations.md/below", ".", "a//b", ""],
)
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    sums = sums_of(PARTS) + f"{'0' * 64}  {name}\n".encode()
    assert outcome(tmp_path, bundle({**PARTS, name: b"x"}, sums)) == "bundle_damaged"


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.GNUTYPE_SPARSE])
def test_what_is_no_plain_file_is_refused(tmp_path: Path, kind: bytes) -> None:
    packed = io.BytesIO(bundle(PARTS))
    with tarfile.open(fileobj=packed, mode="a") as tar:
        member = tarfile.TarInfo("docs/more.md")
        member.type, member.linkname = kind, "docs/gone.md"
        tar.addfile(member)
    assert outcome(tmp_path, packed.getvalue()) == "bundle_damaged"


def test_a_bundle_that_was_packed_is_none(tmp_path: Path) -> None:
    assert outcome(tmp_path, bundle(PARTS, mode="w:gz")) == "bundle_damaged"


def test_sums_beyond_their_limit_are_refused_unread(tmp_path: Path) -> None:
    sums = sums_of(PARTS) + b"\n" * SMALL_PART_BYTES_MAX
    assert outcome(tmp_path, bundle(PARTS, sums)) == "bundle_damaged"


def test_a_folder_that_takes_no_files_is_named(tmp_path: Path) -> None:
    (tmp_path / "into").write_text("a file, not a folder")
    assert outcome(tmp_path, bundle(PARTS)) == "bundle_not_written"
