"""A whole Kith under compose, with its own folder, ports and volumes, for as long as a test needs it."""

import json
import secrets
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kith.embedded.kept_secrets import bus_password, password
from kith.embedded.ports import LOOPBACK, kept_port
from tests.command_line import run_kith
from tests.containers.engine import COMMAND_SECONDS_MAX, run
from tests.folders import data_folder

COMPOSE_2 = ("docker", "compose")
COMPOSE_1 = ("docker-compose",)
LOG_LINES = 40


@dataclass(frozen=True)
class Stack:
    """One deployment under compose; *settings* are the variables of docker-compose.yml."""

    data: Path
    settings: Mapping[str, str]
    program: tuple[str, ...] = COMPOSE_2

    @property
    def address(self) -> str:
        """The gateway's address over HTTP."""
        return f"http://{LOOPBACK}:{self.settings['KITH_GATEWAY_HTTP_PORT']}"

    @property
    def https_address(self) -> str:
        return f"https://localhost:{self.settings['KITH_GATEWAY_HTTPS_PORT']}"

    @property
    def bus_address(self) -> str:
        return f"nats://{LOOPBACK}:{self.settings['NATS_PORT']}"

    def compose(self, *words: str, check: bool = True) -> str:
        """Run compose on this deployment and return what it printed."""
        done = self.tried(*words)
        assert not check or done.returncode == 0, f"{' '.join(words)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def tried(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run compose on this deployment and return how it ended."""
        settings = str(self.data / "compose.env")
        return run(*self.program, "--env-file", settings, *words, environment=self.settings, check=False)

    def keep_settings(self) -> None:
        """Write what it was started with into its settings, where an operator has it and `kith` looks for it."""
        self.change(**self.settings)

    def change(self, **settings: str) -> None:
        """Add *settings*, of which the last of a name counts."""
        with (self.data / "compose.env").open("a", encoding="utf-8") as file:
            file.writelines(f"{name}={value}\n" for name, value in settings.items())

    def containers(self, service: str) -> set[str]:
        """Return the ids of all containers of *service*."""
        return {*self.compose("ps", "--all", "--quiet", service).split()}

    def kith(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the command line on this deployment, through its gateway."""
        environment = {
            **{name: value for name, value in self.settings.items() if name == "KITH_IMAGE"},
            "KITH_URL": self.address,
            "KITH_NATS_URL": self.bus_address,
        }
        return run_kith(words, self.data, environment, COMMAND_SECONDS_MAX)

    def container(self, service: str) -> str:
        """Return the id of the container of *service*."""
        return self.compose("ps", "--all", "--quiet", service).strip()

    def inspected(self, service: str) -> dict[str, Any]:
        """Return what the engine knows of the container of *service*."""
        found: list[dict[str, Any]] = json.loads(run("docker", "inspect", self.container(service)).stdout)
        return found[0]

    def inside(self, service: str) -> str:
        """Return the address of *service* on the inner network, which only this machine reaches."""
        networks = self.inspected(service)["NetworkSettings"]["Networks"]
        address: str = next(told["IPAddress"] for name, told in networks.items() if name.endswith("_back"))
        return address

    def bus(self, user: str) -> str:
        """Return the address of the bus for *user*."""
        return f"nats://{user}:{bus_password(self.data, user)}@{self.inside('nats')}:4222"

    def database(self, role: str, database: str) -> str:
        """Return the address of *database* for *role*."""
        return f"postgresql://{role}:{password(self.data, role)}@{self.inside('postgres')}:5432/{database}"

    def logs(self) -> str:
        return self.compose("logs", "--no-color", f"--tail={LOG_LINES}", check=False)


@contextmanager
def deployed(
    program: tuple[str, ...] = COMPOSE_2, settings: Mapping[str, str] | None = None
) -> Iterator[Stack]:
    """Make the files of a deployment; nothing is started, and whatever was is gone at the end."""
    with data_folder() as data:
        chosen = {
            "COMPOSE_PROJECT_NAME": f"kith-test-{secrets.token_hex(4)}",
            "KITH_GATEWAY_HTTP_PORT": str(kept_port(data, "gateway")),
            "KITH_GATEWAY_HTTPS_PORT": str(kept_port(data, "gateway-https")),
            "NATS_PORT": str(kept_port(data, "bus")),
            "KITH_CLOCK": "advanced",
            **(settings or {}),
        }
        stack = Stack(data, chosen, program)
        made = stack.kith("init", "--containers")
        assert made.returncode == 0, made.stderr
        try:
            yield stack
        finally:
            stack.compose("down", "--volumes", "--remove-orphans", "--timeout", "20", check=False)


@contextmanager
def running(
    settings: Mapping[str, str] | None = None, prepare: Callable[[Stack], None] | None = None
) -> Iterator[Stack]:
    """Start a deployment, after *prepare*, and give it once everything is healthy."""
    with deployed(settings=settings) as stack:
        if prepare is not None:
            prepare(stack)
        try:
            stack.compose("up", "--wait", "--pull", "never")
        except AssertionError as failed:
            raise AssertionError(f"{failed}\n{stack.logs()}") from None
        yield stack
