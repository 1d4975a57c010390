"""Who subscribes to this deployment's events: another system's name, its areas and its events."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter

from kith.exits import Exit, Failed
from kith.kept_files import read_kept
from shared.contracts.catalogue import SPEAKERS
from shared.contracts.event import subjects_within

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,29}")
AREA = re.compile(r"[0-9]{6}([0-9]{3})?")
SUBSCRIBERS_MAX = 200
"""Each costs the bus an account of its own."""

SPEAKER_OF = {event.__name__: service for service, events in SPEAKERS.items() for event in events}


class NotASubscriber(ValueError):
    """A subscriber cannot be like this; the first argument is the code of the text that says why."""


@dataclass(frozen=True)
class Subscriber:
    """A system that may read *events* of *areas* (counties of 6 digits, townships of 9) and nothing else."""

    name: str
    areas: tuple[str, ...]
    events: tuple[str, ...]

    @property
    def user(self) -> str:
        """Its user on the bus; its account, its consumers and its inbox have the same name."""
        return f"subscriber-{self.name}"

    def subjects(self) -> Mapping[str, Sequence[str]]:
        """Return the subjects it reads, by the service that speaks them."""
        spoken: dict[str, list[str]] = {}
        for event in self.events:
            service = SPEAKER_OF[event]
            spoken.setdefault(service, []).extend(
                subjects_within(service, event, area) for area in self.areas
            )
        return spoken


KEPT = TypeAdapter(list[Subscriber])


def subscriber_of(name: str, areas: Sequence[str], events: Sequence[str]) -> Subscriber:
    """Return a subscriber; raises NotASubscriber where its name, an area or an event is none."""
    if not NAME.fullmatch(name):
        raise NotASubscriber("subscriber_name_not_well_formed", name)
    if wrong := [area for area in areas if not AREA.fullmatch(area)]:
        raise NotASubscriber("subscriber_area_not_well_formed", wrong[0])
    if unknown := [event for event in events if event not in SPEAKER_OF]:
        raise NotASubscriber("subscriber_event_unknown", unknown[0])
    within = {area for area in areas for wider in areas if area != wider and area.startswith(wider)}
    return Subscriber(name, tuple(sorted({*areas} - within)), tuple(sorted({*events})))


def subscribers_of(data: Path) -> list[Subscriber]:
    """Return the subscribers of the deployment in *data*, by name; raises Failed where their file is damaged."""
    if not _file(data).exists():
        return []
    kept = read_kept(_file(data), KEPT)
    try:
        return [subscriber_of(each.name, each.areas, each.events) for each in kept]
    except NotASubscriber as wrong:
        why = ": ".join(wrong.args)
        raise Failed("kept_file_damaged", Exit.CONFIGURATION, file=str(_file(data)), why=why) from None


def keep_subscribers(data: Path, subscribers: Sequence[Subscriber]) -> None:
    """Write down the subscribers of the deployment in *data*."""
    data.mkdir(parents=True, exist_ok=True)
    in_order = sorted(subscribers, key=lambda each: each.name)
    unfinished = _file(data).with_suffix(".unfinished")
    unfinished.write_text(json.dumps([asdict(each) for each in in_order], indent=2) + "\n", encoding="ascii")
    unfinished.replace(_file(data))


def _file(data: Path) -> Path:
    return data / "subscribers.json"
