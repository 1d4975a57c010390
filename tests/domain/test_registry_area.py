"""The rules of the tree of areas."""

from datetime import date

from services.registry.domain.area import CloseArea, DefineArea, RenameArea, area
from shared.contracts.event import Level
from shared.contracts.registry import AreaClosed, AreaDefined, AreaRenamed
from tests.spec import given

TOWNSHIP, VILLAGE, OTHER = "431299200", "431299200241", "431299200245"
FIRST, LATER = date(2026, 1, 1), date(2026, 6, 1)

DEFINED = AreaDefined(
    area=VILLAGE, on=FIRST, recorded_on=FIRST, name="柳桥村", level=Level.VILLAGE, parent=TOWNSHIP
)
CLOSED = AreaClosed(area=VILLAGE, on=LATER, recorded_on=LATER, successor=OTHER)


def define(
    name: str = "柳桥村",
    code: str = VILLAGE,
    level: Level = Level.VILLAGE,
    parent: str | None = TOWNSHIP,
    parent_open: bool = True,
) -> DefineArea:
    return DefineArea(
        code=code,
        name=name,
        level=level,
        parent=parent,
        parent_open=parent_open,
        on=FIRST,
        recorded_on=FIRST,
    )


def close(successor: str | None = OTHER, open_below: int = 0, successor_open: bool = True) -> CloseArea:
    return CloseArea(
        successor=successor,
        successor_open=successor_open,
        open_below=open_below,
        on=LATER,
        recorded_on=LATER,
    )


def test_an_area_is_defined_under_its_parent() -> None:
    given(area).when(define()).then(DEFINED)


def test_a_county_has_no_parent() -> None:
    given(area).when(define("青溪县", "431299", Level.COUNTY, None, parent_open=False)).then(
        AreaDefined(
            area="431299", on=FIRST, recorded_on=FIRST, name="青溪县", level=Level.COUNTY, parent=None
        )
    )
    given(area).when(define("青溪县", "431299", Level.COUNTY, "4312")).then_rejected("area_parent_mismatch")


def test_a_code_has_the_length_of_its_level() -> None:
    given(area).when(define(level=Level.TOWNSHIP)).then_rejected("area_level_mismatch")


def test_the_prefix_of_a_code_is_its_parent() -> None:
    given(area).when(define(parent="431299201")).then_rejected("area_parent_mismatch")


def test_the_parent_is_known_first() -> None:
    given(area).when(define(parent_open=False)).then_rejected("area_parent_unknown")


def test_an_area_defined_again_changes_nothing() -> None:
    given(area, DEFINED).when(define()).then_nothing()


def test_a_new_name_is_a_renaming() -> None:
    given(area, DEFINED).when(define("新柳桥村")).then_rejected("area_already_defined")


def test_a_renamed_area_keeps_its_former_name_in_history() -> None:
    given(area, DEFINED).when(RenameArea("新柳桥村", LATER, LATER)).then(
        AreaRenamed(area=VILLAGE, on=LATER, recorded_on=LATER, name="新柳桥村", former_name="柳桥村")
    )


def test_the_same_name_again_changes_nothing() -> None:
    given(area, DEFINED).when(RenameArea("柳桥村", LATER, LATER)).then_nothing()


def test_a_change_is_not_dated_before_the_last_one() -> None:
    renamed = AreaRenamed(area=VILLAGE, on=LATER, recorded_on=LATER, name="新柳桥村", former_name="柳桥村")
    given(area, DEFINED, renamed).when(RenameArea("柳桥村", FIRST, LATER)).then_rejected("before_last_change")


def test_a_change_is_not_recorded_before_it_is_true() -> None:
    given(area, DEFINED).when(RenameArea("新柳桥村", LATER, FIRST)).then_rejected("on_after_recorded")


def test_an_area_closes_with_a_successor() -> None:
    given(area, DEFINED).when(close()).then(CLOSED)


def test_an_area_closed_already_stays_closed() -> None:
    given(area, DEFINED, CLOSED).when(close()).then_nothing()


def test_a_closed_code_is_never_used_again() -> None:
    given(area, DEFINED, CLOSED).when(define()).then_rejected("area_closed")
    given(area, DEFINED, CLOSED).when(RenameArea("新柳桥村", LATER, LATER)).then_rejected("area_closed")


def test_an_area_with_open_files_is_not_closed() -> None:
    given(area, DEFINED).when(close(open_below=3)).then_rejected("area_not_empty")


def test_a_successor_is_an_open_area() -> None:
    given(area, DEFINED).when(close(successor_open=False)).then_rejected("area_successor_unknown")
    given(area, DEFINED).when(close(successor=VILLAGE)).then_rejected("area_successor_unknown")


def test_an_unknown_area_is_neither_renamed_nor_closed() -> None:
    given(area).when(RenameArea("新柳桥村", LATER, LATER)).then_rejected("area_unknown")
    given(area).when(close()).then_rejected("area_unknown")
