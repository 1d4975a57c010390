"""A county's year told to a person: what was taken, what was promised, what was kept."""

from kith.client import Json
from kith.console import Console
from shared.contracts.event import ContactKind
from shared.messages import label


def tell_year(console: Console, year: Json) -> None:
    """Write the figures of a year as tables."""
    rosters, log, pairs = year["rosters"], year["log"], year["pairs"]
    console.table(
        "year_files",
        ["files_taken", "rows_refused", "rows_duplicate", "pairs_open", "children_unpaired"],
        [
            (
                rosters["accepted"],
                rosters["refused"],
                rosters["duplicates"],
                pairs["open"],
                pairs["children_unpaired"],
            )
        ],
    )
    console.table(
        "year_log",
        ["log_rows", "unknown_child", "ambiguous"],
        [(log["rows"], log["unknown_child"], log["ambiguous"])],
    )
    rows = [
        (
            label(ContactKind(kind), console.language),
            counts["windows"],
            counts["kept"],
            counts["missed"],
            counts["made_good"],
        )
        for kind, counts in year["contacts"].items()
    ]
    console.table("year_contacts", ["kind", "windows", "kept", "missed", "made_good"], rows)
    seconds = ", ".join(
        f"{console.text(f'phase_{phase}')} {took} s" for phase, took in year["seconds"].items()
    )
    console.say("year_seconds", seconds=seconds)
