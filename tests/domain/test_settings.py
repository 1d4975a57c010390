"""Settings: every fault told at once, with what it is for, and no secret repeated."""

import os
from pathlib import Path

import pytest

from shared.service import serve
from shared.settings import EXIT_CONFIG, SettingsWrong, settings_from_environment

PASSWORD = "open sesame"  # noqa: S105 - for this test alone


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("KITH_")]:
        monkeypatch.delenv(name)


def put(monkeypatch: pytest.MonkeyPatch, **values: object) -> None:
    for name, value in values.items():
        monkeypatch.setenv(f"KITH_{name.upper()}", str(value))


def test_every_missing_or_wrong_setting_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, http_port="a secret typed in the wrong place", clock="soon", log_level="loud")
    with pytest.raises(SettingsWrong) as wrong:
        settings_from_environment()
    told = str(wrong.value)
    for name in ("DATABASE_URL", "NATS_URL", "HTTP_PORT", "TOKEN_KEYS_FILE", "CLOCK", "LOG_LEVEL"):
        assert f"KITH_{name} " in told
    assert "for example postgresql://" in told
    assert "secret typed" not in told


def test_good_settings_are_read_with_their_secrets_from_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    (tmp_path / "keys").write_text("{}")
    put(
        monkeypatch,
        database_url="postgresql://registry@db/kith_registry",
        database_password_file=tmp_path / "password",
        nats_url="nats://one:4222, nats://two:4222",
        nats_user="registry",
        nats_password_file=tmp_path / "password",
        http_port=8101,
        token_keys_file=tmp_path / "keys",
    )
    settings = settings_from_environment()
    assert settings.database_password == settings.nats_password == PASSWORD
    assert settings.nats_servers == ["nats://one:4222", "nats://two:4222"]
    assert settings.clock == "live"
    monkeypatch.delenv("KITH_NATS_PASSWORD_FILE")
    with pytest.raises(SettingsWrong, match="KITH_NATS_USER and KITH_NATS_PASSWORD_FILE go together"):
        settings_from_environment()


def test_a_service_with_wrong_settings_ends_with_its_own_exit_code(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        serve("services.registry.app:create")
    assert ended.value.code == EXIT_CONFIG
    assert "KITH_DATABASE_URL is missing" in capsys.readouterr().err
