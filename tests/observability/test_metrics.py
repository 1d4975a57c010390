"""What /metrics says of a service at work is what its log, its stream and its readers hold."""

import re
from datetime import timedelta
from pathlib import Path

import asyncpg
import nats

from shared import clock
from shared.metrics import RELAY_STATES, Metrics
from shared.service import VERSION
from tests.integration.shell import CONTACT, at_work, until_ready
from tests.observability.measuring import (
    READER,
    STREAM,
    STREAM_BYTES_MAX,
    VILLAGE,
    World,
    measured,
    until_measured,
    until_over,
)

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "observability.md"


async def test_the_stream_and_the_readers_are_measured_event_for_event(world: World) -> None:
    await world.say("东村", "西村", "bad")
    await until_measured(world.contact, 3, "kith_events_received_total", reader=READER)
    await until_measured(world.contact, 1, "kith_parked_events", reader=READER)
    assert await measured(world.contact, "kith_lag_events", reader=READER) == 0
    assert await measured(world.contact, "kith_lag_seconds", reader=READER) == 0
    assert await measured(world.contact, "kith_end_to_end_seconds_count", reader=READER) == 3
    assert (await measured(world.contact, "kith_batch_seconds_sum", reader=READER) or 0) > 0

    await until_measured(world.registry, 3, "kith_stream_events", stream=STREAM)
    await until_measured(world.registry, 0, "kith_relay_unpublished_events", stream=STREAM)
    assert await measured(world.registry, "kith_relay_published_total") == 3
    assert await measured(world.registry, "kith_stream_bytes_max", stream=STREAM) == STREAM_BYTES_MAX
    assert 0 < (await measured(world.registry, "kith_stream_bytes", stream=STREAM) or 0) < STREAM_BYTES_MAX
    assert await measured(world.registry, "kith_stream_copies_current", stream=STREAM) == 1
    assert await measured(world.registry, "kith_commands_total", outcome="taken") == 3
    assert await measured(world.registry, "kith_ready") == 1
    assert await measured(world.registry, "kith_build_info", version=VERSION) == 1


async def test_a_reader_that_is_held_up_says_by_how_many_events_and_how_old_the_first_is(
    world: World,
) -> None:
    await world.say("东村")
    await until_measured(world.contact, 1, "kith_events_received_total", reader=READER)
    blocker = await asyncpg.connect(world.contact_database.owner_dsn)
    async with blocker.transaction():
        await blocker.execute("LOCK TABLE app.names IN SHARE MODE")
        await world.say("西村", "南村")
        await until_measured(world.contact, 2, "kith_lag_events", reader=READER)
        assert (await measured(world.contact, "kith_lag_seconds", reader=READER) or 0) > 0
    await blocker.close()
    await until_measured(world.contact, 0, "kith_lag_events", reader=READER)


async def test_a_write_transaction_left_open_shows_as_horizon_lag_and_as_unpublished_events(
    world: World,
) -> None:
    await until_measured(world.registry, 0, "kith_relay_unpublished_events", stream=STREAM)
    elsewhere = await asyncpg.connect(world.contact_database.dsn)
    async with elsewhere.transaction():
        await elsewhere.execute("SELECT pg_current_xact_id()")
        await world.say("东村")
        await until_measured(world.registry, 1, "kith_relay_unpublished_events", stream=STREAM)
        await until_over(world.registry, 0, "kith_horizon_lag_seconds")
    await elsewhere.close()
    await until_measured(world.registry, 0, "kith_relay_unpublished_events", stream=STREAM)


async def test_a_full_stream_leaves_its_events_unpublished_and_says_since_when(world: World) -> None:
    await until_measured(world.registry, 0, "kith_stream_events", stream=STREAM)
    bus = await nats.connect(world.deployment.bus.url_for("operator"))
    config = (await bus.jetstream().stream_info(STREAM)).config
    await bus.jetstream().update_stream(config.evolve(max_bytes=1))
    await bus.close()
    await world.say("东村", "西村")
    await until_measured(world.registry, 1, "kith_relay_state", state="stream_full")
    await until_measured(world.registry, 2, "kith_relay_unpublished_events", stream=STREAM)
    assert (await measured(world.registry, "kith_relay_oldest_unpublished_seconds", stream=STREAM) or 0) > 0
    states = [await measured(world.registry, "kith_relay_state", state=state) for state in RELAY_STATES]
    assert sum(filter(None, states)) == 1


async def test_a_replica_that_waits_tells_nothing_of_what_another_does(world: World) -> None:
    await world.say("东村")
    await until_measured(world.contact, 0, "kith_lag_events", reader=READER)
    database = world.contact_database
    async with at_work(CONTACT, world.deployment.settings(database), database) as waiting:
        await until_ready(waiting)
        assert await measured(waiting, "kith_lag_events", reader=READER) is None
        assert await measured(waiting, "kith_relay_unpublished_events") is None
        assert await measured(waiting, "kith_part_ok", part=f"reader:{READER}") == 1


async def test_a_part_that_is_away_is_not_ok_and_what_it_knew_is_not_told(world: World) -> None:
    await until_measured(world.registry, 0, "kith_stream_events", stream=STREAM)
    world.deployment.bus.stop()
    await until_measured(world.registry, None, "kith_stream_events", stream=STREAM)
    await until_measured(world.registry, 0, "kith_part_ok", part="bus")
    assert (await world.registry.get("/readyz")).status_code == 503
    assert (await measured(world.registry, "kith_part_success_age_seconds", part="bus") or 0) > 0
    assert await measured(world.registry, "kith_ready") == 0


async def test_the_day_is_told_by_how_many_days_it_is_behind(world: World) -> None:
    assert await measured(world.contact, "kith_day_behind_days") is None
    owner = await asyncpg.connect(world.contact_database.owner_dsn)
    day = clock.today_in_shanghai() - timedelta(days=3)
    await owner.execute("INSERT INTO kernel.day (day) VALUES ($1)", day)
    await owner.close()
    await until_measured(world.contact, 3, "kith_day_behind_days", clock="live")


async def test_no_label_says_whom_or_where_a_request_was_about(world: World) -> None:
    await world.say("东村")
    await world.registry.get(f"/names?area={VILLAGE}", headers=world.deployment.login())
    await world.registry.get(f"/{VILLAGE}/nowhere")
    await world.registry.request("BREW", "/names")
    text = (await world.registry.get("/metrics")).text
    assert VILLAGE not in text
    assert 'route="/unmatched"' in text
    assert "BREW" not in text


def test_the_documentation_tells_every_metric_and_no_other() -> None:
    suffixes = {"counter": "_total", "info": "_info"}
    told = {
        (family.name + suffixes.get(family.type, ""), f"{family.type}: {family.documentation}")
        for family in Metrics().registry.collect()
        if family.name.startswith("kith_")
    }
    rows = re.findall(r"^\| `(kith_\w+)` \|[^|]*\| (.+) \|$", DOCUMENTATION.read_text(), re.MULTILINE)
    assert set(rows) == told
