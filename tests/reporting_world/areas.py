"""What happens to areas: defined at first, renamed, closed."""

from shared.contracts.event import Level
from shared.contracts.registry import AreaClosed, AreaDefined, AreaRenamed
from tests.reporting_world.world import COUNTY, FIRST_DAY, SPARE_VILLAGES, TOWNSHIPS, VILLAGES, World


def define_areas(made: World) -> None:
    levels = {6: Level.COUNTY, 9: Level.TOWNSHIP, 12: Level.VILLAGE}
    parents = {6: 0, 9: 6, 12: 9}
    for code in (COUNTY, *TOWNSHIPS, *VILLAGES, *SPARE_VILLAGES):
        made.told["registry"].append(
            AreaDefined(
                area=code,
                on=FIRST_DAY,
                recorded_on=FIRST_DAY,
                name=f"Area {code}",
                level=levels[len(code)],
                parent=code[: parents[len(code)]] or None,
            )
        )


def rename(made: World) -> None:
    code = made.chance.choice(TOWNSHIPS)
    name = f"Renamed on {made.day}"
    made.say(
        "registry",
        AreaRenamed(area=code, on=made.day, recorded_on=made.day, name=name, former_name="before"),
    )


def close_area(made: World) -> None:
    """Let a village in which no child lives go up in another of its township."""
    if not made.spare:
        return
    code = made.chance.choice(sorted(made.spare))
    made.spare.remove(code)
    successor = made.chance.choice([village for village in VILLAGES if village[:9] == code[:9]])
    closed = AreaClosed(area=code, on=made.on(), recorded_on=made.day, successor=successor)
    made.say("registry", closed)
