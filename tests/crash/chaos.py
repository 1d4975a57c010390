"""What is done to a deployment: one act at a time, drawn by the seed, each mended a while later."""

import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from kith.client import ANSWER_SECONDS_MAX
from tests.crash.deployment import House, Replica, family, full_streams_told, signal_all
from tests.crash.driving import Pace
from tests.crash.mending import FULL_SECONDS_MAX, Mending
from tests.crash.proxy import Link
from tests.crash.streams import InVain, StreamActs

PAUSE_SECONDS = (8.0, 15.0)
"""Longer than a lease (6 s) and than every wait for an answer of the bus."""
STALL_SECONDS = (135.0, 150.0)
"""Longer than the longest wait of a service: 120 s for a database that says nothing, 5 for the end of that query."""
SHORT_STALL_SECONDS = (20.0, 25.0)
"""Longer than a lease, every wait for an answer of the bus, and the 15 s for which PostgreSQL leaves a transaction open
whose client says nothing."""
DOOR_STALL_SECONDS = (ANSWER_SECONDS_MAX + 2.0, ANSWER_SECONDS_MAX + 10.0)
"""Longer than a caller waits for an answer; he waits longer for that of an import, which must not be lost for good."""
STALLS_FROM_KILLS = 50
"""A shorter run has no time to wait for stalls but a short one of a service, nor for what is lost of the database."""
TO_NATS_OF_LINKS = 0.5
"""How many of the links that are broken lead to NATS; the others lead to PostgreSQL."""
ALL_OF_LINKS = 0.3
"""How often every replica's link to a server is broken and not one."""
OTHERS_A_KILL = 0.5
"""Other acts for each kill, in a run that is long enough to do each of them with so few."""
DOWN_SECONDS = (0.0, 3.0)
HELD_SECONDS = (1.0, 15.0)
BETWEEN_SECONDS_MAX = 1.0
PATIENCE_SECONDS = 8.0
"""How long the clerk is waited for before the next kill comes all the same."""
AGAIN_MAX = 20
"""How often an act that was in vain is tried once more after the last kill, each time up to a second later."""

Tell = Callable[[str], None]
Act = Callable[[], str]
POSTGRES, NATS, STREAMS = "postgres", "nats", "streams"


