"""Releases and schemas: which run on which, and that nothing is changed where they do not fit."""

import re
from dataclasses import replace

import asyncpg
import pytest

from shared.migrate import migrate
from shared.schema import Applied, Fit, SchemaUnfit, fit_of, migration, migrations_of, schema_fit
from shared.subjects import SERVICES
from tests.conftest import ServiceDatabases

BEFORE, NOW = "kernel/0001_before", "kernel/0002_now"
KNOWN = {BEFORE: "a", NOW: "b"}
TAKING = re.compile(
    r"^\s*[^-\n]*(\bDROP\s+(TABLE|COLUMN|FUNCTION|VIEW|SCHEMA|TYPE)\b|\bRENAME\b|\bSET\s+NOT\s+NULL\b"
    r"|\bALTER\s+(COLUMN\s+)?\w+\s+(SET\s+DATA\s+)?TYPE\b|\bADD\s+COLUMN\s+[^,;]*\bNOT\s+NULL\b(?![^,;]*\bDEFAULT\b))",
    re.IGNORECASE | re.MULTILINE,
)
"""What the release before may still use, or does not know that it must fill."""
APPLIED = {BEFORE: Applied("a", None), NOW: Applied("b", None)}


def test_a_schema_that_has_what_the_release_knows_fits() -> None:
    assert fit_of(KNOWN, APPLIED) == Fit()
    assert Fit().runs
    assert str(Fit()) == ""


def test_a_schema_without_a_migration_is_too_old() -> None:
    fit = fit_of(KNOWN, {BEFORE: APPLIED[BEFORE]})
    assert (fit.runs, fit.missing) == (False, (NOW,))
    assert "kith migrate" in str(fit)


def test_a_schema_that_a_later_release_only_expanded_fits() -> None:
    fit = fit_of(KNOWN, APPLIED | {"kernel/0003_later": Applied("c", None)})
    assert (fit.runs, fit.newer) == (True, ("kernel/0003_later",))


def test_a_contract_needs_a_release_that_knows_what_came_in_its_place() -> None:
    taken = {"kernel/0003_later": Applied("c", None), "kernel/0004_gone": Applied("d", "kernel/0003_later")}
    fit = fit_of(KNOWN, APPLIED | taken)
    assert (fit.runs, fit.contracted) == (False, ("kernel/0004_gone",))
    assert "too new" in str(fit)
    assert fit_of(KNOWN | {"kernel/0003_later": "c"}, APPLIED | taken).runs


def test_a_migration_with_another_text_does_not_fit() -> None:
    fit = fit_of(KNOWN, APPLIED | {NOW: Applied("other", None)})
    assert (fit.runs, fit.changed) == (False, (NOW,))


def test_a_contract_says_in_its_first_line_what_it_needs() -> None:
    text = "-- contract: needs contact/0007_kept_beside\nALTER TABLE app.visits DROP COLUMN old;\n"
    assert migration("contact/0009_old_gone", text).needs == "contact/0007_kept_beside"
    assert migration("contact/0009_old_gone", f"\n{text}").needs is None
    assert [one.name for one in migrations_of("contact") if one.needs] == []


@pytest.mark.parametrize("service", SERVICES)
def test_whatever_takes_something_from_the_release_before_is_a_contract(service: str) -> None:
    taking = [one.name for one in migrations_of(service) if TAKING.search(one.text) and one.needs is None]
    assert taking == []


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE app.visits DROP COLUMN old;",
        "DROP FUNCTION app.figures(date);",
        "ALTER TABLE app.visits RENAME COLUMN a TO b;",
        "ALTER TABLE app.visits ALTER COLUMN a TYPE bigint;",
        "ALTER TABLE app.visits\n  ALTER a SET NOT NULL;",
        "ALTER TABLE app.visits ADD COLUMN a int NOT NULL;",
    ],
)
def test_what_takes_something_away_is_seen(statement: str) -> None:
    assert TAKING.search(statement)
    assert not TAKING.search("ALTER TABLE app.visits ADD COLUMN a int NOT NULL DEFAULT 0, ADD COLUMN b date;")


async def test_a_migration_over_a_later_contract_is_refused_and_changes_nothing(
    service_database: ServiceDatabases,
) -> None:
    database = await service_database("contact")
    present = list(migrations_of("contact"))
    later = migration("contact/9001_later", "CREATE TABLE app.later (a int);")
    contract = migration("contact/9002_gone", "-- contract: needs contact/9001_later\nDROP TABLE app.later;")
    applied = await migrate(database.owner_dsn, "contact", [*present, later, contract])
    assert applied == [later.name, contract.name]

    unheard = migration("contact/8001_unheard", "CREATE TABLE app.unheard (a int);")
    with pytest.raises(SchemaUnfit) as refused:
        await migrate(database.owner_dsn, "contact", [*present, unheard])
    assert refused.value.fit.contracted == (contract.name,)
    connection = await asyncpg.connect(database.dsn)
    assert not (await schema_fit(connection, "contact")).runs
    assert await connection.fetchval("SELECT to_regclass('app.unheard')") is None
    await connection.close()

    assert await migrate(database.owner_dsn, "contact", [*present, later]) == []


async def test_an_applied_migration_whose_text_was_edited_is_refused(
    service_database: ServiceDatabases,
) -> None:
    database = await service_database("contact")
    first, *others = migrations_of("contact")
    with pytest.raises(SchemaUnfit, match="another text"):
        await migrate(
            database.owner_dsn, "contact", [replace(first, text=f"{first.text}-- edited\n"), *others]
        )


async def test_a_ledger_of_an_early_release_is_read(service_database: ServiceDatabases) -> None:
    database = await service_database("contact")
    owner = await asyncpg.connect(database.owner_dsn)
    await owner.execute("ALTER TABLE migrations.applied DROP COLUMN needs")
    assert (await schema_fit(owner, "contact")).runs
    await owner.close()
    assert await migrate(database.owner_dsn, "contact") == []
