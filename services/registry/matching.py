"""Which children the rows of a paper mean (policy.md, The papers): by id number, else by name in that village."""

from collections.abc import Sequence

from shared.contracts.asks import Match, MatchOutcome, MatchRow
from shared.event_store import Connection
from shared.papers.text import compact, person_name
from shared.sql import queries
from shared.vault import Vault

SQL = queries(__file__)


async def match_rows(connection: Connection, vault: Vault, rows: Sequence[MatchRow]) -> list[Match]:
    """Return one match a row, in order, against all files known, open or left; one query for all.

    A row whose number nobody has is matched by name only with children whose number is not known: who has
    another number is somebody else. Who was merged is answered with the survivor.
    """
    citizens = [None if row.id_number is None else _citizen(vault, row.id_number) for row in rows]
    names = [None if row.village is None else vault.keyed("name", person_name(row.name)) for row in rows]
    found = await connection.fetch(SQL.match_rows, citizens, names, [row.village for row in rows])
    return [_match(row["children"], row["child_id"]) for row in found]


def _citizen(vault: Vault, id_number: str) -> str:
    return vault.claim_key("citizen_id", compact(id_number).upper())


def _match(children: int, child_id: object) -> Match:
    match children:
        case 0:
            return Match(outcome=MatchOutcome.UNKNOWN)
        case 1:
            return Match.model_validate({"outcome": MatchOutcome.FOUND, "child_id": child_id})
        case _:
            return Match(outcome=MatchOutcome.AMBIGUOUS)
