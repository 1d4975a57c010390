"""The whole job on real servers: a county's papers in, a year by, and exactly the figures that are true."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from kith.console import Console
from kith.demo import EXAMPLE
from kith.embedded.spawning import alive, wait_until
from kith.exits import Exit
from kith.opening import opened
from kith.papers import papers_in
from kith.runtime import running
from kith.year import Year
from shared.papers.sheet import read_sheets
from tests import paper_files
from tests.folders import data_folder

pytestmark = pytest.mark.timeout(900)

FILED_ON, MIDSUMMER, UNTIL = date(2026, 1, 1), date(2026, 6, 30), date(2026, 11, 23)
TRUTH = json.loads((EXAMPLE / "truth.json").read_text(encoding="utf-8"))
LARGEST = "431299200"
"""The township with the longest roster, in which some rows are refused."""
EXPECTED = json.loads((EXAMPLE / "expected-contacts.json").read_text(encoding="utf-8"))


def kith(*words: str, data: Path) -> subprocess.CompletedProcess[str]:
    return in_words(*words, "--json", data=data)


def in_words(*words: str, data: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kith", "--lang", "en", *words, "--data", str(data)]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=800)


def run_year(data: Path, until: date = UNTIL) -> dict[str, Any]:
    days = ["--filed-on", str(FILED_ON), "--until", str(until)]
    done = kith("year", "--papers", str(EXAMPLE), *days, data=data)
    assert done.returncode == Exit.OK, done.stderr
    figures: dict[str, Any] = json.loads(done.stdout)
    assert set(figures.pop("seconds")) == {"rosters", "carers", "pairing", "replay"}
    return figures


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    with data_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def shown_at_midsummer(data: Path) -> dict[str, Any]:
    return run_year(data, MIDSUMMER)


@pytest.fixture(scope="module")
def year(data: Path, shown_at_midsummer: dict[str, Any]) -> dict[str, Any]:
    break_off_at(data, MIDSUMMER + timedelta(days=1))
    return run_year(data)


def break_off_at(data: Path, day: date) -> None:
    """Advance the registry and nobody else, as a run does that is broken off in the middle of a day's advance."""
    with opened(data, as_json=True) as open_, running(open_.deployment, "advanced"):
        open_.client.post("registry", "/advance", {"to": day.isoformat(), "after": {}})


