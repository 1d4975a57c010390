"""In containers: a backup of a working county, a restore to a moment into new volumes, and an upgrade."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
import yaml

from kith.demo import EXAMPLE
from kith.exits import Exit
from shared import clock
from tests.containers.engine import BASES, KITH_IMAGE, make_next_release, run
from tests.containers.stack import COMPOSE_1, COMPOSE_2, Stack, running

pytestmark = pytest.mark.timeout(900)

AREA = "431299210"
ROSTER = next((EXAMPLE / "花名册").glob(f"{AREA}_*"))
FILES = ("--file", "docker-compose.yml", "--file", "compose.backup.yml")


@dataclass(frozen=True)
class County:
    """A county in containers: what it showed at a moment, and what it went on to do."""

    stack: Stack
    backup: dict[str, Any]
    moment: str
    figures: dict[str, Any]


@pytest.fixture(scope="module")
def county() -> Iterator[County]:
    with running() as stack:
        stack.keep_settings()
        told(stack, "advance", "--to", "2026-01-01")
        told(stack, "import", "areas", str(EXAMPLE / "行政区划.xlsx"))
        told(stack, "import", "roster", "--filed-on", "2026-01-01", str(ROSTER))
        told(stack, "advance", "--to", "2026-02-10")
        backup = json.loads(stack.compose(*FILES, "run", "--rm", "backup", "make", "--json"))
        figures = figures_of(stack)
        moment = clock.now().isoformat()
        told(stack, "advance", "--to", "2026-03-10")
        stack.compose(
            *("exec", "-T", "--user", "postgres", "postgres"),
            *("psql", "--username", "postgres", "--command", "SELECT pg_switch_wal()"),
        )
        yield County(stack, backup, moment, figures)
        stack.compose(*FILES, "--profile", "backup", "down", "--volumes", "--timeout", "20", check=False)


def told(stack: Stack, *words: str) -> Any:
    done = stack.kith(*words, "--json")
    assert done.returncode == Exit.OK, done.stderr
    return json.loads(done.stdout)


def figures_of(stack: Stack) -> dict[str, Any]:
    found: dict[str, Any] = told(stack, "figures", "--area", AREA, "--as-of", "2026-02-10")
    return found


def assert_everything_agrees(stack: Stack) -> None:
    """See that reconcile finds no difference, and that it asks nothing before it was given its token as a file."""
    reconcile = (*FILES, "run", "--rm", "reconcile", "--json")
    token = stack.data / "secrets" / "restoring.token"
    missing = stack.tried(*reconcile)
    assert missing.returncode != Exit.OK
    assert str(token) in missing.stderr
    token.touch()
    empty = stack.tried(*reconcile)
    assert empty.returncode == Exit.CONFIGURATION
    assert json.loads(empty.stdout)["error"]["code"] == "given_token_malformed"
    issued = told(stack, "token", "issue", "restoring", "--role", "operator", "--area", "431299")
    token.write_text(issued["token"], encoding="ascii")
    assert json.loads(stack.compose(*reconcile))["agrees"]


def test_a_backup_is_proved_by_the_servers_own_version(county: County) -> None:
    assert county.backup["tables"] > 100
    assert county.backup["rows"] > 200
    again = json.loads(county.stack.compose(*FILES, "run", "--rm", "backup", "verify", "--json"))
    assert (again["tables"], again["rows"]) == (county.backup["tables"], county.backup["rows"])


def test_the_doctor_finds_nothing_bad(county: County) -> None:
    findings = json.loads(county.stack.compose(*FILES, "run", "--rm", "doctor", "--json"))
    assert {finding["level"] for finding in findings} <= {"well", "warning"}
    assert {"doctor_backup", "doctor_stream", "doctor_schema"} <= {finding["code"] for finding in findings}


def test_a_restore_into_a_running_deployment_is_refused(county: County) -> None:
    refused = county.stack.tried(*FILES, "run", "--rm", "restore-volumes")
    assert refused.returncode == 1
    assert "is not empty. A restore never writes over anything" in refused.stderr
    refused = county.stack.tried(*FILES, "run", "--rm", "restore")
    assert refused.returncode != 0
    assert refused.stdout == ""
    assert figures_of(county.stack) == county.figures


def test_databases_are_not_realigned_while_services_work(county: County) -> None:
    refused = county.stack.tried(*FILES, "run", "--rm", "realign", "--json")
    assert refused.returncode == Exit.REFUSED
    assert json.loads(refused.stdout)["error"]["code"] == "still_running"
    assert figures_of(county.stack) == county.figures


@pytest.mark.parametrize("program", [COMPOSE_1, COMPOSE_2], ids=" ".join)
def test_what_restores_and_realigns_is_started_by_its_name_alone(program: tuple[str, ...]) -> None:
    told = yaml.safe_load(run(*program, *FILES, "--profile", "backup", "config").stdout)["services"]
    asked = yaml.safe_load(run(*program, "--file", "docker-compose.yml", "config").stdout)["services"]
    beside = set(told) - set(asked)
    assert {"backup", "restore", "restore-volumes", "realign", "reconcile", "doctor", "hand"} == beside
    assert all(told[service]["profiles"] == ["backup"] for service in beside)


def test_an_upgrade_examines_backs_up_and_replaces_one_by_one(county: County) -> None:
    stack = county.stack
    newer = f"{KITH_IMAGE.partition(':')[0]}:upgrade-{stack.settings['COMPOSE_PROJECT_NAME']}"
    make_next_release(newer)
    try:
        done = told(stack, "upgrade", "--image", newer)
        assert list(done["seconds"])[:3] == ["examine", "back_up", "migrate"]
        assert {"registry", "pairing", "contact", "reporting", "gateway"} <= set(done["seconds"])
        assert f"KITH_IMAGE={newer}" in (stack.data / "compose.env").read_text(encoding="utf-8")
        assert figures_of(stack) == county.figures
    finally:
        stack.compose("up", "--wait", "--pull", "never")
        run("docker", "image", "rm", "--force", newer)


def test_a_restore_to_a_moment_into_new_volumes_shows_what_was_shown_then(county: County) -> None:
    old = county.stack
    backups = f"{old.settings['COMPOSE_PROJECT_NAME']}_backups"
    old.compose("stop", "--timeout", "20")
    project = f"{old.settings['COMPOSE_PROJECT_NAME']}-restored"
    new = replace(old, settings={**old.settings, "COMPOSE_PROJECT_NAME": project})
    run("docker", "volume", "create", f"{project}_backups")
    copy = (
        "run",
        "--rm",
        "--entrypoint",
        "cp",
        "--volume",
        f"{backups}:/from",
        "--volume",
        f"{project}_backups:/to",
    )
    run("docker", *copy, BASES["POSTGRES_IMAGE"], "-a", "/from/.", "/to")
    try:
        too_late = new.tried(*FILES, "run", "--rm", "restore", "--time", "2100-01-01T00:00:00Z", "--json")
        assert json.loads(too_late.stdout)["error"]["code"] == "time_after_archive"
        words = ("run", "--rm", "restore", "--time", county.moment, "--json")
        back = json.loads(new.compose(*FILES, *words))
        assert back["left_behind"]["contact"] > 0
        new.compose("up", "--wait", "--pull", "never")
        assert_everything_agrees(new)
        assert figures_of(new) == county.figures
    finally:
        new.compose(
            *(*FILES, "--profile", "backup", "down", "--volumes", "--remove-orphans", "--timeout", "20"),
            check=False,
        )
