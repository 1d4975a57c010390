"""The command line where no service runs: tokens, secrets, exit codes, messages in both languages."""

import ast
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from kith.cli import app
from kith.exits import Exit
from kith.former_streams import FORMER_ACCOUNTS
from kith.help import chinese, one_line, parts_of
from kith.opening import opened
from shared import clock
from shared.subjects import stream_of
from shared.tokens import Role, TokenRefused, Verifier

ROOT = Path(__file__).parent.parent.parent
CATALOGUES = ROOT / "shared" / "messages"


def kith(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kith", *words],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={"LANG": "C.UTF-8", "PATH": "/usr/bin:/bin", "COLUMNS": "200", **environment},
        timeout=60,
    )


def test_a_token_is_issued_and_revoked(tmp_path: Path) -> None:
    asked = ["--role", "township", "--area", "431299200", "--days", "7", "--data", str(tmp_path), "--json"]
    issued = json.loads(kith("token", "issue", "li.min@qingxi", *asked).stdout)

    tokens = tmp_path / "tokens"
    verifier = Verifier(tokens / "token-keys.json", tokens / "revoked-tokens.json")
    caller = verifier.verify(issued["token"], clock.now())
    assert (caller.sub, caller.role, caller.areas) == ("li.min@qingxi", Role.TOWNSHIP, ("431299200",))

    assert kith("token", "revoke", issued["token_id"], "--data", str(tmp_path)).returncode == Exit.OK
    later = Verifier(tokens / "token-keys.json", tokens / "revoked-tokens.json")
    with pytest.raises(TokenRefused):
        later.verify(issued["token"], clock.now())


def test_a_token_from_a_file_is_taken_for_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "advance.token").write_text("e30.e30.c2ln\n", encoding="ascii")
    monkeypatch.setenv("KITH_TOKEN_FILE", str(tmp_path / "advance.token"))
    with opened(tmp_path, as_json=True) as open_:
        assert {open_.client.tokens.token(role) for role in Role} == {"e30.e30.c2ln"}


def test_a_token_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    refused = kith("advance", "--data", str(tmp_path), KITH_TOKEN_FILE="/nowhere/advance.token")  # noqa: S106 - a path
    assert refused.returncode == Exit.CONFIGURATION
    assert "/nowhere/advance.token" in refused.stderr


def test_an_empty_token_file_is_refused_and_may_be_filled_again(tmp_path: Path) -> None:
    file = tmp_path / "advance.token"
    file.write_text("\n", encoding="ascii")
    refused = kith("advance", "--data", str(tmp_path), KITH_TOKEN_FILE=str(file))
    assert refused.returncode == Exit.CONFIGURATION
    assert f"KITH_TOKEN_FILE ({file}) holds no token" in refused.stderr
    asked = ["--role", "operator", "--area", "431299", "--data", str(tmp_path)]
    file.write_text(kith("token", "issue", "advance", *asked, KITH_TOKEN_FILE=str(file)).stdout, "ascii")
    with pytest.MonkeyPatch.context() as environment, opened(tmp_path, as_json=True) as made:
        environment.setenv("KITH_TOKEN_FILE", str(file))
        with opened(tmp_path, as_json=True) as given:
            assert given.client.tokens.token(Role.OPERATOR) == file.read_text("ascii").strip()
            assert made.client.tokens.token(Role.OPERATOR) != given.client.tokens.token(Role.OPERATOR)


def test_a_token_for_no_area_is_refused_with_the_form_it_needs(tmp_path: Path) -> None:
    done = kith("token", "issue", "x", "--role", "county", "--area", "43", "--data", str(tmp_path))
    assert done.returncode == Exit.USAGE
    assert "6, 9 or 12 digits" in done.stderr


def test_init_makes_secrets_once_for_their_owner_alone(tmp_path: Path) -> None:
    assert kith("init", "--data", str(tmp_path)).returncode == Exit.OK
    made = {path.name: path.read_bytes() for path in (tmp_path / "secrets").iterdir()}
    assert {"signing-key.json", "vault.secret", "registry.password"} <= set(made)
    assert kith("init", "--data", str(tmp_path)).returncode == Exit.OK
    assert {path.name: path.read_bytes() for path in (tmp_path / "secrets").iterdir()} == made
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "secrets").iterdir())


