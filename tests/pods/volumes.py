"""What a kubelet hands to a pod as volumes, as tars for podman's: owner root, the pod's fsGroup, the modes told."""

import io
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kith.manifests.files import known_secrets
from kith.manifests.workloads import Workload

FOLDER, FILE = 0o755, 0o644
EMPTY, DISK, LOST_AND_FOUND = 0o2777, 0o2775, 0o2770
MARK = ".handed-over"
"""In an empty folder, since podman takes a volume for its own as long as there is nothing in it."""


@dataclass(frozen=True)
class Handed:
    """A volume of podman's, and what is in it before the pod starts; *lasting* is one that outlives the pod."""

    volume: str
    tar: bytes
    lasting: bool


def handed(workload: Workload, data: Path) -> Iterator[tuple[str, Handed]]:
    """Yield each claim, empty folder and volume of Secrets of *workload* by its name; files come from *data*.

    An empty folder is no other than the rest: podman would give it owner, mode and content of the image's own folder.
    """
    group = workload.pod["securityContext"]["fsGroup"]
    for name, told in workload.volumes.items():
        if "persistentVolumeClaim" in told:
            yield name, Handed(_claim(workload, name, told), _disk(group), lasting=True)
        elif "secret" in told or "projected" in told:
            yield name, Handed(f"{workload.name}-{name}", _secrets(told, data, group), lasting=False)
        elif told.get("emptyDir", {"medium": "Memory"}).get("medium") != "Memory":
            yield name, Handed(f"{workload.name}-{name}", _empty(group), lasting=False)


def _claim(workload: Workload, name: str, told: Mapping[str, Any]) -> str:
    """Return the name of the claim; one of a template is named after the pod that it is made for."""
    templates = workload.source["spec"].get("volumeClaimTemplates", [])
    if name in {template["metadata"]["name"] for template in templates}:
        return f"{name}-{workload.name}-0"
    claim: str = told["persistentVolumeClaim"]["claimName"]
    return claim


def _disk(group: int) -> bytes:
    """A new file system of a block device, handed to *group*: it is not empty, and its folder is root's."""
    return _tar(group, DISK, {"lost+found": (None, LOST_AND_FOUND)})


def _empty(group: int) -> bytes:
    return _tar(group, EMPTY, {MARK: (b"", FILE)})


def _secrets(told: Mapping[str, Any], data: Path, group: int) -> bytes:
    source = told.get("projected", told.get("secret", {}))
    secrets = [one["secret"] for one in source["sources"]] if "projected" in told else [source]
    table = known_secrets()
    files = {
        item["path"]: (data / table[one.get("secretName") or one["name"]].files[item["key"]]).read_bytes()
        for one in secrets
        for item in one["items"]
    }
    mode = source.get("defaultMode", FILE)
    return _tar(group, FOLDER, {path: (content, mode) for path, content in files.items()})


def _tar(group: int, mode: int, entries: Mapping[str, tuple[bytes | None, int]]) -> bytes:
    """Return a tar of a folder with *mode* and *entries* in it: a content and a mode, or None for a folder."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for path, (content, told) in {".": (None, mode), **entries}.items():
            entry = tarfile.TarInfo(path)
            entry.type = tarfile.DIRTYPE if content is None else tarfile.REGTYPE
            entry.mode, entry.gid, entry.size = told, group, len(content or b"")
            archive.addfile(entry, io.BytesIO(content or b""))
    return written.getvalue()
