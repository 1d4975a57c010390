"""Label selectors, as Kubernetes evaluates them."""

from collections.abc import Mapping
from typing import Any

Labels = Mapping[str, str]


def selects(selector: Mapping[str, Any], labels: Labels) -> bool:
    """Return whether a selector of matchLabels and matchExpressions selects *labels*; an empty one selects all."""
    return has_all(selector.get("matchLabels", {}), labels) and all(
        _holds(expression, labels) for expression in selector.get("matchExpressions", [])
    )


def has_all(wanted: Labels, labels: Labels) -> bool:
    """Return whether *labels* has every label of *wanted*."""
    return all(labels.get(key) == value for key, value in wanted.items())


def _holds(expression: Mapping[str, Any], labels: Labels) -> bool:
    label = labels.get(expression["key"])
    match expression["operator"]:
        case "In":
            return label in expression["values"]
        case "NotIn":
            return label not in expression["values"]
        case "Exists":
            return label is not None
        case "DoesNotExist":
            return label is None
        case unknown:
            raise ValueError(f"a selector has the operator {unknown}")
