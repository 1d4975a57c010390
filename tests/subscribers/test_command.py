"""`kith subscriber`: who may read what, written down, made on the bus, and ended."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kith.container_files import make_container_files
from kith.deployment import deployment_of
from kith.embedded.nats import start_nats
from kith.exits import Exit, Failed
from kith.subscribers import NotASubscriber, subscriber_of, subscribers_of
from kith.subscribing import write_down
from shared.subjects import SERVICES
from tests.subscribers.county import YUELIANG

ADD_SCHOOL = ["add", "school", "--area", YUELIANG, "--event", "ContactMissed"]


def subscriber(data: Path, *words: str) -> tuple[int, Any]:
    """Run `kith subscriber` on a data folder; return its exit code and its answer."""
    command = [sys.executable, "-m", "kith", "subscriber", *words, "--data", str(data), "--json"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    return done.returncode, json.loads(done.stdout)


def test_a_subscriber_is_added_while_nothing_runs_and_made_when_the_bus_does(tmp_path: Path) -> None:
    exit_code, told = subscriber(tmp_path, *ADD_SCHOOL)
    assert exit_code == Exit.OK
    assert told["user"] == "subscriber-school"
    assert (told["api_prefix"], told["inbox_prefix"]) == ("KITH.API", "_INBOX_subscriber-school")
    assert Path(told["password_file"]).stat().st_mode & 0o077 == 0
    subscription = {
        "stream": "KITH_CONTACT",
        "consumer": "subscriber-school",
        "subjects": [f"kith.431299.{YUELIANG}.contact.ContactMissed"],
        "waiting": None,
    }
    assert told["subscriptions"] == [subscription]
    with start_nats(tmp_path):
        assert subscriber(tmp_path, "provision") == (Exit.OK, [subscription])
        assert subscriber(tmp_path, "remove", "school") == (Exit.OK, {"removed": "subscriber-school"})
        assert subscriber(tmp_path, "list") == (Exit.OK, [])


def test_what_a_name_may_read_does_not_change_under_it(tmp_path: Path) -> None:
    deployment = deployment_of(tmp_path)
    school = subscriber_of("school", [YUELIANG], ["ContactMissed"])
    write_down(deployment, school)
    write_down(deployment, school)
    with pytest.raises(Failed) as refused:
        write_down(deployment, subscriber_of("school", ["431299"], ["ContactMissed"]))
    assert refused.value.code == "subscriber_is_another"
    assert subscribers_of(tmp_path) == [school]


def test_the_server_of_a_container_finds_its_new_user_in_the_folder_it_was_given(tmp_path: Path) -> None:
    deployment = deployment_of(tmp_path)
    make_container_files(deployment)
    write_down(deployment, subscriber_of("school", [YUELIANG], ["ContactMissed"]))
    accounts = json.loads((tmp_path / "secrets" / "bus" / "accounts.json").read_text(encoding="utf-8"))
    assert set(accounts["accounts"]) == {*SERVICES, "KITH", "subscriber-school"}


@pytest.mark.parametrize(
    ("name", "area", "event", "code"),
    [
        ("School", "431299", "ContactMissed", "subscriber_name_not_well_formed"),
        ("a.b", "431299", "ContactMissed", "subscriber_name_not_well_formed"),
        ("school", "431299210200", "ContactMissed", "subscriber_area_not_well_formed"),
        ("school", ">", "ContactMissed", "subscriber_area_not_well_formed"),
        ("school", "431299", "ContactMised", "subscriber_event_unknown"),
    ],
)
def test_what_is_not_well_formed_is_refused_with_its_reason(
    name: str, area: str, event: str, code: str
) -> None:
    with pytest.raises(NotASubscriber) as refused:
        subscriber_of(name, [area], [event])
    assert refused.value.args[0] == code


def test_a_township_of_a_county_that_is_read_anyway_is_named_once() -> None:
    wide = subscriber_of("province", ["431299", YUELIANG, "440101101"], ["ContactMissed"])
    assert wide.subjects() == {
        "contact": ["kith.431299.*.contact.ContactMissed", "kith.440101.440101101.contact.ContactMissed"]
    }
