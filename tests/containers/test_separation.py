"""No container has more rights than it uses: tries that must fail, on the bus, on the databases, in the engine."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import nats
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from shared.subjects import SERVICES, stream_of
from tests.containers.conftest import Year
from tests.containers.engine import run
from tests.containers.stack import Stack

pytestmark = pytest.mark.timeout(900)

OURS = (*SERVICES, "gateway")
EVERYBODY = (*OURS, "nats", "postgres")
RELOADED_SECONDS = 2.0
HEARD = 20
REFUSED_SECONDS = 0.05
"""The refusal comes before the answer to the ping that follows; it is handled beside it."""


class Visitor:
    """A connection to the bus that keeps what the server refused."""

    def __init__(self, client: Client, refused: list[str]) -> None:
        self.client = client
        self.refused = refused

    async def refused_to_say(self, subject: str) -> bool:
        """Return whether the server refuses what this user says on *subject*, a question too."""
        before = len(self.refused)
        await self.client.publish(subject, b"{}", reply=self.client.new_inbox())
        await self.client.flush()
        await asyncio.sleep(REFUSED_SECONDS)
        return len(self.refused) > before


@asynccontextmanager
async def visiting(stack: Stack, user: str, inbox: str | None = None) -> AsyncIterator[Visitor]:
    """Connect to the bus as *user*."""
    refused: list[str] = []

    async def keep(failure: Exception) -> None:
        refused.append(str(failure))

    client = await nats.connect(
        stack.bus(user),
        error_cb=keep,
        inbox_prefix=(inbox or f"_INBOX_{user}").encode(),
        max_reconnect_attempts=1,
    )
    try:
        yield Visitor(client, refused)
    finally:
        await client.close()


async def streams(stack: Stack) -> dict[str, tuple[int, int]]:
    """Return the first and the last message of every stream."""
    client = await nats.connect(stack.bus("operator"))
    states = {name: (await client.jetstream().stream_info(name)).state for name in map(stream_of, SERVICES)}
    await client.close()
    return {name: (state.first_seq, state.last_seq) for name, state in states.items()}


@pytest.mark.parametrize("user", SERVICES)
async def test_a_service_says_nothing_in_anothers_name(stack: Stack, year: Year, user: str) -> None:
    async with visiting(stack, user) as visitor:
        before = await streams(stack)
        for other in SERVICES:
            if other != user:
                assert await visitor.refused_to_say(f"kith.431299.431299210.{other}.ContactMissed")
        assert await streams(stack) == before


@pytest.mark.parametrize("user", SERVICES)
async def test_a_service_neither_ends_nor_empties_a_stream_nor_changes_anothers(
    stack: Stack, year: Year, user: str
) -> None:
    async with visiting(stack, user) as visitor:
        before = await streams(stack)
        for owner in SERVICES:
            for verb in ("DELETE", "PURGE", "MSG.DELETE", "SNAPSHOT", "RESTORE"):
                assert await visitor.refused_to_say(f"$JS.API.STREAM.{verb}.{stream_of(owner)}"), (
                    verb,
                    owner,
                )
            if owner != user:
                assert await visitor.refused_to_say(f"$JS.API.STREAM.CREATE.{stream_of(owner)}"), owner
                assert await visitor.refused_to_say(f"$JS.API.STREAM.UPDATE.{stream_of(owner)}"), owner
        assert await streams(stack) == before


async def test_a_reader_has_no_hand_on_anothers_place_in_a_stream(stack: Stack, year: Year) -> None:
    async with visiting(stack, "pairing") as visitor:
        theirs = f"{stream_of('registry')}.reporting-from-registry"
        for verb in ("DELETE", "INFO", "CREATE", "DURABLE.CREATE", "MSG.NEXT", "RESET"):
            assert await visitor.refused_to_say(f"$JS.API.CONSUMER.{verb}.{theirs}"), verb
        assert await visitor.refused_to_say(f"$JS.ACK.{theirs}.1.1.1.0.0")


async def test_a_service_hears_no_answers_that_are_anothers(stack: Stack, year: Year) -> None:
    async with visiting(stack, "contact") as visitor:
        await visitor.client.subscribe("_INBOX_registry.>")
        await visitor.client.subscribe("kith.>")
        await visitor.client.flush()
        await asyncio.sleep(0.1)
        assert len(visitor.refused) == 2


async def one_more(visitor: Visitor, facts: dict[str, Any], stream: str) -> Msg:
    """Fetch the next event of a subscription and say that it was taken."""
    place = f"{facts['api_prefix']}.CONSUMER.MSG.NEXT.{stream}.{facts['user']}"
    inbox = visitor.client.new_inbox()
    answer = await visitor.client.subscribe(inbox, max_msgs=1)
    await visitor.client.publish(place, b'{"batch": 1, "expires": 4000000000}', reply=inbox)
    message = await answer.next_msg(timeout=5)
    await message.respond(b"+ACK")
    return message


async def test_a_subscriber_reads_its_township_and_touches_nothing(stack: Stack, year: Year) -> None:
    township, stream = "431299210", stream_of("contact")
    added = stack.kith(
        *("subscriber", "add", "clinic", "--area", township, "--event", "ContactMissed", "--json")
    )
    assert added.returncode == 0, added.stderr
    facts = json.loads(added.stdout)
    for _ in range(2):  # the second binds what the first made
        stack.compose("kill", "--signal", "HUP", "nats")
        await asyncio.sleep(RELOADED_SECONDS)

    async with visiting(stack, facts["user"], inbox=facts["inbox_prefix"]) as visitor:
        heard = [await one_more(visitor, facts, stream) for _ in range(HEARD)]
        assert {message.subject for message in heard} == {f"kith.431299.{township}.contact.ContactMissed"}
        assert len({message.headers["ce-id"] for message in heard if message.headers}) == HEARD
        assert not visitor.refused

        before = await streams(stack)
        for api in ("$JS.API", facts["api_prefix"]):
            for verb in ("DELETE", "PURGE", "UPDATE", "MSG.DELETE", "MSG.GET"):
                assert await visitor.refused_to_say(f"{api}.STREAM.{verb}.{stream}"), verb
            for verb in ("DELETE", "CREATE", "DURABLE.CREATE"):
                assert await visitor.refused_to_say(f"{api}.CONSUMER.{verb}.{stream}.{facts['user']}"), verb
        assert await visitor.refused_to_say(f"kith.431299.{township}.contact.ContactMissed")
        assert await visitor.refused_to_say("ask.kith.registry.names")
        assert await streams(stack) == before


@pytest.mark.parametrize("role", SERVICES)
async def test_a_service_opens_no_other_database(stack: Stack, year: Year, role: str) -> None:
    for other in (*(f"kith_{service}" for service in SERVICES if service != role), "postgres", "template1"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asyncpg.connect(stack.database(role, other))
    own = await asyncpg.connect(stack.database(role, f"kith_{role}"))
    assert not await own.fetchval(
        "SELECT rolsuper OR rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname = $1", role
    )
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await own.execute("DELETE FROM kernel.events")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await own.execute("CREATE TABLE app.mine (id int)")
    await own.close()


@pytest.mark.parametrize("service", OURS)
def test_a_container_of_ours_runs_as_nobody_on_a_root_it_cannot_write(stack: Stack, service: str) -> None:
    told = run("docker", "exec", stack.container(service), "cat", "/proc/1/status").stdout
    process = dict(line.split(":\t", 1) for line in told.splitlines() if ":\t" in line)
    assert process["Uid"].split() == ["10001"] * 4
    assert int(process["CapEff"], 16) == int(process["CapBnd"], 16) == 0
    assert process["NoNewPrivs"] == "1"
    write = run("docker", "exec", stack.container(service), "touch", "/opt/kith/mine", check=False)
    assert "Read-only file system" in write.stderr


@pytest.mark.parametrize("service", EVERYBODY)
def test_a_container_has_bounds_and_starts_again(stack: Stack, service: str) -> None:
    host = stack.inspected(service)["HostConfig"]
    assert host["Memory"] > 0
    assert host["PidsLimit"] > 0
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert host["RestartPolicy"]["Name"] == "unless-stopped"
    assert host["LogConfig"]["Config"] == {"max-size": "10m", "max-file": "5"}


@pytest.mark.parametrize("service", [*EVERYBODY, "migrate"])
def test_no_secret_stands_in_an_environment_or_a_command(stack: Stack, service: str) -> None:
    secrets = [
        path.read_text(encoding="utf-8") for path in (stack.data / "secrets").iterdir() if path.is_file()
    ]
    told = run("docker", "inspect", stack.container(service)).stdout
    assert not [secret for secret in secrets if secret in told]


def test_only_the_gateway_and_the_bus_can_be_reached_from_outside_and_only_on_loopback(stack: Stack) -> None:
    published = {
        service: [
            binding["HostIp"]
            for bindings in stack.inspected(service)["NetworkSettings"]["Ports"].values()
            for binding in bindings or []
        ]
        for service in EVERYBODY
    }
    assert published.pop("gateway") == ["127.0.0.1", "127.0.0.1"]
    assert published.pop("nats") == ["127.0.0.1"]
    assert not any(published.values())


def test_what_signs_tokens_is_in_no_container(stack: Stack) -> None:
    mounted = {
        Path(mount["Source"])
        for service in (*EVERYBODY, "migrate")
        for mount in stack.inspected(service)["Mounts"]
        if mount["Type"] == "bind"
    }
    signing = stack.data / "secrets" / "signing-key.json"
    assert signing.exists()
    assert not mounted & {signing, *signing.parents}
