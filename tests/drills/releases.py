"""Drills of containers that are replaced while people ask: by the same release, by a newer one, from one long ago."""

import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.subjects import SERVICES
from tests.containers.engine import BASES, KITH_IMAGE, ROOT, run
from tests.containers.stack import Stack
from tests.drills.at_work import AtWork, small_county_at_work
from tests.drills.callers import Answered, asking

WITH_BACKUP = ("--file", "docker-compose.yml", "--file", "compose.backup.yml")
BEFORE = os.environ.get("KITH_BEFORE", "8d2290ac80353460a3ef0044b35b957139befb8b^")
"""The release before: a commit of this repository. By default the last with one account of the bus for all."""

CLERK_BEGAN, CLERK_ENDS, CLERK_SECONDS = 0.3, 0.9, 300
"""Which share of the clerk's commands lies before an upgrade, and how many seconds the rest but a tenth would last."""
AWAY_SECONDS_MAX = 10.0
"""How long nobody may reach the gateway, which has one address to be reached at, from when it is told to end. An answer
that is broken off later, while a service is replaced, makes it longer; one before has failed."""

EXPANSION = """
CREATE TABLE app.of_a_later_release (note text NOT NULL);
"""


def rolling() -> None:
    """every service started anew, and the gateway having read its certificate anew, while people ask"""
    with small_county_at_work() as work:
        work.work_up_to(CLERK_BEGAN)
        work.stack.keep_settings()
        before = {service: work.stack.containers(service) for service in SERVICES}
        with asking(work.stack) as answered, clerk_working_on(work):
            took = _done(work, "restart")
        for service, containers in before.items():
            assert not work.stack.containers(service) & containers, f"{service} is the one of before"
        refused = answered.failures + answered.broken_off
        assert not refused, f"{answered.statuses} {refused}"
        work.tell(f"started anew in {took:.0f} s: {_asked(answered)}, none failed")


def renewed() -> None:
    """every service and the gateway replaced by a newer release, while people ask"""
    with small_county_at_work() as work, newer_image() as image:
        _upgrade(work, image)


def upgraded() -> None:
    """from a release in which all services had one account of the bus, while people ask"""
    with image_before() as before, small_county_at_work({"KITH_IMAGE": before}, _with_its_files) as work:
        _upgrade(work, KITH_IMAGE)


def _upgrade(work: AtWork, image: str) -> None:
    """Upgrade a working county to *image*; whoever asks meanwhile is answered."""
    stack = work.stack
    work.pace.allow(CLERK_BEGAN)
    stack.compose(*WITH_BACKUP, "run", "--rm", "backup", "make")  # who upgrades has one already
    stack.keep_settings()
    gateway = stack.container("gateway")
    with asking(stack) as answered, clerk_working_on(work), told_to_end(gateway) as ended:
        took = _done(work, "upgrade", "--image", image)
    assert ended, "the gateway was never replaced"
    _judge(work, answered, took, min(ended))


def _done(work: AtWork, *words: str) -> float:
    """Run a command of Kith's and return how many seconds it took."""
    began = time.monotonic()
    done = work.stack.kith(*words, "--json")
    assert done.returncode == 0, done.stderr
    return time.monotonic() - began


@contextmanager
def clerk_working_on(work: AtWork) -> Iterator[None]:
    """Let the clerk begin a command about every second, from the share of a third on, as long as the context lasts."""
    over = threading.Event()
    shares = [CLERK_BEGAN + (CLERK_ENDS - CLERK_BEGAN) * n / CLERK_SECONDS for n in range(CLERK_SECONDS)]
    left = iter(shares)

    def allow() -> None:
        while not over.wait(1.0) and (share := next(left, None)) is not None:
            work.pace.allow(share)

    allowing = threading.Thread(target=allow, daemon=True)
    allowing.start()
    try:
        yield
        assert allowing.is_alive(), "the clerk had done all that was left for it before the end"
    finally:
        over.set()
        allowing.join()
        work.pace.allow(CLERK_ENDS)


@contextmanager
def told_to_end(container: str) -> Iterator[list[float]]:
    """Give a list in which stands, after the context, when *container* was told to end (time.time).

    The engine is listened to meanwhile: it keeps a few hundred events, and probes of health make more.
    """
    chosen = ("--filter", f"container={container}", "--filter", "event=kill", "--format", "{{json .}}")
    moments: list[float] = []
    with subprocess.Popen(("docker", "events", *chosen), stdout=subprocess.PIPE, text=True) as listening:
        try:
            yield moments
        finally:
            listening.terminate()
            said, _ = listening.communicate()
            moments += [int(json.loads(line)["timeNano"]) / 1e9 for line in said.splitlines()]


def _judge(work: AtWork, answered: Answered, took: float, gateway_ended: float) -> None:
    failed = answered.failed(gateway_ended)
    assert not failed, f"{answered.statuses} {failed}"
    assert answered.commands, answered.statuses
    assert answered.away(gateway_ended) < AWAY_SECONDS_MAX, answered.away(gateway_ended)
    met_none = len(answered.broken_off) + len(answered.failures)
    work.tell(
        f"upgraded in {took:.0f} s: {_asked(answered)}, none failed; "
        f"{met_none} met no gateway in the {answered.away(gateway_ended):.1f} s of its own replacement"
    )


def _asked(answered: Answered) -> str:
    return f"{sum(answered.statuses.values()):,} requests, {answered.commands:,} of them commands"


def _with_its_files(stack: Stack) -> None:
    """Have the image that is started first write who may do what on the bus: each release knows its own."""
    folder = str(stack.data)
    user = f"{os.getuid()}:{os.getgid()}"
    run(
        *("docker", "run", "--rm", "--network", "none", "--user", user, "--volume", f"{folder}:{folder}"),
        *(stack.settings["KITH_IMAGE"], "init", "--containers", "--data", folder),
    )


@contextmanager
def newer_image() -> Iterator[str]:
    """Make the image of a later release: the same code, and a migration that only adds."""
    name = f"{KITH_IMAGE.partition(':')[0]}:later-{time.time_ns():x}"
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "0999_a_later_release.sql").write_text(EXPANSION, encoding="utf-8")
        Path(folder, "Dockerfile").write_text(
            f"FROM {KITH_IMAGE}\nCOPY 0999_a_later_release.sql /opt/kith/app/services/contact/migrations/\n",
            encoding="utf-8",
        )
        run("docker", "build", "--quiet", "--tag", name, folder)
    yield from _named(name)


@contextmanager
def image_before() -> Iterator[str]:
    """Make the image of the release BEFORE from its own files and the wheels that are here."""
    name = f"{KITH_IMAGE.partition(':')[0]}:before-{time.time_ns():x}"
    with tempfile.TemporaryDirectory() as folder:
        files = subprocess.run(["git", "archive", BEFORE], cwd=ROOT, check=True, capture_output=True).stdout
        subprocess.run(["tar", "-x", "-C", folder], input=files, check=True)
        shutil.copytree(ROOT / "build" / "wheelhouse", Path(folder, "build", "wheelhouse"))
        base = f"PYTHON_IMAGE={BASES['PYTHON_IMAGE']}"
        run("docker", "build", "--network", "none", "--quiet", "--tag", name, "--build-arg", base, folder)
    yield from _named(name)


def _named(image: str) -> Iterator[str]:
    try:
        yield image
    finally:
        run("docker", "image", "rm", "--force", image)