@pytest.fixture(scope="module")
def up(data: Path, year: dict[str, Any]) -> Iterator[Path]:
    """Serve what the year left behind."""
    command = [sys.executable, "-m", "kith", "up", "--data", str(data), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "{\n"
        try:
            yield data
        finally:
            running.send_signal(signal.SIGINT)
            assert running.wait(60) == Exit.OK


def test_the_year_is_what_a_perfect_reader_and_a_perfect_clock_find(year: dict[str, Any]) -> None:
    assert year["rosters"] == {
        "accepted": TRUTH["accepted"],
        "refused": TRUTH["rejected"],
        "duplicates": TRUTH["duplicates"],
        "by_township": TRUTH["by_township"],
    }
    assert year["log"] == {
        "rows": EXPECTED["log_rows"],
        "unknown_child": EXPECTED["unknown_child"],
        "ambiguous": EXPECTED["ambiguous"],
    }
    assert year["contacts"] == EXPECTED["contacts"]


def test_a_second_run_goes_on_from_what_is_there(data: Path, year: dict[str, Any]) -> None:
    assert run_year(data) == year


def test_every_child_with_an_open_file_is_paired_or_counted_as_unpaired(
    up: Path, year: dict[str, Any]
) -> None:
    told = json.loads(kith("figures", "--as-of", str(UNTIL), "--known-on", str(UNTIL), data=up).stdout)
    assert year["pairs"]["open"] + year["pairs"]["children_unpaired"] == told["figures"]["files.open"]


def test_the_figures_of_midsummer_are_known_later_as_they_were_shown_then(
    up: Path, year: dict[str, Any], shown_at_midsummer: dict[str, Any]
) -> None:
    assert shown_at_midsummer["contacts"] != year["contacts"]
    assert figures_as_known_on(up, MIDSUMMER) == shown_at_midsummer


def test_the_figures_are_the_same_after_every_projection_was_rebuilt(up: Path, year: dict[str, Any]) -> None:
    rebuilt = kith("rebuild", "all", data=up)
    assert rebuilt.returncode == Exit.OK, rebuilt.stderr
    assert json.loads(rebuilt.stdout)["state"] == "done"
    told = re.findall(r"(\d+)(?: of |／)(\d+)", rebuilt.stderr)
    assert all(int(done) <= int(total) for done, total in told), rebuilt.stderr
    assert figures_as_known_on(up, UNTIL) == year


def figures_as_known_on(up: Path, day: date) -> dict[str, Any]:
    with opened(up, as_json=True) as open_:
        told = Year(open_.client, Console(as_json=True), papers_in(EXAMPLE), FILED_ON, day).figures()
    told.pop("seconds")
    return told


def test_nothing_is_parked_and_nothing_lags(up: Path) -> None:
    assert json.loads(kith("parked", "list", data=up).stdout) == []
    states = json.loads(kith("status", data=up).stdout)
    assert [state["answers"] for state in states] == [True] * 4
    readers = [reader for state in states for reader in state["readers"]]
    assert {(reader["lag_events"], reader["parked"]) for reader in readers} == {(0, 0)}
    assert {reader["state"] for reader in readers} <= {"idle", "receiving"}


def test_a_paper_that_comes_again_changes_nothing(up: Path) -> None:
    roster = papers_in(EXAMPLE).rosters[0]
    told = kith("import", "roster", str(roster), "--filed-on", str(FILED_ON), data=up)
    (report,) = json.loads(told.stdout)
    assert report["already"] == report["rows"]
    assert (report["taken"], report["duplicates"]) == (0, 0)
    assert told.returncode == (Exit.PARTLY_REFUSED if report["refused_file"] else Exit.OK)


def test_refused_rows_of_a_paper_that_comes_again_are_kept_and_not_counted_anew(up: Path) -> None:
    roster = next(path for path in papers_in(EXAMPLE).rosters if path.name.startswith(LARGEST))
    told = in_words("import", "roster", str(roster), "--filed-on", str(FILED_ON), data=up)
    assert told.returncode == Exit.PARTLY_REFUSED, told.stderr
    kept = up / "refused" / f"{roster.stem}.refused.xlsx"
    assert read_sheets(kept.read_bytes())[0].rows
    assert f"Every row of it that is refused now is in {kept}," in " ".join(told.stdout.split())


def test_of_a_child_in_two_rosters_the_first_by_name_is_taken_in_whatever_order_they_are_named(
    up: Path, tmp_path: Path
) -> None:
    rosters = [tmp_path / f"{LARGEST}_{nth}.xlsx" for nth in (1, 2)]
    child = {"姓名": "顾小满", "公民身份证号码": paper_files.with_check_sign("43129920160712998")}
    for path, health in zip(rosters, ("健康", "残疾"), strict=True):
        path.write_bytes(paper_files.roster(paper_files.row_with(健康状况=health, **child)))
    told = kith("import", "roster", *map(str, reversed(rosters)), "--filed-on", str(UNTIL), data=up)
    assert [(one["file"], one["taken"], one["duplicates"]) for one in json.loads(told.stdout)] == [
        (rosters[0].name, 1, 0),
        (rosters[1].name, 0, 1),
    ]


def test_visit_logs_are_taken_by_name_in_whatever_order_they_are_named(up: Path, tmp_path: Path) -> None:
    headings, *lines = papers_in(EXAMPLE).visits.read_text(encoding="utf-8").splitlines(keepends=True)
    logs = [tmp_path / f"走访记录_{nth}.csv" for nth in (1, 2)]
    for log, line in zip(logs, lines, strict=False):
        log.write_text(headings + line, encoding="utf-8")
    told = kith("import", "visits", *map(str, reversed(logs)), data=up)
    assert [(report["file"], report["rows"]) for report in json.loads(told.stdout)] == [
        (log.name, 1) for log in logs
    ]


def test_papers_of_one_name_have_a_workbook_of_refused_rows_each(up: Path, tmp_path: Path) -> None:
    headings = papers_in(EXAMPLE).visits.read_text(encoding="utf-8").splitlines()[0]
    logs = [tmp_path / folder / "走访.csv" for folder in ("一", "二")]
    for log in logs:
        log.parent.mkdir()
        log.write_text(f"{headings}\n{log.parent.name}\n", encoding="utf-8")
    told = json.loads(kith("import", "visits", *map(str, logs), data=up).stdout)
    kept = [Path(report["refused_file"]) for report in told]
    assert [len(read_sheets(one.read_bytes())[0].rows) for one in kept] == [2, 2]
    assert [one.name for one in kept] == ["走访.refused.xlsx", "走访.2.refused.xlsx"]


def test_events_are_told_by_subject_and_one_by_one(up: Path) -> None:
    only = "kith.*.431299200.contact.ContactMissed"
    tail = kith("events", "tail", "--service", "contact", "--subject", only, "--limit", "3", data=up)
    missed = [json.loads(line) for line in tail.stdout.splitlines()]
    assert len(missed) == 3
    assert {event["event_type"] for event in missed} == {"ContactMissed"}
    shown = json.loads(kith("events", "show", missed[0]["event_id"], data=up).stdout)
    assert shown == missed[0]


def test_a_summary_is_written_as_a_page(up: Path, tmp_path: Path) -> None:
    page = tmp_path / "summary.html"
    days = ["--from", "2026-01-01", "--to", "2026-06-30"]
    told = kith("summary", *days, "--output", str(page), data=up)
    assert told.returncode == Exit.OK, told.stderr
    assert "<html" in page.read_text(encoding="utf-8")


def test_a_service_that_is_killed_comes_back_alone(up: Path) -> None:
    (pid,) = _pids_of("kith.serving contact", up)
    subprocess.run(["kill", "-9", str(pid)], check=True)
    assert wait_until(lambda: not alive(pid), seconds=10)
    assert wait_until(lambda: kith("status", data=up).returncode == Exit.OK, seconds=60)
    assert _pids_of("kith.serving contact", up) != [pid]


def _pids_of(words: str, data: Path) -> list[int]:
    """Return the processes with these words in their command line that serve the data folder *data*."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and alive(int(process.name)):
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if words in command and str(data).encode() in (process / "environ").read_bytes():
                found.append(int(process.name))
    return found
