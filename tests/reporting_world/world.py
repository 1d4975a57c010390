"""The invented county as it stands on a day, and what its services have told until then."""

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

from shared.contracts.contact import ContactMissed
from shared.contracts.event import Event, Guardianship, Health, Rating, Schooling, Sex
from shared.contracts.pairing import CarerEnlisted, PairAssigned, PairMoved
from shared.contracts.registry import ChildFile

COUNTY = "431299"
TOWNSHIPS = ("431299100", "431299200")
VILLAGES = ("431299100001", "431299100002", "431299200001", "431299200002")
SPARE_VILLAGES = ("431299100098", "431299100099", "431299200099")
"""Villages where no child lives, so that they may close."""
FIRST_DAY = date(2026, 1, 1)
STORE = UUID(int=7)


@dataclass
class World:
    """Three services' events, told day by day; all chance comes from the seed."""

    seed: int
    told: dict[str, list[Event]] = field(
        default_factory=lambda: {"registry": [], "pairing": [], "contact": []}
    )
    day: date = FIRST_DAY
    files: dict[UUID, ChildFile] = field(default_factory=dict)
    homes: dict[UUID, str | None] = field(default_factory=dict)
    pairs: dict[UUID, PairAssigned | PairMoved] = field(default_factory=dict)
    carers: dict[UUID, CarerEnlisted] = field(default_factory=dict)
    spare: set[str] = field(default_factory=lambda: set(SPARE_VILLAGES))
    missed: list[ContactMissed] = field(default_factory=list)
    merged: dict[UUID, UUID] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)  # noqa: S311 - invented people, no secret

    def new_id(self) -> UUID:
        return UUID(int=self.chance.getrandbits(128), version=4)

    def on(self) -> date:
        """Return today or, for what is learned late, a day up to forty days before."""
        early = self.chance.choice((0, 0, 0, 3, 12, 40))
        return max(self.day - timedelta(days=early), FIRST_DAY)

    def file(self) -> ChildFile:
        pick = self.chance.choice
        return ChildFile(
            birth_date=date(2010, 12, 1) + timedelta(days=self.chance.randrange(5_400)),
            sex=pick(list(Sex)),
            health=pick(list(Health)),
            schooling=pick(list(Schooling)),
            guardianship=pick(list(Guardianship)),
            rating=pick(list(Rating)),
            poor=pick((True, False, None)),
            boards=pick((True, False, None)),
        )

    def say(self, source: str, event: Event) -> None:
        self.told[source].append(event)

    def somebody(self, *, here: bool) -> UUID | None:
        """Return a child whose file is open, or one whose file is closed; None where there is none."""
        choice = [child for child, home in self.homes.items() if (home is not None) is here]
        return self.chance.choice(choice) if choice else None
