"""Rendered manifests as objects, found by kind and by name."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import yaml

Object = Mapping[str, Any]


SHOWN_MAX = 80
"""Characters of what is wrong that are shown."""


class NotManifests(Exception):
    """The text is no YAML, or holds something that is no object of Kubernetes."""


@dataclass(frozen=True)
class Manifests:
    """What one overlay renders to."""

    objects: tuple[Object, ...]

    def of_kind(self, *kinds: str) -> Iterator[Object]:
        """Yield every object whose kind is one of *kinds*."""
        return (one for one in self.objects if one["kind"] in kinds)

    def named(self, kind: str, name: str) -> Object | None:
        """Return the object of that kind and name, or None."""
        return next((one for one in self.of_kind(kind) if name_of(one) == name), None)

    def has(self, what: str) -> bool:
        """Return whether there is an object that *what* names: a kind, or Kind/name."""
        return any(what in (one["kind"], where(one)) for one in self.objects)


def read(text: str) -> Manifests:
    """Return the objects of a YAML stream; raises NotManifests."""
    try:
        documents = [document for document in yaml.safe_load_all(text) if document is not None]
    except (yaml.YAMLError, ValueError, RecursionError) as fault:  # a day that is none is a ValueError
        raise NotManifests(str(fault).replace("\n", " ")) from fault
    for document in documents:
        if not isinstance(document, dict) or not _identified(document):
            raise NotManifests(
                f"not an object with apiVersion, kind and metadata.name: {str(document)[:SHOWN_MAX]}"
            )
    if not documents:
        raise NotManifests("there is no object in it")
    return Manifests(tuple(documents))


@contextmanager
def as_an_api_server_takes_them() -> Iterator[None]:
    """Look at objects whose shape is taken for granted; raises NotManifests where one has another."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as misshapen:
        what = f"{type(misshapen).__name__}: {misshapen}"[:SHOWN_MAX]
        raise NotManifests(
            f"an object has another shape than an API server takes ({what}); "
            "`kubectl apply --dry-run=server -f FILE` names it"
        ) from misshapen


def name_of(one: Object) -> str:
    """Return the object's name."""
    name: str = one["metadata"]["name"]
    return name


def where(one: Object) -> str:
    """Return how findings call the object: Kind/name."""
    return f"{one['kind']}/{name_of(one)}"


def _identified(document: Object) -> bool:
    metadata = document.get("metadata")
    return (
        all(isinstance(document.get(key), str) for key in ("apiVersion", "kind"))
        and isinstance(metadata, dict)
        and isinstance(metadata.get("name"), str)
    )