def test_no_service_running_is_told_by_its_exit_code_and_as_json(tmp_path: Path) -> None:
    done = kith("status", "--data", str(tmp_path), "--json")
    assert done.returncode == Exit.UNREACHABLE
    assert [state["answers"] for state in json.loads(done.stdout)] == [False] * 4


@pytest.mark.parametrize(
    "words",
    [
        ["figures", "--as-of", "yesterday"],
        ["import", "visits", "no-such-file.csv"],
        ["parked", "list", "--service", "nobody"],
        ["events", "tail", "--service", "nobody"],
        ["dance"],
    ],
)
def test_a_wrong_command_line_ends_with_usage(words: list[str]) -> None:
    assert kith(*words).returncode == Exit.USAGE


def test_a_folder_without_papers_is_told_what_is_missing(tmp_path: Path) -> None:
    days = ["--filed-on", "2026-01-01", "--until", "2026-11-23"]
    done = kith("year", "--papers", str(tmp_path), "--data", str(tmp_path / "data"), *days, "--json")
    assert done.returncode == Exit.USAGE
    detail = json.loads(done.stdout)["error"]["detail"]
    assert all(name in detail for name in ("行政区划", "结对帮扶人员", "走访记录", "花名册"))
    assert not (tmp_path / "data").exists()


def test_clean_deletes_nothing_that_is_not_kiths(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("keep me", encoding="utf-8")
    assert kith("demo", "--clean", "--data", str(tmp_path)).returncode == Exit.USAGE
    assert (tmp_path / "letter.txt").exists()


def test_messages_follow_the_locale_and_the_option(tmp_path: Path) -> None:
    words = ["demo", "--clean", "--data", str(tmp_path)]
    assert "没有删除" in kith(*words, LANG="zh_CN.UTF-8").stderr
    assert "没有删除" in kith("--lang", "zh", *words).stderr
    assert "nothing was deleted" in kith("--lang", "en", *words, LANG="zh_CN.UTF-8").stderr


def test_every_help_text_is_there_in_chinese_too() -> None:
    command = typer.main.get_command(app)
    said = {one_line(part.help) for part in parts_of(command)} | {command.epilog}
    assert said == set(chinese())


def test_help_and_complaints_are_chinese_for_who_asks_in_chinese() -> None:
    assert "推进日期" in kith("--lang", "zh", "advance", "--help").stdout
    assert "用法有误" in kith("dance", LANG="zh_CN.UTF-8").stderr
    assert "Advance the day" in kith("advance", "--help").stdout
    assert "退出码" in kith("--help", LANG="zh_CN.UTF-8").stdout


def test_streams_of_the_one_account_of_all_services_are_looked_at_and_then_given_to_each(
    tmp_path: Path,
) -> None:
    places = {service: Path("streams", stream_of(service)) for service in ("registry", "contact")}
    for service, account in zip(places, FORMER_ACCOUNTS, strict=True):
        (tmp_path / account / places[service]).mkdir(parents=True)
    words = ("take-over-streams", str(tmp_path), "--json")
    looked = json.loads(kith(*words, "--look").stdout)
    assert looked == {"streams": ["KITH_REGISTRY", "KITH_CONTACT"]}
    assert json.loads(kith(*words).stdout) == looked
    assert all((tmp_path / service / place).is_dir() for service, place in places.items())
    assert json.loads(kith(*words).stdout) == {"streams": []}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_code_of_the_command_line_has_a_text(language: str) -> None:
    texts = tomllib.loads((CATALOGUES / language / "cli.toml").read_text(encoding="utf-8"))["cli"]
    assert {code for code in _codes_in_kith() if code not in texts} == set()


def test_both_catalogues_have_the_same_keys() -> None:
    zh, en = (
        tomllib.loads((CATALOGUES / language / "cli.toml").read_text(encoding="utf-8"))["cli"]
        for language in ("zh", "en")
    )
    assert set(zh) == set(en)
    assert set(zh["heading"]) == set(en["heading"])


def _codes_in_kith() -> Iterator[str]:
    """Yield the first word of every message that kith/ says: Failed(…), say(…), line(…), progress(…)."""
    for path in (ROOT / "kith").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and node.args
                and _name_of(node) in {"Failed", "say", "line", "progress"}
            ):
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    yield first.value


def _name_of(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
