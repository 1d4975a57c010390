"""A county's policy file, whatever stands in it: rules that can be followed, or a refusal that says where."""

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contact.domain.policy import PolicyFaulty
from services.contact.domain.windows import windows_due, windows_running
from services.contact.policy_file import DEFAULTS, load_policy
from tests.fuzz.cases import cases
from tests.fuzz.scraps import NO_SENSE, damaged

CASES = cases(200)
WRITTEN = DEFAULTS.read_text(encoding="utf-8")
VALUE = re.compile(r"^([a-z_]+) = (.*)$", re.MULTILINE)
PLACES = [(found[1], *found.span(2)) for found in VALUE.finditer(WRITTEN)]
"""Every value of the defaults: its name, where it begins and where it ends."""

literals = st.sampled_from(
    [
        *("-1", "0", "1", "3.0", "1.5", "367", "inf", "nan", "true", "9" * 25, "0x10", '"3"'),
        *(
            '""',
            '" "',
            '"\\u0000"',
            '"\\n"',
            '"all"',
            '"month"',
            '"thrice_a_term"',
            '"school"',
            '"' + "x" * 65 + '"',
        ),
        *("2016-01-01", "2026-12-31", "1899-12-31", "2200-01-01", "0001-01-01", "9999-12-31", '"2026-03-01"'),
        *(
            "20160101",
            "2016-01-01T00:00:00",
            "2016-01-01T00:00:00Z",
            "07:00:00",
            '"2026-02-30"',
            "[]",
            "{}",
            "[1]",
        ),
    ]
)
DAYS = st.dates(date(2015, 1, 1), date(2199, 12, 1))


def followed_or_refused(file: Path, day: date) -> str | None:
    """Return in what words the policy in *file* is refused; None where every day has its windows under it."""
    try:
        policy = load_policy(file)
    except PolicyFaulty as faulty:
        return str(faulty)
    windows_running(policy, day)
    for window in windows_due(policy, day, day.replace(year=day.year + 1, day=1)):
        assert window.opens <= window.closes <= window.due
    assert policy.version.isprintable()
    return None


@CASES
@given(content=st.sampled_from(NO_SENSE) | st.binary(max_size=300) | damaged(WRITTEN.encode()), day=DAYS)
def test_any_bytes_are_a_policy_or_refused(tmp_path: Path, content: bytes, day: date) -> None:
    (tmp_path / "policy.toml").write_bytes(content)
    told = followed_or_refused(tmp_path / "policy.toml", day)
    assert told is None or told.startswith(f"{tmp_path}/policy.toml: ")


@CASES
@given(
    changes=st.lists(
        st.tuples(st.sampled_from(PLACES), literals), min_size=1, max_size=3, unique_by=lambda one: one[0]
    ),
    day=DAYS,
)
def test_any_value_is_followed_or_refused_at_its_place(
    tmp_path: Path, changes: Sequence[tuple[tuple[str, int, int], str]], day: date
) -> None:
    text = WRITTEN
    for (_, begins, ends), literal in sorted(changes, key=lambda change: -change[0][1]):
        text = text[:begins] + literal + text[ends:]
    (tmp_path / "policy.toml").write_text(text, encoding="utf-8")
    if told := followed_or_refused(tmp_path / "policy.toml", day):
        names = {name for (name, _, _), _ in changes}
        sections = ("commitments", "terms", "escalations")
        assert any(name in told for name in (*names, *sections)), told


@pytest.mark.parametrize(
    ("right", "wrong", "place"),
    [
        ("grace_days = 3", "grace_days = true", "commitments[1].grace_days"),
        ("grace_days = 3", 'grace_days = "3"', "commitments[1].grace_days"),
        ("grace_days = 3", "grace_days = " + "9" * 5_000, "not TOML"),
        ("from = 2016-01-01", "from = 20160101", "commitments[1].from"),
        ("from = 2016-01-01", "from = 2016-01-01T00:00:00", "commitments[1].from"),
        ("from = 2016-01-01", "from = 0206-01-01", "commitments[1].from"),
        ("last_day = 2026-07-05", "last_day = 9999-12-31", "terms[1].last_day"),
        ("run = 2", "run = 2.0", "escalations[1].run"),
        ('version = "2026-01"', 'version = "\\u0000"', "version"),
        ('version = "2026-01"', "version = " + "[" * 5_000, "not TOML"),
    ],
)
def test_what_is_not_meant_is_refused_at_its_place(
    tmp_path: Path, right: str, wrong: str, place: str
) -> None:
    file = tmp_path / "policy.toml"
    assert right in WRITTEN
    file.write_text(WRITTEN.replace(right, wrong, 1), encoding="utf-8")
    with pytest.raises(PolicyFaulty, match=re.escape(f"{file}: ") + ".*" + re.escape(place)):
        load_policy(file)


def test_a_file_of_another_encoding_is_refused_with_how_to_save_it(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_bytes('version = "青溪"'.encode("gb18030"))
    with pytest.raises(PolicyFaulty, match="save it as UTF-8"):
        load_policy(file)
