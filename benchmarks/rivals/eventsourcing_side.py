"""The library eventsourcing at work: `python eventsourcing_side.py DSN WORK WORKERS EVENTS SECONDS`, with its defaults.

Its recorders are driven directly, below its aggregates, which are slower; one thread a worker.
"""

import json
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID, uuid4  # noqa: TID251 - ids of a benchmark have no cause

from eventsourcing.persistence import StoredEvent, Tracking
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore, PostgresTrackingRecorder
from psycopg.sql import SQL

BODY = {
    "area": "431299100001",
    "on": "2026-03-01",
    "recorded_on": "2026-03-02",
    "visit_id": "00000000-0000-4000-8000-000000000001",
    "child_id": "00000000-0000-4000-8000-000000000002",
    "kind": "guardian_talk",
    "reached": True,
    "entered_on": "2026-03-02",
    "in_file": True,
    "carer_id": None,
}
STREAM_EVENTS, STREAMS, PROJECTED, PAGE = 20, 50, 10_000, 500
COUNTS = "CREATE TABLE IF NOT EXISTS counts (key uuid PRIMARY KEY, n bigint NOT NULL)"
COUNT = "INSERT INTO counts VALUES (%s, 1) ON CONFLICT (key) DO UPDATE SET n = counts.n + 1"


class Counting(PostgresTrackingRecorder):  # type: ignore[misc] # it is not installed where types are checked
    """A projection as the library's documentation writes one: an event and its tracking in a transaction."""

    def __init__(self, datastore: PostgresDatastore, **named: Any) -> None:
        super().__init__(datastore, **named)
        self.sql_create_statements.append(SQL(COUNTS))

    def count(self, key: Any, tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(COUNT, (key,))


class Side:
    """The library on one database."""

    def __init__(self, dsn: str, workers: int, events: int, seconds: float) -> None:
        parts = urlsplit(dsn)
        self.store = PostgresDatastore(
            dbname=parts.path.lstrip("/"),
            host=parts.hostname or "",
            port=parts.port or 5432,
            user=parts.username or "",
            password=unquote(parts.password or ""),
            pool_size=workers + 1,
            max_overflow=2,
        )
        self.recorder = PostgresApplicationRecorder(self.store, events_table_name="stored_events")
        self.recorder.create_table()
        self.view = Counting(self.store)
        self.view.create_table()
        self.workers, self.events, self.seconds = workers, events, seconds

    def append(self) -> float:
        return self._timed(lambda: self._write(uuid4(), 1, self.events)) * self.events

    def command(self) -> float:
        streams = [uuid4() for _ in range(self.workers)]
        waiting = iter(streams)

        def own_stream() -> Callable[[], Any]:
            stream, length = next(waiting), 0

            def handle() -> None:
                nonlocal stream, length
                if length == STREAM_EVENTS:
                    stream, length = uuid4(), 0
                past = self.recorder.select_events(stream)
                assert sum(bool(json.loads(event.state)["reached"]) for event in past) == length
                self._write(stream, length + 1, 1)
                length += 1

            return handle

        return self._timed(None, own_stream)

    def read(self) -> float:
        streams = self._fill()
        turn = iter(range(10**9))

        def load() -> None:
            past = self.recorder.select_events(streams[next(turn) % len(streams)])
            assert len([json.loads(event.state) for event in past]) == STREAM_EVENTS

        return self._timed(load)

    def project(self) -> float:
        self._fill(PROJECTED // STREAM_EVENTS)
        begun, seen = time.perf_counter(), 0
        last: int | None = None
        while page := self.recorder.select_notifications(last, PAGE, inclusive_of_start=False):
            for one in page:
                json.loads(one.state)
                self.view.count(one.originator_id, Tracking("bench", one.id))
            last, seen = page[-1].id, seen + len(page)
        assert seen == PROJECTED
        return seen / (time.perf_counter() - begun)

    rebuild = project

    def lose(self) -> float:
        seen: set[tuple[Any, int]] = set()
        done = threading.Event()

        def tail() -> None:
            last: int | None = None
            while True:
                over = done.is_set()
                page = self.recorder.select_notifications(last, PAGE, inclusive_of_start=False)
                seen.update((one.originator_id, one.originator_version) for one in page)
                if page:
                    last = page[-1].id
                elif over:
                    return

        reader = threading.Thread(target=tail)
        reader.start()
        self._timed(lambda: self._write(uuid4(), 1, 1))
        done.set()
        reader.join()
        with self.store.transaction() as cursor:
            cursor.execute("SELECT count(*) AS written FROM stored_events")
            row = cursor.fetchone()
        return float(row["written"] - len(seen)) if row else 0.0

    def _write(self, stream: UUID, first: int, count: int) -> None:
        state = json.dumps(BODY).encode()
        self.recorder.insert_events(
            [StoredEvent(stream, first + n, "contact:VisitLogged", state) for n in range(count)]
        )

    def _fill(self, streams: int = STREAMS) -> Sequence[UUID]:
        made = [uuid4() for _ in range(streams)]
        for stream in made:
            self._write(stream, 1, STREAM_EVENTS)
        return made

    def _timed(
        self, do: Callable[[], Any] | None, make: Callable[[], Callable[[], Any]] | None = None
    ) -> float:
        """Do it in as many threads as there are workers until the time is over; return how often a second."""
        counts = [0] * self.workers
        deadline = time.perf_counter() + self.seconds
        actions = [make() if make else do for _ in range(self.workers)]

        def run(n: int) -> None:
            action = actions[n]
            assert action is not None
            while time.perf_counter() < deadline:
                action()
                counts[n] += 1

        threads = [threading.Thread(target=run, args=(n,)) for n in range(self.workers)]
        begun = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sum(counts) / (time.perf_counter() - begun)


if __name__ == "__main__":
    _, dsn, work, workers, events, seconds = sys.argv
    side = Side(dsn, int(workers), int(events), float(seconds))
    print(json.dumps(getattr(side, work)()))
    side.store.close()
