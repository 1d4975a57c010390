"""The hand that runs PostgreSQL's programs for a backup: it does what its folder asks, and only one does."""

import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kith.embedded.spawning import wait_until

HAND = Path(__file__).parents[2] / "deploy" / "postgres" / "hand.sh"
SECONDS_MAX = 20.0

LONG = """
import pathlib, signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)
pathlib.Path("begun").touch()
time.sleep(600)
"""
"""A program that can be interrupted, as PostgreSQL's can: a shell starts what runs beside it deaf to SIGINT."""

Hand = subprocess.Popen[bytes]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[[], Hand]]:
    """Give what starts a hand in the test's folder, once it is ready; all are gone afterwards."""
    hands: list[Hand] = []

    def start() -> Hand:
        ready = tmp_path / "ready"
        ready.unlink(missing_ok=True)
        hands.append(subprocess.Popen(["sh", HAND, tmp_path]))
        assert wait_until(ready.exists, SECONDS_MAX)
        return hands[-1]

    yield start
    for hand in hands:
        hand.kill()
        hand.wait()


def ask(folder: Path, words: str) -> None:
    """Ask what stands in *words* of the hand in *folder*."""
    unfinished = folder / "asked.unfinished"
    unfinished.write_text(words, encoding="ascii")
    unfinished.rename(folder / "asked")


def answer(folder: Path) -> str:
    """Return the exit code that the hand tells when the program has ended."""
    ended = folder / "ended"
    assert wait_until(ended.exists, SECONDS_MAX)
    return ended.read_text(encoding="ascii").strip()


def test_it_tells_how_a_program_ended_and_what_it_said(tmp_path: Path, begin: Callable[[], Hand]) -> None:
    begin()
    ask(tmp_path, "sh -c 'echo done; exit 3'")
    assert answer(tmp_path) == "3"
    assert (tmp_path / "said").read_text(encoding="ascii") == "done\n"


def test_it_interrupts_a_program_when_it_is_told_to(tmp_path: Path, begin: Callable[[], Hand]) -> None:
    begin()
    ask(tmp_path, shlex.join([sys.executable, "-c", LONG]))
    assert wait_until((tmp_path / "begun").exists, SECONDS_MAX)
    (tmp_path / "stop").touch()
    assert answer(tmp_path) != "0"


def test_a_later_hand_in_the_folder_sends_the_former_away(tmp_path: Path, begin: Callable[[], Hand]) -> None:
    former, later = begin(), begin()
    assert former.wait(SECONDS_MAX) == 0
    ask(tmp_path, "sh -c 'echo once >> ran'")
    assert answer(tmp_path) == "0"
    assert (tmp_path / "ran").read_text(encoding="ascii") == "once\n"
    assert later.poll() is None


@pytest.mark.parametrize("away", ["leave", "SIGTERM"])
def test_it_leaves_when_it_is_sent_away(tmp_path: Path, begin: Callable[[], Hand], away: str) -> None:
    hand = begin()
    if away == "leave":
        (tmp_path / "leave").touch()
    else:
        hand.send_signal(signal.SIGTERM)
    assert hand.wait(SECONDS_MAX) == 0
