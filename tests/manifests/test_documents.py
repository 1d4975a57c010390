"""The overlays that docs/kubernetes.md tells a county to write render, and bring every image from its registry."""

import re
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

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


@cache
def rendered_beside_the_deployment(text: str) -> Manifests:
    with TemporaryDirectory() as made:
        Path(made, "deploy").symlink_to(K8S.parent)
        folder = Path(made, "qingxi")
        folder.mkdir()
        (folder / "kustomization.yaml").write_text(text, encoding="utf-8")
        return read(render(folder))


def test_the_document_tells_an_overlay_of_each_size_and_a_restore() -> None:
    assert (len(OVERLAYS), len(TOLD)) == (2, 3)


@pytest.mark.parametrize("text", TOLD)
def test_every_image_comes_from_the_countys_own_registry(text: str) -> None:
    images = images_in(rendered_beside_the_deployment(text).objects)
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
def test_the_checker_finds_nothing_in_what_is_told(text: str) -> None:
    assert check(rendered_beside_the_deployment(text)) == []


RESTORED = "components:\n  - ../deploy/k8s/components/cnpg-restored\n"
"""What the document has an operator add to the larger overlay until the new cluster is there."""


def test_the_larger_county_restored_is_checked_and_comes_from_its_registry_as_well() -> None:
    told = DOCUMENT.read_text(encoding="utf-8")
    assert (
        "printf '%s\\n' "
        + " ".join(
            word if word == "components:" else f"'{word}'" for word in RESTORED.rstrip("\n").split("\n")
        )
        in told
    )
    manifests = rendered_beside_the_deployment(OVERLAYS[1] + RESTORED)
    assert check(manifests) == []
    assert not {image for image in images_in(manifests.objects) if not image.startswith(REGISTRY)}
    [cluster] = manifests.of_kind("Cluster")
    assert cluster["spec"]["bootstrap"] == {
        "pg_basebackup": {"source": "restored", "database": "kith", "owner": "kith"}
    }