@dataclass
class Chaos:
    """Kills and other acts on one deployment; the same seed draws the same acts in the same order.

    What each is done to hangs also on what is there at its moment.
    """

    house: House
    chance: random.Random
    tell: Tell
    pace: Pace
    over: Callable[[], bool]
    """Whether nobody works any more, and further acts would tell nothing."""
    look: Callable[[], None]
    """Takes down what is there, before each act."""
    streams: StreamActs = field(init=False)
    broken: Mending = field(init=False)
    kills: int = 0
    """How many were done."""
    done: Counter[str] = field(default_factory=Counter)
    """How often each act was done and had something to be done to."""
    undone: Sequence[str] = ()
    """Acts that the run was over without."""

    def __post_init__(self) -> None:
        self.streams = StreamActs(self.house, self.chance)
        self.broken = Mending(self.chance)

    def run(self, kills: int) -> None:
        """Kill *kills* times, with every other act between, each time while the clerk is at the next bit of work."""
        stalls = self._stalls() if kills >= STALLS_FROM_KILLS else [self.stall_service_shortly]
        others = self._others()
        # Of its own: what an act draws hangs on what there is when it comes, the order of acts must not.
        deal = random.Random(self.chance.random())  # noqa: S311 - to be repeated, not to be secret
        killing, other = _dealt(deal, self._kills()), _dealt(deal, others, stalls)
        wanted = {act.__name__ for act in (*self._kills(), *others, *stalls)}
        self.tell(self.streams.copy())
        share = max(OTHERS_A_KILL, len({*others, *stalls}) / kills)
        in_vain: list[Act] = []
        for n in range(kills):
            self.broken.until(time.monotonic() + PATIENCE_SECONDS, lambda: self.pace.waiting)
            if self.over():
                break
            self.pace.allow((n + 1) / (kills + 1))
            self._do(next(killing), f"kill {n + 1}/{kills}, {self.pace}")
            self.kills = n + 1
            more = [*in_vain, *islice(other, int((n + 1) * share) - int(n * share))]
            in_vain = [act for act in more if not self._do(act, "and")]
        for _ in range(AGAIN_MAX):
            in_vain = [act for act in in_vain if not self.over() and not self._do(act, "and at last")]
        self.broken.until(time.monotonic() + FULL_SECONDS_MAX, lambda: STREAMS not in self.broken)
        self.heal()
        self.undone = sorted(act for act in wanted if not self.done[act])

    def heal(self) -> None:
        """Mend everything that is still broken."""
        self.broken.mend_all()
        self.streams.heal()
        self.tell("everything is mended")

    def _do(self, act: Act, what: str) -> bool:
        """Do *act*; return whether there was anything to do it to."""
        self.broken.until(time.monotonic() + self.chance.uniform(0, BETWEEN_SECONDS_MAX))
        self.look()
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
            self.lose_nats,
            *[self.hold_door] * 2,
            *[self.reset_door] * 2,
            self.fill_streams,
            self.delete_stream,
            self.remake_stream,
            self.delete_consumer,
            self.copy_streams,
            *[self.restore_stream] * 2,
        ]

    def _stalls(self) -> list[Act]:
        return [
            *[self.lose_postgres] * 2,
            self.stall_service,
            self.stall_nats,
            self.stall_postgres,
            self.stall_door,
        ]

    # Kills.

    def kill_service(self) -> str:
        replica = self._replica()
        replica.process.process.kill()
        replica.process.process.wait()
        return (
            f"killed {replica.name}, {self.broken.later(replica.name, DOWN_SECONDS, replica.process.start)}"
        )

    def kill_nats(self) -> str:
        self.broken.mend(NATS)
        self.house.bus.kill()
        return f"killed NATS, {self.broken.later(NATS, DOWN_SECONDS, self.house.start_nats)}"

    def kill_postgres(self) -> str:
        self.broken.mend(POSTGRES)
        self.house.kill_postgres()
        return (
            f"killed PostgreSQL whole, {self.broken.later(POSTGRES, DOWN_SECONDS, self.house.start_postgres)}"
        )

    def kill_postmaster(self) -> str:
        self.broken.mend(POSTGRES)
        self.house.kill_postmaster()
        return (
            f"killed the postmaster, {self.broken.later(POSTGRES, DOWN_SECONDS, self.house.start_postgres)}"
        )

    def kill_backend(self) -> str:
        self.broken.mend(POSTGRES)
        self.house.kill_backend()
        return "killed a process of PostgreSQL"

    # Pauses.

    def pause_service(self) -> str:
        replica = self._replica()
        return f"froze {replica.name}, {self._freeze(replica.name, [replica.process.process.pid])}"

    def pause_nats(self) -> str:
        self.broken.mend(NATS)
        return f"froze NATS, {self._freeze(NATS, [self.house.bus.process.pid])}"

    def pause_postgres(self) -> str:
        self.broken.mend(POSTGRES)
        return f"froze PostgreSQL, {self._freeze(POSTGRES, family(self.house.postgres.process.pid))}"

    def stall_service(self) -> str:
        """Freeze one replica past every timeout of a service."""
        return self._stall_service(STALL_SECONDS)

    def stall_service_shortly(self) -> str:
        return self._stall_service(SHORT_STALL_SECONDS)

    def _stall_service(self, seconds: tuple[float, float]) -> str:
        replica = self._replica()
        pids = [replica.process.process.pid]
        return f"froze {replica.name}, {self._freeze(replica.name, pids, seconds)}"

    def stall_nats(self) -> str:
        self.broken.mend(NATS)
        return f"froze NATS, {self._freeze(NATS, [self.house.bus.process.pid], STALL_SECONDS)}"

    def stall_postgres(self) -> str:
        self.broken.mend(POSTGRES)
        pids = family(self.house.postgres.process.pid)
        return f"froze PostgreSQL, {self._freeze(POSTGRES, pids, STALL_SECONDS)}"

    def _freeze(self, name: str, pids: list[int], seconds: tuple[float, float] = PAUSE_SECONDS) -> str:
        signal_all(pids, signal.SIGSTOP)
        return self.broken.later(name, seconds, lambda: signal_all(pids, signal.SIGCONT), whole=True)

    # Cables.

    def hold(self) -> str:
        links = self._links()
        name = links[0].name if len(links) == 1 else f"{links[0].name} and {len(links) - 1} more"
        self.broken.mend(name)
        return self._hold(name, links, HELD_SECONDS)

    def reset(self) -> str:
        links = self._links()
        met = met_by([link.reset() for link in links])
        return f"reset {', '.join(link.name for link in links)}, {met}"

    def lose_nats(self) -> str:
        return self._lose([replica.to_nats for replica in self.house.replicas])

    def lose_postgres(self) -> str:
        """Leave whoever asks the database without an answer: that is only given up when it was waited for in vain."""
        return self._lose([replica.to_postgres for replica in self.house.replicas])

    def _lose(self, links: Sequence[Link]) -> str:
        link = self.chance.choice(in_use(links))
        met = met_by([link.lose()])
        return f"lost every connection of {link.name} in silence, {met}"

    def hold_door(self) -> str:
        door = self._door()
        return self._hold(door.name, [door], HELD_SECONDS)

    def stall_door(self) -> str:
        """Let a service say nothing to its callers past their patience."""
        door = self._door()
        return self._hold(door.name, [door], DOOR_STALL_SECONDS, whole=True)

    def reset_door(self) -> str:
        door = self._door()
        met = met_by([door.reset()])
        return f"reset {door.name}, {met}"

    def _hold(
        self, name: str, links: Sequence[Link], seconds: tuple[float, float], *, whole: bool = False
    ) -> str:
        end = self.chance.choice((Link.release, Link.reset))

        def mend() -> None:
            for link in links:
                end(link)

        try:
            met = met_by([link.hold() for link in links])
        except InVain:
            mend()
            raise
        return (
            f"held {name}, {met}, {self.broken.later(name, seconds, mend, whole=whole)}, then {end.__name__}"
        )

    def _links(self) -> list[Link]:
        """Draw one link, or all to one server."""
        to_nats = self.chance.random() < TO_NATS_OF_LINKS
        every = [replica.to_nats if to_nats else replica.to_postgres for replica in self.house.replicas]
        return every if self.chance.random() < ALL_OF_LINKS else [self.chance.choice(every)]

    def _door(self) -> Link:
        """Draw one of the doors at which somebody stands."""
        doors = [door for door in self.house.doors if not self.broken.is_frozen(door.name)]
        door = self.chance.choice(in_use(doors))
        self.broken.mend(door.name)
        return door

    # Streams.

    def fill_streams(self) -> str:
        """Leave the streams no room until a relay was refused for that, and a while longer."""
        self.broken.mend(NATS)
        before = full_streams_told(self.house)
        told = self.streams.leave_no_room()

        def refused() -> bool:
            return full_streams_told(self.house) > before

        def mend() -> None:
            self.broken.mend(NATS)
            self.streams.heal()
            self.done["fill_streams"] += refused()
            self.tell(
                f"gave the streams room again, {full_streams_told(self.house) - before} relays were refused"
            )

        return f"{told}; {self.broken.later(STREAMS, HELD_SECONDS, mend, enough=refused)}"

    def delete_stream(self) -> str:
        self.broken.mend(NATS)
        return self.streams.delete()

    def remake_stream(self) -> str:
        self.broken.mend(NATS)
        return self.streams.remake()

    def delete_consumer(self) -> str:
        self.broken.mend(NATS)
        return self.streams.delete_consumer()

    def copy_streams(self) -> str:
        self.broken.mend(NATS)
        return self.streams.copy()

    def restore_stream(self) -> str:
        self.broken.mend(NATS)
        return self.streams.restore()

    def _replica(self) -> Replica:
        replica = self.chance.choice(
            [one for one in self.house.replicas if not self.broken.is_frozen(one.name)]
        )
        self.broken.mend(replica.name)
        return replica


def in_use(links: Sequence[Link]) -> list[Link]:
    """Return those links on which there are connections; raises InVain where there are none."""
    if not (used := [link for link in links if link.connections]):
        raise InVain
    return used


def met_by(connections: Sequence[int]) -> str:
    """Return, in words, how many connections an act met; raises InVain where it was none."""
    if not (met := sum(connections)):
        raise InVain
    return f"{met} connections" if met > 1 else "1 connection"


def _dealt(chance: random.Random, cards: Sequence[Act], once: Sequence[Act] = ()) -> Iterator[Act]:
    """Deal each kind of card, shuffled, and each of *once*; then *cards* again and again, shuffled each time."""
    yield from _shuffled(chance, [*dict.fromkeys(cards), *once])
    while True:
        yield from _shuffled(chance, cards)


def _shuffled(chance: random.Random, cards: Sequence[Act]) -> list[Act]:
    return chance.sample(cards, len(cards))
