"""Breaking one thing in the manifests of an overlay."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kith.manifests.reading import Manifests
from tests.manifests.rendering import manifests_of

Content = Any


class Broken:
    """The objects of an overlay, to be changed in place."""

    def __init__(self, overlay: str) -> None:
        self.objects: list[Content] = copy.deepcopy(list(manifests_of(overlay).objects))

    def one(self, what: str) -> Content:
        """Return the object Kind/name; where a name ends with a release or a hash, its beginning is enough."""
        kind, _, name = what.partition("/")
        of_kind = {one["metadata"]["name"]: one for one in self.objects if one["kind"] == kind}
        return of_kind.get(name) or next(one for key, one in of_kind.items() if key.startswith(f"{name}-"))

    def spec(self, what: str) -> Content:
        return self.one(what)["spec"]

    def template(self, what: str) -> Content:
        """Return the template of the pods of Kind/name."""
        spec = self.spec(what)
        return (spec["jobTemplate"]["spec"] if "jobTemplate" in spec else spec)["template"]

    def pod(self, what: str) -> Content:
        return self.template(what)["spec"]

    def container(self, what: str) -> Content:
        return self.pod(what)["containers"][0]

    def variable(self, what: str, name: str) -> Content:
        [found] = [one for one in self.container(what)["env"] if one["name"] == name]
        return found

    def volume(self, what: str, name: str) -> Content:
        [found] = [one for one in self.pod(what)["volumes"] if one["name"] == name]
        return found

    def remove(self, what: str) -> None:
        self.objects.remove(self.one(what))


@dataclass(frozen=True)
class Mutant:
    """One fault: what is broken, how, and what must be found because of it."""

    sentence: str
    code: str
    breaks: Callable[[Broken], object]
    overlay: str = "county"

    def manifests(self) -> Manifests:
        """Return the broken manifests."""
        broken = Broken(self.overlay)
        self.breaks(broken)
        return Manifests(tuple(broken.objects))
