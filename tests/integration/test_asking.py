"""Questions between services: answered with the caller's rights, and never left without a reason."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from faststream.nats import NatsBroker
from pydantic import BaseModel

from shared.asking import PAYLOAD_BYTES_MAX, AskFailed, ask
from shared.problems import Refused
from shared.tokens import Caller, Role
from tests.conftest import ServiceDatabases
from tests.integration.shell import (
    ID_NUMBER,
    REGISTRY,
    Counted,
    Deployment,
    Nothing,
    at_work,
    until_ready,
)
from tests.servers import BusServer


class Long(BaseModel):
    """A question that is too long."""

    text: str


def caller(role: Role, *areas: str) -> Caller:
    return Caller(f"{role}-1", role, areas, "token")


@asynccontextmanager
async def asking(bus: BusServer, service: str = "contact") -> AsyncIterator[NatsBroker]:
    broker = NatsBroker(bus.url_for(service), inbox_prefix=f"_INBOX_{service}", logger=None)
    async with broker:
        await broker.start()
        yield broker


async def test_a_question_is_answered_with_the_rights_of_its_caller(
    tmp_path: Path, nats_server: BusServer, service_database: ServiceDatabases
) -> None:
    deployment = Deployment(tmp_path, nats_server)
    database = await service_database("registry")
    async with (
        at_work(REGISTRY, deployment.settings(database), database) as registry,
        asking(nats_server) as broker,
    ):
        await until_ready(registry)
        for area in ("431299200001", "431299201001"):
            reply = await registry.post(
                "/names", json={"area": area, "name": area}, headers=deployment.login()
            )
            assert reply.is_success, reply.text

        async def names(asker: Caller) -> int:
            return (await ask(broker, "registry", "names", Nothing(), Counted, caller=asker)).names

        assert await names(caller(Role.COUNTY, "431299")) == 2
        assert await names(caller(Role.VILLAGE, "431299200001")) == 1


async def test_a_refusal_and_a_failure_reach_the_asker_as_codes(
    tmp_path: Path,
    nats_server: BusServer,
    service_database: ServiceDatabases,
    capsys: pytest.CaptureFixture[str],
) -> None:
    deployment = Deployment(tmp_path, nats_server)
    database = await service_database("registry")
    async with (
        at_work(REGISTRY, deployment.settings(database), database) as registry,
        asking(nats_server) as broker,
    ):
        await until_ready(registry)
        with pytest.raises(Refused) as refused:
            await ask(broker, "registry", "names", Nothing(), Counted, caller=caller(Role.TEACHER, "431299"))
        assert (refused.value.code, refused.value.params["to"]) == ("day_is_past", "2026-01-01")
        with pytest.raises(AskFailed) as failed:
            await ask(broker, "registry", "names", Nothing(), Counted, caller=caller(Role.OPERATOR, "431299"))
        assert failed.value.code == "ask_failed"
        assert ID_NUMBER not in capsys.readouterr().err


async def test_who_asks_nobody_or_too_much_is_told_so_at_once(nats_server: BusServer) -> None:
    asker = caller(Role.COUNTY, "431299")
    async with asking(nats_server) as broker:
        with pytest.raises(AskFailed) as nobody:
            await ask(broker, "registry", "names", Nothing(), Counted, caller=asker)
        assert nobody.value.code == "nobody_answers"
        with pytest.raises(AskFailed) as large:
            await ask(broker, "registry", "names", Long(text="x" * PAYLOAD_BYTES_MAX), Counted, caller=asker)
        assert large.value.code == "ask_too_large"
    unconnected = NatsBroker(nats_server.url_for("contact"), logger=None)
    with pytest.raises(AskFailed) as away:
        await ask(unconnected, "registry", "names", Nothing(), Counted, caller=asker)
    assert away.value.code == "bus_away"
