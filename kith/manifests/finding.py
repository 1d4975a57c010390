"""What a check found: where, and the code of a sentence that says what is wrong and how to put it right."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.messages import Language, text


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with an object, such as Deployment/registry."""

    where: str
    code: str
    params: Mapping[str, object] = field(default_factory=dict)

    def said(self, language: Language) -> str:
        """Return the sentence for people."""
        return text(f"manifests.{self.code}", language, **self.params)


def found(where: str, code: str, **params: object) -> Finding:
    """Return a finding."""
    return Finding(where, code, params)
