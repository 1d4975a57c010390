"""Every variable of the environment, whatever somebody has typed into it: taken, or refused by its name."""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from kith.backup.site import cluster_at
from kith.deployment import deployment_of
from kith.doctor.place import place_of
from kith.environment import given_token
from kith.exits import Failed
from kith.gateway.settings import GatewaySettings
from shared.messages import Language, text
from shared.settings import Settings, SettingsWrong, settings_from_environment, told
from shared.subjects import SERVICES
from tests.fuzz.cases import cases

CASES = cases(100)
SECRET = "hunter2"  # noqa: S105 - of nobody

typed = st.sampled_from(
    [
        *(
            "",
            " ",
            "hello",
            "0",
            "-1",
            "99999999999999999999",
            "1e3",
            "true",
            "日本",
            "x" * 5_000,
            "a\tb",
            "\x7f",
            "%zz",
        ),
        *(
            "http://",
            "http://[",
            "http://x:99999999",
            "http://a..b",
            "http://" + "a" * 300,
            "ftp://x",
            "http://x y",
        ),
        *(
            "nats://x:x",
            "nats://a,nats://",
            "nats://a:4222,nats://b:4222",
            "tls://a",
            "http://例.com",
            "http://[::1]:80",
        ),
        *(
            "postgresql://",
            "postgresql://h:99999/d",
            f"postgresql://u:{SECRET}@h:none/d",
            "postgresql://h/d",
            "/dev/null",
        ),
        *("postgresql:///d?host=/tmp", f"{SECRET}\\", "..", "/", "/nowhere/at/all", "\udcff"),
    ]
) | st.text(st.characters(min_codepoint=1, exclude_categories=["Cs"]), max_size=20)


SAID_OF_ANY_VALUE = re.compile(r"\((value error|input should be)")
"""Words that a case may happen to consist of."""


class Environment:
    """An environment with nothing of Kith's in it but what a case puts there."""

    def __init__(self, patched: pytest.MonkeyPatch) -> None:
        self._patched = patched
        for name in [name for name in os.environ if name.startswith("KITH_")]:
            patched.delenv(name)

    def put(self, values: Mapping[str, str]) -> None:
        for name, value in values.items():
            self._patched.setenv(name, value)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Environment:
    return Environment(monkeypatch)


@pytest.fixture
def right(tmp_path: Path) -> dict[str, str]:
    """Return settings of a service that are right."""
    (tmp_path / "keys.json").write_text("{}")
    return {
        "KITH_DATABASE_URL": "postgresql://registry@db:5432/kith_registry",
        "KITH_NATS_URL": "nats://nats:4222",
        "KITH_HTTP_PORT": "8101",
        "KITH_TOKEN_KEYS_FILE": str(tmp_path / "keys.json"),
    }


@pytest.mark.parametrize("name", Settings.model_fields)
@cases(20)
@given(value=typed)
def test_a_setting_of_a_service_is_taken_or_refused_by_its_name(
    environment: Environment, right: dict[str, str], name: str, value: str
) -> None:
    environment.put({**right, f"KITH_{name.upper()}": value})
    try:
        settings_from_environment()
    except SettingsWrong as wrong:
        refused = str(wrong)
    else:
        return
    assert f"KITH_{name.upper()}" in refused
    assert len(value) < 5 or f"({value}" not in SAID_OF_ANY_VALUE.sub("(", refused)
    assert SECRET not in refused


@pytest.mark.parametrize("name", GatewaySettings.model_fields)
@cases(20)
@given(value=typed)
def test_a_setting_of_the_gateway_is_taken_or_refused_by_its_name(
    environment: Environment, name: str, value: str
) -> None:
    environment.put({f"KITH_{service.upper()}_URL": f"http://{service}:8080" for service in SERVICES})
    environment.put({f"KITH_{name.upper()}": value})
    try:
        taken = GatewaySettings()
    except ValidationError as wrong:
        assert f"KITH_{name.upper()} is wrong" in told(wrong, GatewaySettings)  # noqa: PT017 - or it is taken
    else:
        assert set(taken.upstreams()) == set(SERVICES)


def addresses(data: Path) -> list[str]:
    deployment = deployment_of(data)
    found = [*deployment.addresses().values()]
    assert all(httpx.URL(address).host for address in found)
    return [*found, deployment.bus_address()]


def place(data: Path) -> object:
    return place_of(deployment_of(data))


READ: Mapping[str, Callable[[Path], object]] = {
    "KITH_URL": addresses,
    "KITH_REGISTRY_URL": addresses,
    "KITH_NATS_URL": addresses,
    "KITH_TOKEN": lambda _data: httpx.Headers({"Authorization": f"Bearer {given_token()}"}),
    "KITH_TOKEN_FILE": lambda _data: httpx.Headers({"Authorization": f"Bearer {given_token()}"}),
    "KITH_DATABASE_SERVER_URL": place,
    "KITH_SECRETS_FOLDER": place,
    "KITH_CONTACT_URL": place,
    "KITH_ADMIN_DATABASE_URL": lambda _data: cluster_at(os.environ["KITH_ADMIN_DATABASE_URL"]),
    "KITH_ADMIN_PASSWORD_FILE": lambda _data: cluster_at("postgresql://postgres@db:5432"),
}
"""Every variable that a command reads by itself, and what reads it."""


def test_several_servers_of_the_bus_are_one_address(environment: Environment, tmp_path: Path) -> None:
    several = "nats://nats:4222,nats://nats-2:4222, tls://nats-3:4222"
    environment.put({"KITH_NATS_URL": several})
    assert deployment_of(tmp_path).bus_address() == several


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a data folder that was never started, with secrets in a folder of their own."""
    (tmp_path / "secrets").mkdir()
    for name in (*SERVICES, "nats-operator"):
        (tmp_path / "secrets" / f"{name}.password").write_text(SECRET)
    return tmp_path


@pytest.mark.parametrize("name", READ)
@cases(40)
@given(value=typed)
def test_a_variable_of_a_command_is_taken_or_refused_by_its_name(
    environment: Environment, folder: Path, name: str, value: str
) -> None:
    environment.put({"KITH_URL": "http://gateway:8080", "KITH_NATS_URL": "nats://nats:4222"})
    if READ[name] is place:
        environment.put({"KITH_DATABASE_SERVER_URL": "postgresql://db:5432"})
        environment.put({"KITH_SECRETS_FOLDER": str(folder / "secrets")})
    environment.put({name: value})
    try:
        READ[name](folder)
    except Failed as failed:
        refused = [text(f"cli.{failed.code}", language, **failed.params) for language in Language]
    else:
        return
    where = (name, str(Path(value))) if value else (name, str(folder), "/run/secrets")  # as if not told
    assert all(any(one in words for one in where) for words in refused), refused
    assert all(SECRET not in words or SECRET in value for words in refused)
