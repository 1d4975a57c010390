"""Identities that every set of figures must satisfy, as the county's own forms demand (表间勾稽关系)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from services.reporting.measure import Band
from services.reporting.measures import BOARDS, CARE_KINDS, POOR
from shared.contracts.event import ContactKind, Guardianship, Health, Rating, Schooling, Sex

Figures = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Check:
    """Two numbers that belong together: equal, or *left* not above *right*; *code* says which."""

    code: str
    left: int
    right: int
    equal: bool = True

    @property
    def holds(self) -> bool:
        return self.left == self.right if self.equal else self.left <= self.right


PARTITIONS: Mapping[str, tuple[str, ...]] = {
    "sex": tuple(f"children.sex.{code.value}" for code in Sex),
    "age": tuple(f"children.age.{band.value}" for band in Band),
    "schooling": tuple(f"children.schooling.{code.value}" for code in Schooling),
    "health": tuple(f"children.health.{code.value}" for code in Health),
    "guardianship": tuple(f"children.guardianship.{code.value}" for code in Guardianship),
    "rating": tuple(f"children.rating.{code.value}" for code in Rating),
    "poor": (POOR, f"{POOR}.no", f"{POOR}.unknown"),
    "boards": (BOARDS, f"{BOARDS}.no", f"{BOARDS}.unknown"),
}
"""Measures that share out files.open among them, each child in one."""


def checks(figures: Figures) -> Iterator[Check]:
    """Yield every identity; *figures* are of one area, the period ending on the as-of day."""
    flow = figures["files.opening"] + figures["files.opened"] - figures["files.closed"]
    yield Check("flow", flow, figures["files.open"])
    for name, parts in PARTITIONS.items():
        yield Check(f"partition_{name}", sum(figures[part] for part in parts), figures["files.open"])
        yield Check(f"no_negative_{name}", 0, min(figures[part] for part in parts), equal=False)
    for kind in ContactKind:
        kept, missed = figures[f"windows.kept.{kind.value}"], figures[f"windows.missed.{kind.value}"]
        yield Check(f"windows_{kind.value}", kept + missed, figures[f"windows.counted.{kind.value}"])
        mended = figures[f"windows.made_good.{kind.value}"] + figures[f"windows.withdrawn.{kind.value}"]
        yield Check(f"mended_{kind.value}", mended, missed, equal=False)
    yield Check("paired", figures["children.paired"], figures["files.open"], equal=False)
    yield Check("pairs", figures["children.paired"], figures["pairs.open"], equal=False)
    listed = sum(figures[f"carers.{kind.value}"] for kind in CARE_KINDS)
    loads = sum(figures[f"carers.load.{load}"] for load in ("none", "some", "full"))
    yield Check("loads", loads, listed)
    yield Check("cleared", figures["carers.cleared"], figures["carers"], equal=False)
