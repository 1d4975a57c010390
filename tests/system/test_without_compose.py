"""Where the engine has no Compose of its own, what needs it says so before anything is touched."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from kith.exits import Exit
from tests.command_line import run_kith

SECONDS_MAX = 60
WITHOUT_THE_PLUGIN = '#!/bin/sh\necho "docker: unknown command: docker $1" >&2\nexit 1\n'
"""What Docker 20.10 says of a plugin that is not installed."""


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a deployment in containers, on a machine whose engine has no Compose."""
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    program.write_text(WITHOUT_THE_PLUGIN, encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    made = run_kith(("init", "--containers"), tmp_path / "data", {}, SECONDS_MAX)
    assert made.returncode == Exit.OK, made.stderr
    return tmp_path / "data"


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == Exit.CONFIGURATION, done.stderr
    told: str = json.loads(done.stdout)["error"]["detail"]
    return told


def test_an_upgrade_is_refused_before_the_bundle_is_written(data: Path, tmp_path: Path) -> None:
    bundle, project = tmp_path / "next.tar", tmp_path / "project"
    bundle.touch()
    words = ("upgrade", "--bundle", str(bundle), "--project", str(project), "--json")
    assert "needs Compose v2" in refusal(run_kith(words, data, {}, SECONDS_MAX))
    assert not project.exists()


def test_the_look_from_outside_is_refused_and_the_look_from_within_is_named(
    data: Path, tmp_path: Path
) -> None:
    told = refusal(run_kith(("doctor", "--project", str(tmp_path), "--json"), data, {}, SECONDS_MAX))
    assert "needs Compose v2" in told
    assert "docker-compose run --rm doctor" in told
