"""Rendering overlays, and single components on the plain county, with the kubectl of this environment."""

import subprocess
import sysconfig
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from kith.manifests.reading import Manifests, read

K8S = Path(__file__).parents[2] / "deploy" / "k8s"
OVERLAYS = tuple(sorted(path.name for path in (K8S / "overlays").iterdir()))
COMPONENTS = tuple(sorted(path.name for path in (K8S / "components").iterdir()))

AFTER = {"cnpg-backup": ["cnpg"], "cnpg-restored": ["cnpg"]}
"""Which components another one is put after."""

TAGS = {"kith": "0.1.0", "nats": "2-alpine", "postgres": "17"}
"""Of the images, as the overlays name them."""

RENDER_SECONDS_MAX = 30


@cache
def rendered(overlay: str) -> str:
    """Return the YAML that an overlay of the repository renders to."""
    return render(K8S / "overlays" / overlay)


@cache
def manifests_of(overlay: str) -> Manifests:
    """Return the objects that an overlay renders to; they are shared by tests and never changed."""
    return read(rendered(overlay))


@cache
def with_component(component: str) -> Manifests:
    """Return the plain county with one component and what that is put after."""
    with TemporaryDirectory() as made:
        folder = Path(made).resolve()
        root = Path(*[".."] * (len(folder.parts) - 1))
        kustomization = {
            "resources": [str(root / (K8S / "base").relative_to("/"))],
            "components": [
                str(root / (K8S / "components" / name).relative_to("/"))
                for name in (*AFTER.get(component, []), component)
            ],
            "images": [{"name": name, "newTag": tag} for name, tag in TAGS.items()],
        }
        (folder / "kustomization.yaml").write_text(yaml.safe_dump(kustomization), encoding="utf-8")
        return read(render(folder))


@cache
def with_restore() -> Manifests:
    """Return the plain county as it is while a restore runs in it; what stands in both stands there once."""
    county, restore = manifests_of("county"), read(render(K8S / "restore"))
    return Manifests((*county.objects, *(one for one in restore.objects if one not in county.objects)))


def render(folder: Path) -> str:
    """Return what the kustomization in *folder* renders to."""
    kubectl = Path(sysconfig.get_path("scripts"), "kubectl")
    done = subprocess.run(
        [kubectl, "kustomize", folder],
        capture_output=True,
        text=True,
        check=False,
        timeout=RENDER_SECONDS_MAX,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
