"""What is done to a deployment: one act at a time, drawn by the seed, each mended a while later."""

import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from tests.crash.deployment import House, Replica, family, full_streams_told, signal_all
from tests.crash.driving import Pace
from tests.crash.proxy import Link
from tests.crash.streams import InVain, StreamActs

PAUSE_SECONDS = (8.0, 15.0)
"""Longer than a lease (6 s) and than every wait for an answer of the bus."""
STALL_SECONDS = (125.0, 140.0)
"""Longer than the longest wait of a service for a database that says nothing (120 s)."""
STALLS_FROM_KILLS = 50
"""A shorter run has no time to wait for stalls."""
OTHERS_A_KILL = 0.5
"""Other acts for each kill, in a run that is long enough to do each of them with so few."""
DOWN_SECONDS = (0.0, 3.0)
HELD_SECONDS = (1.0, 15.0)
BETWEEN_SECONDS_MAX = 1.0
PATIENCE_SECONDS = 8.0
"""How long the clerk is waited for before the next kill comes all the same."""
LOOK_SECONDS = 0.02
FULL_SECONDS_MAX = 45.0
"""How long streams stay full at most when nobody says anything that would not fit."""
AGAIN_SECONDS = 1.0

Tell = Callable[[str], None]
Act = Callable[[], str]
POSTGRES, NATS, STREAMS = "postgres", "nats", "streams"


@dataclass
class Mend:
    """What ends an act, and when."""

    due: float
    do: Callable[[], None]
    whole: bool
    """A pause is of use only if nothing ends it before its time."""
    enough: Callable[[], bool]
    """Whether it has had its effect; until then it goes on, to *at_last* (time.monotonic) at most."""
    at_last: float


