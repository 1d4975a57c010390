"""The overlays that docs/kubernetes.md tells a county to write render, and bring every image from its registry."""

import re
from pathlib import Path

import pytest

from kith.manifests.checking import check
from kith.manifests.reading import Manifests, read
from tests.manifests.rendering import K8S, render

DOCUMENT = K8S.parents[1] / "docs" / "kubernetes.md"
TOLD = re.findall(
    r"cat > (?:[\w-]+)/kustomization\.yaml <<'YAML'\n(.*?)^YAML$",
    DOCUMENT.read_text(encoding="utf-8"),
    re.DOTALL | re.MULTILINE,
)
OVERLAYS = [text for text in TOLD if "/overlays/" in text]
REGISTRY = "registry.qingxi.example/"


def rendered_beside_the_deployment(text: str, folder: Path) -> Manifests:
    (folder / "deploy").symlink_to(K8S.parent)
    (folder / "qingxi").mkdir()
    (folder / "qingxi" / "kustomization.yaml").write_text(text, encoding="utf-8")
    return read(render(folder / "qingxi"))


def test_the_document_tells_an_overlay_of_each_size_and_a_restore() -> None:
    assert (len(OVERLAYS), len(TOLD)) == (2, 3)


@pytest.mark.parametrize("text", TOLD)
def test_every_image_comes_from_the_countys_own_registry(text: str, tmp_path: Path) -> None:
    images = images_in(rendered_beside_the_deployment(text, tmp_path).objects)
    assert images
    assert not {image for image in images if not image.startswith(REGISTRY)}


def images_in(told: object) -> set[str]:
    """Return the value of every field of an image, however deep."""
    if isinstance(told, dict):
        here = {
            value for key, value in told.items() if key in ("image", "imageName") and isinstance(value, str)
        }
        return here.union(*map(images_in, told.values()))
    return set().union(*map(images_in, told)) if isinstance(told, list | tuple) else set()


@pytest.mark.parametrize("text", OVERLAYS)
def test_the_checker_finds_nothing_in_what_is_told(text: str, tmp_path: Path) -> None:
    assert check(rendered_beside_the_deployment(text, tmp_path)) == []