@dataclass
class Chaos:
    """Kills and other acts on one deployment; the same seed draws the same acts in the same order."""

    house: House
    chance: random.Random
    tell: Tell
    pace: Pace
    over: Callable[[], bool]
    """Whether nobody works any more, and further acts would tell nothing."""
    streams: StreamActs = field(init=False)
    kills: int = 0
    """How many were done."""
    done: Counter[str] = field(default_factory=Counter)
    """How often each act was done and had something to be done to."""
    undone: Sequence[str] = ()
    """Acts that the run was over without."""
    _mends: dict[str, Mend] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.streams = StreamActs(self.house, self.chance)

    def run(self, kills: int) -> None:
        """Kill *kills* times, with every other act between, each time while the clerk is at the next bit of work."""
        stalls = self._stalls() if kills >= STALLS_FROM_KILLS else []
        others = self._others()
        killing, other = _dealt(self.chance, self._kills()), _dealt(self.chance, others, stalls)
        wanted = {act.__name__ for act in (*self._kills(), *others, *stalls)}
        self.tell(self.streams.copy())
        share = max(OTHERS_A_KILL, len({*others, *stalls}) / kills)
        in_vain: list[Act] = []
        for n in range(kills):
            self._mend_until(time.monotonic() + PATIENCE_SECONDS, lambda: self.pace.waiting)
            if self.over():
                break
            self.pace.allow((n + 1) / (kills + 1))
            self._do(next(killing), f"kill {n + 1}/{kills}, {self.pace}")
            self.kills = n + 1
            more = [*in_vain, *islice(other, int((n + 1) * share) - int(n * share))]
            in_vain = [act for act in more if not self._do(act, "and")]
        self._mend_until(time.monotonic() + FULL_SECONDS_MAX, lambda: STREAMS not in self._mends)
        self.heal()
        self.undone = sorted(act for act in wanted if not self.done[act])

    def heal(self) -> None:
        """Mend everything that is still broken."""
        for name in list(self._mends):
            self._mend(name)
        self.streams.heal()
        self.tell("everything is mended")

    def _do(self, act: Act, what: str) -> bool:
        """Do *act*; return whether there was anything to do it to."""
        self._mend_until(time.monotonic() + self.chance.uniform(0, BETWEEN_SECONDS_MAX))
        try:
            self.tell(f"{what}: {act()}")
        except InVain:
            return False
        self.done[act.__name__] += act.__name__ != "fill_streams"  # which counts when a relay was refused
        return True

    def _kills(self) -> list[Act]:
        return [
            *[self.kill_service] * 10,
            *[self.kill_nats] * 3,
            self.kill_postgres,
            self.kill_postmaster,
            self.kill_backend,
        ]

    def _others(self) -> list[Act]:
        return [
            *[self.pause_service] * 3,
            self.pause_nats,
            self.pause_postgres,
            *[self.hold] * 3,
            *[self.reset] * 2,
            self.lose,
            *[self.reset_door] * 2,
            self.fill_streams,
            self.delete_stream,
            self.remake_stream,
            self.delete_consumer,
            self.copy_streams,
            *[self.restore_stream] * 2,
        ]

    def _stalls(self) -> list[Act]:
        return [self.stall_service, self.stall_nats, self.stall_postgres]

    # Kills.

    def kill_service(self) -> str:
        replica = self._replica()
        replica.process.process.kill()
        replica.process.process.wait()
        return f"killed {replica.name}, {self._later(replica.name, DOWN_SECONDS, replica.process.start)}"

    def kill_nats(self) -> str:
        self._mend(NATS)
        self.house.bus.kill()
        return f"killed NATS, {self._later(NATS, DOWN_SECONDS, self.house.start_nats)}"

    def kill_postgres(self) -> str:
        self._mend(POSTGRES)
        self.house.kill_postgres()
        return f"killed PostgreSQL whole, {self._later(POSTGRES, DOWN_SECONDS, self.house.start_postgres)}"

    def kill_postmaster(self) -> str:
        self._mend(POSTGRES)
        self.house.kill_postmaster()
        return f"killed the postmaster, {self._later(POSTGRES, DOWN_SECONDS, self.house.start_postgres)}"

    def kill_backend(self) -> str:
        self._mend(POSTGRES)
        self.house.kill_backend()
        return "killed a process of PostgreSQL"

    # Pauses.

    def pause_service(self) -> str:
        replica = self._replica()
        return f"froze {replica.name}, {self._freeze(replica.name, [replica.process.process.pid])}"

    def pause_nats(self) -> str:
        self._mend(NATS)
        return f"froze NATS, {self._freeze(NATS, [self.house.bus.process.pid])}"

    def pause_postgres(self) -> str:
        self._mend(POSTGRES)
        return f"froze PostgreSQL, {self._freeze(POSTGRES, family(self.house.postgres.process.pid))}"

    def stall_service(self) -> str:
        """Freeze one replica past every timeout of anybody."""
        replica = self._replica()
        pids = [replica.process.process.pid]
        return f"froze {replica.name}, {self._freeze(replica.name, pids, STALL_SECONDS)}"

    def stall_nats(self) -> str:
        self._mend(NATS)
        return f"froze NATS, {self._freeze(NATS, [self.house.bus.process.pid], STALL_SECONDS)}"

    def stall_postgres(self) -> str:
        self._mend(POSTGRES)
        pids = family(self.house.postgres.process.pid)
        return f"froze PostgreSQL, {self._freeze(POSTGRES, pids, STALL_SECONDS)}"

    def _freeze(self, name: str, pids: list[int], seconds: tuple[float, float] = PAUSE_SECONDS) -> str:
        signal_all(pids, signal.SIGSTOP)
        return self._later(name, seconds, lambda: signal_all(pids, signal.SIGCONT), whole=True)

    # Cables.

    def hold(self) -> str:
        links = self._links()
        name = links[0].name if len(links) == 1 else f"{links[0].name} and {len(links) - 1} more"
        self._mend(name)
        for link in links:
            link.hold()
        end = self.chance.choice((Link.release, Link.reset))

        def mend() -> None:
            for link in links:
                end(link)

        return f"held {name}, {self._later(name, HELD_SECONDS, mend)}, then {end.__name__}"

    def reset(self) -> str:
        links = self._links()
        for link in links:
            link.reset()
        return f"reset {', '.join(link.name for link in links)}"

    def lose(self) -> str:
        replica = self.chance.choice(self.house.replicas)
        link = self.chance.choice((replica.to_nats, replica.to_postgres))
        link.lose()
        return f"lost every connection of {link.name} in silence"

    def reset_door(self) -> str:
        door = self.chance.choice(self.house.doors)
        door.reset()
        return f"reset {door.name}"

    def _links(self) -> list[Link]:
        """Draw one link, or all to one server."""
        to_nats = self.chance.random() < 0.5
        every = [replica.to_nats if to_nats else replica.to_postgres for replica in self.house.replicas]
        return every if self.chance.random() < 0.3 else [self.chance.choice(every)]

    # Streams.

    def fill_streams(self) -> str:
        """Leave the streams no room until a relay was refused for that, and a while longer."""
        self._mend(NATS)
        before = full_streams_told(self.house)
        told = self.streams.leave_no_room()

        def refused() -> bool:
            return full_streams_told(self.house) > before

        def mend() -> None:
            self._mend(NATS)
            self.streams.heal()
            self.done["fill_streams"] += refused()
            self.tell(
                f"gave the streams room again, {full_streams_told(self.house) - before} relays were refused"
            )

        return f"{told}; {self._later(STREAMS, HELD_SECONDS, mend, enough=refused)}"

    def delete_stream(self) -> str:
        self._mend(NATS)
        return self.streams.delete()

    def remake_stream(self) -> str:
        self._mend(NATS)
        return self.streams.remake()

    def delete_consumer(self) -> str:
        self._mend(NATS)
        return self.streams.delete_consumer()

    def copy_streams(self) -> str:
        self._mend(NATS)
        return self.streams.copy()

    def restore_stream(self) -> str:
        self._mend(NATS)
        return self.streams.restore()

    # Mending.

    def _replica(self) -> Replica:
        replica = self.chance.choice([one for one in self.house.replicas if not self._is_frozen(one.name)])
        self._mend(replica.name)
        return replica

    def _is_frozen(self, name: str) -> bool:
        return name in self._mends and self._mends[name].whole

    def _later(
        self,
        name: str,
        between: tuple[float, float],
        do: Callable[[], None],
        *,
        whole: bool = False,
        enough: Callable[[], bool] = lambda: True,
    ) -> str:
        seconds = self.chance.uniform(*between)
        due = time.monotonic() + seconds
        self._mends[name] = Mend(due, do, whole, enough, due + FULL_SECONDS_MAX)
        return f"for {seconds:.1f} s"

    def _mend(self, name: str) -> None:
        """Mend *name* now if it is broken, or, where it is frozen, when its time has come."""
        while self._is_frozen(name) and self._mends[name].due > time.monotonic():
            time.sleep(LOOK_SECONDS)
            self._mend_what_is_due()
        if mend := self._mends.pop(name, None):
            mend.do()

    def _mend_until(self, end: float, enough: Callable[[], bool] = lambda: False) -> None:
        """Let time pass, at most until *end* (time.monotonic), and mend what is due meanwhile."""
        while time.monotonic() < end and not enough():
            self._mend_what_is_due()
            time.sleep(LOOK_SECONDS)

    def _mend_what_is_due(self) -> None:
        now = time.monotonic()
        for name, mend in [(name, mend) for name, mend in self._mends.items() if mend.due <= now]:
            if now > mend.at_last or mend.enough():
                self._mend(name)
            else:
                mend.due = now + AGAIN_SECONDS


def _dealt(chance: random.Random, cards: Sequence[Act], once: Sequence[Act] = ()) -> Iterator[Act]:
    """Deal each kind of card, shuffled, and each of *once*; then *cards* again and again, shuffled each time."""
    yield from _shuffled(chance, [*dict.fromkeys(cards), *once])
    while True:
        yield from _shuffled(chance, cards)


def _shuffled(chance: random.Random, cards: Sequence[Act]) -> list[Act]:
    return chance.sample(cards, len(cards))
