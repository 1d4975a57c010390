"""The rules of a child's file (policy.md, Commitments and windows; The papers)."""

from datetime import date, timedelta
from uuid import UUID

import pytest

from services.registry.domain.child import (
    ChildCommand,
    LetChildLeave,
    MergeChildren,
    RegisterChild,
    ReturnChild,
    ReviseChildFile,
    TransferChild,
    UnmergeChildren,
    child,
)
from shared.contracts.event import LeavingReason, Sex
from shared.contracts.registry import (
    ChildFile,
    ChildFileRevised,
    ChildLeft,
    ChildRegistered,
    ChildrenMerged,
    ChildrenUnmerged,
    ChildReturned,
    ChildTransferred,
    ChildTransferredOut,
)
from tests.spec import given

MEI = UUID("00000000-0000-4000-8000-000000000001")
MEI_AGAIN = UUID("00000000-0000-4000-8000-000000000002")
LIUQIAO, DONGHE, LONGZHAI = "431299200241", "431299200245", "431299112201"
FILED, MARCH, MAY, JUNE = date(2026, 1, 1), date(2026, 3, 1), date(2026, 5, 1), date(2026, 6, 1)

FILE = ChildFile(birth_date=date(2014, 8, 12), sex=Sex.FEMALE)
POOR = FILE.model_copy(update={"poor": True})

REGISTERED = ChildRegistered(area=LIUQIAO, on=FILED, recorded_on=FILED, child_id=MEI, file=FILE)
LEFT = ChildLeft(
    area=LIUQIAO, on=JUNE, recorded_on=JUNE, child_id=MEI, reason=LeavingReason.MOVED_AWAY, file=FILE
)
MERGED = ChildrenMerged(
    area=LIUQIAO, on=JUNE, recorded_on=JUNE, child_id=MEI, survivor_id=MEI_AGAIN, file=FILE
)


def register(file: ChildFile = FILE, on: date = FILED, area: str = LIUQIAO) -> RegisterChild:
    return RegisterChild(child_id=MEI, area=area, village_open=True, file=file, on=on, recorded_on=JUNE)


def leave(reason: LeavingReason, on: date = JUNE, recorded_on: date = JUNE) -> LetChildLeave:
    return LetChildLeave(reason=reason, on=on, recorded_on=recorded_on)


def transfer(to_area: str, on: date = JUNE) -> TransferChild:
    return TransferChild(to_area=to_area, village_open=True, on=on, recorded_on=JUNE)


def come_back(on: date = JUNE, file: ChildFile | None = None) -> ReturnChild:
    return ReturnChild(area=DONGHE, village_open=True, file=file, on=on, recorded_on=on)


def merge(survivor_id: UUID = MEI_AGAIN, on: date = JUNE) -> MergeChildren:
    return MergeChildren(survivor_id=survivor_id, survivor_known=True, on=on, recorded_on=JUNE)


def test_a_child_is_registered_from_the_day_of_filing() -> None:
    given(child).when(register()).then(REGISTERED.model_copy(update={"recorded_on": JUNE}))


def test_nobody_registers_twice() -> None:
    given(child, REGISTERED).when(register(POOR)).then_rejected("already_registered")


def test_registering_what_is_registered_already_changes_nothing() -> None:
    given(child, REGISTERED).when(register()).then_nothing()


def test_a_child_of_sixteen_is_not_registered() -> None:
    given(child).when(register(FILE.model_copy(update={"birth_date": date(2010, 1, 1)}))).then_rejected(
        "sixteen_or_more"
    )


def test_a_child_is_registered_on_the_last_day_before_sixteen() -> None:
    almost = FILE.model_copy(update={"birth_date": date(2010, 1, 2)})
    given(child).when(register(almost)).then(
        REGISTERED.model_copy(update={"recorded_on": JUNE, "file": almost})
    )


def test_a_child_is_not_registered_before_birth() -> None:
    given(child).when(register(on=date(2014, 8, 11))).then_rejected("not_yet_born")


def test_a_child_is_registered_only_in_an_open_village() -> None:
    command = RegisterChild(
        child_id=MEI, area=LIUQIAO, village_open=False, file=FILE, on=FILED, recorded_on=FILED
    )
    given(child).when(command).then_rejected("village_unknown")


@pytest.mark.parametrize(
    "command",
    [
        register(on=JUNE + timedelta(1)),
        leave(LeavingReason.DIED, on=JUNE + timedelta(1)),
        transfer(DONGHE, on=JUNE + timedelta(1)),
        merge(on=JUNE + timedelta(1)),
    ],
)
def test_nothing_is_true_before_the_day_it_was_recorded(command: ChildCommand) -> None:
    given(child, REGISTERED).when(command).then_rejected("on_after_recorded")


def test_a_revision_carries_the_new_state_and_the_former() -> None:
    given(child, REGISTERED).when(ReviseChildFile(file=POOR, on=MARCH, recorded_on=JUNE)).then(
        ChildFileRevised(area=LIUQIAO, on=MARCH, recorded_on=JUNE, child_id=MEI, file=POOR, former=FILE)
    )


def test_a_revision_that_says_nothing_new_changes_nothing() -> None:
    given(child, REGISTERED).when(ReviseChildFile(file=FILE, on=MARCH, recorded_on=JUNE)).then_nothing()


def test_an_id_number_learned_later_revises_the_file() -> None:
    command = ReviseChildFile(file=FILE, identity_changed=True, on=MARCH, recorded_on=MARCH)
    given(child, REGISTERED).when(command).then(
        ChildFileRevised(area=LIUQIAO, on=MARCH, recorded_on=MARCH, child_id=MEI, file=FILE, former=FILE)
    )


def test_a_left_child_is_not_revised() -> None:
    given(child, REGISTERED, LEFT).when(ReviseChildFile(file=POOR, on=JUNE, recorded_on=JUNE)).then_rejected(
        "child_left"
    )


def test_a_revision_is_not_dated_before_the_last_change() -> None:
    given(child, REGISTERED).when(
        ReviseChildFile(file=POOR, on=FILED - timedelta(1), recorded_on=JUNE)
    ).then_rejected("before_last_change")


def test_a_birth_date_is_not_revised_to_sixteen_years_ago() -> None:
    old = FILE.model_copy(update={"birth_date": date(2009, 8, 12)})
    given(child, REGISTERED).when(ReviseChildFile(file=old, on=MARCH, recorded_on=MARCH)).then_rejected(
        "sixteen_or_more"
    )


def test_a_transfer_inside_the_township_is_one_event() -> None:
    given(child, REGISTERED).when(transfer(DONGHE)).then(
        ChildTransferred(area=DONGHE, on=JUNE, recorded_on=JUNE, child_id=MEI, from_area=LIUQIAO, file=FILE)
    )


def test_a_transfer_is_published_to_both_townships() -> None:
    given(child, REGISTERED).when(transfer(LONGZHAI)).then(
        ChildTransferred(
            area=LONGZHAI, on=JUNE, recorded_on=JUNE, child_id=MEI, from_area=LIUQIAO, file=FILE
        ),
        ChildTransferredOut(area=LIUQIAO, on=JUNE, recorded_on=JUNE, child_id=MEI, to_area=LONGZHAI),
    )


def test_a_transfer_to_where_the_child_lives_changes_nothing() -> None:
    given(child, REGISTERED).when(transfer(LIUQIAO)).then_nothing()


@pytest.mark.parametrize(
    "reason",
    [
        LeavingReason.PARENTS_RETURNED,
        LeavingReason.MOVED_AWAY,
        LeavingReason.DIED,
        LeavingReason.REGISTERED_IN_ERROR,
    ],
)
def test_a_child_leaves_for_a_reason(reason: LeavingReason) -> None:
    given(child, REGISTERED).when(leave(reason)).then(LEFT.model_copy(update={"reason": reason}))


def test_a_child_reaches_sixteen_on_the_birthday_and_on_no_other_day() -> None:
    birthday = date(2030, 8, 12)
    given(child, REGISTERED).when(leave(LeavingReason.REACHED_16, birthday, birthday)).then(
        LEFT.model_copy(update={"reason": LeavingReason.REACHED_16, "on": birthday, "recorded_on": birthday})
    )
    given(child, REGISTERED).when(leave(LeavingReason.REACHED_16, JUNE)).then_rejected("not_sixteen_that_day")


def test_who_was_born_on_29_february_leaves_on_1_march() -> None:
    leap = FILE.model_copy(update={"birth_date": date(2012, 2, 29)})
    first_of_march = date(2028, 3, 1)
    given(child, REGISTERED.model_copy(update={"file": leap})).when(
        leave(LeavingReason.REACHED_16, first_of_march, first_of_march)
    ).then(
        LEFT.model_copy(
            update={
                "reason": LeavingReason.REACHED_16,
                "on": first_of_march,
                "recorded_on": first_of_march,
                "file": leap,
            }
        )
    )


def test_a_merge_is_not_a_reason_to_leave_by_hand() -> None:
    given(child, REGISTERED).when(leave(LeavingReason.MERGED)).then_rejected("leaving_by_merge")


def test_a_child_that_left_is_found_to_have_left_earlier() -> None:
    given(child, REGISTERED, LEFT).when(leave(LeavingReason.DIED, MARCH)).then(
        LEFT.model_copy(update={"on": MARCH, "reason": LeavingReason.DIED})
    )


def test_a_leaving_moved_earlier_takes_back_what_was_dated_between() -> None:
    moved = ChildTransferred(area=DONGHE, on=MAY, recorded_on=MAY, child_id=MEI, from_area=LIUQIAO, file=FILE)
    left_there = LEFT.model_copy(update={"area": DONGHE})
    given(child, REGISTERED, moved, left_there).when(leave(LeavingReason.DIED, MARCH)).then(
        ChildTransferred(area=LIUQIAO, on=MAY, recorded_on=JUNE, child_id=MEI, from_area=DONGHE, file=FILE),
        LEFT.model_copy(update={"on": MARCH, "reason": LeavingReason.DIED}),
    )


def test_what_a_leaving_took_back_is_not_taken_back_again_by_an_earlier_one() -> None:
    poor = ChildFileRevised(area=LIUQIAO, on=JUNE, recorded_on=JUNE, child_id=MEI, file=POOR, former=FILE)
    taken_back = ChildFileRevised(
        area=LIUQIAO, on=JUNE, recorded_on=JUNE, child_id=MEI, file=FILE, former=POOR
    )
    in_may = LEFT.model_copy(update={"on": MAY})
    given(child, REGISTERED, poor, taken_back, in_may).when(leave(LeavingReason.DIED, MARCH)).then(
        LEFT.model_copy(update={"on": MARCH, "reason": LeavingReason.DIED})
    )


def test_nobody_who_left_leaves_later_or_on_that_day_for_another_reason() -> None:
    later = leave(LeavingReason.DIED, JUNE + timedelta(1), JUNE + timedelta(1))
    for command in (later, leave(LeavingReason.DIED, JUNE)):
        given(child, REGISTERED, LEFT).when(command).then_rejected("leaving_not_earlier")


def test_a_merged_file_leaves_no_more() -> None:
    given(child, REGISTERED, MERGED).when(leave(LeavingReason.DIED, MARCH)).then_rejected("child_merged")


def test_a_leaving_is_not_moved_before_the_file_was_opened() -> None:
    back = ChildReturned(area=DONGHE, on=JUNE, recorded_on=JUNE, child_id=MEI, file=FILE)
    later = LEFT.model_copy(update={"on": date(2026, 7, 1), "recorded_on": date(2026, 7, 1)})
    given(child, REGISTERED, LEFT, back, later).when(leave(LeavingReason.DIED, MAY)).then_rejected(
        "before_opening"
    )


def test_leaving_again_for_the_same_reason_on_the_same_day_changes_nothing() -> None:
    given(child, REGISTERED, LEFT).when(leave(LeavingReason.MOVED_AWAY)).then_nothing()


def test_nobody_leaves_before_the_file_was_opened() -> None:
    given(child, REGISTERED).when(leave(LeavingReason.DIED, FILED - timedelta(1))).then_rejected(
        "before_opening"
    )


def test_nobody_unknown_leaves() -> None:
    given(child).when(leave(LeavingReason.DIED)).then_rejected("child_unknown")


def test_a_leaving_learned_late_takes_back_what_was_dated_after_it() -> None:
    moved = ChildTransferred(
        area=LONGZHAI, on=MAY, recorded_on=MAY, child_id=MEI, from_area=LIUQIAO, file=FILE
    )
    poor = ChildFileRevised(area=LONGZHAI, on=JUNE, recorded_on=JUNE, child_id=MEI, file=POOR, former=FILE)
    given(child, REGISTERED, moved, poor).when(leave(LeavingReason.DIED, MARCH)).then(
        ChildFileRevised(area=LONGZHAI, on=JUNE, recorded_on=JUNE, child_id=MEI, file=FILE, former=POOR),
        ChildTransferred(area=LIUQIAO, on=MAY, recorded_on=JUNE, child_id=MEI, from_area=LONGZHAI, file=FILE),
        ChildTransferredOut(area=LONGZHAI, on=MAY, recorded_on=JUNE, child_id=MEI, to_area=LIUQIAO),
        LEFT.model_copy(update={"on": MARCH, "reason": LeavingReason.DIED}),
    )


def test_what_is_taken_back_is_not_known_before_it_was_true() -> None:
    known_early = LetChildLeave(reason=LeavingReason.MOVED_AWAY, on=MARCH, recorded_on=MARCH)
    revised = ChildFileRevised(area=LIUQIAO, on=MAY, recorded_on=MAY, child_id=MEI, file=POOR, former=FILE)
    state = child.fold([REGISTERED, revised])
    assert [(event.on, event.recorded_on) for event in child.decide(known_early, state)] == [
        (MAY, MAY),
        (MARCH, MARCH),
    ]


def test_a_leaving_between_two_changes_takes_back_only_the_later_one() -> None:
    moved = ChildTransferred(
        area=DONGHE, on=MARCH, recorded_on=MARCH, child_id=MEI, from_area=LIUQIAO, file=FILE
    )
    poor = ChildFileRevised(area=DONGHE, on=JUNE, recorded_on=JUNE, child_id=MEI, file=POOR, former=FILE)
    given(child, REGISTERED, moved, poor).when(leave(LeavingReason.DIED, MAY)).then(
        ChildFileRevised(area=DONGHE, on=JUNE, recorded_on=JUNE, child_id=MEI, file=FILE, former=POOR),
        LEFT.model_copy(update={"area": DONGHE, "on": MAY, "reason": LeavingReason.DIED}),
    )


def test_a_returned_child_counts_from_the_day_of_its_return() -> None:
    given(child, REGISTERED, LEFT).when(come_back()).then(
        ChildReturned(area=DONGHE, on=JUNE, recorded_on=JUNE, child_id=MEI, file=FILE)
    )


def test_only_who_left_returns() -> None:
    given(child, REGISTERED).when(come_back()).then_rejected("not_left")
    given(child, REGISTERED, MERGED).when(come_back()).then_rejected("not_left")


def test_nobody_returns_before_leaving() -> None:
    given(child, REGISTERED, LEFT).when(come_back(MAY)).then_rejected("before_leaving")


def test_nobody_returns_at_sixteen() -> None:
    given(child, REGISTERED, LEFT).when(come_back(date(2030, 8, 12))).then_rejected("sixteen_or_more")


def test_a_file_closed_by_a_wrong_birth_date_returns_with_the_right_one() -> None:
    wrong = FILE.model_copy(update={"birth_date": date(2010, 6, 1)})
    closed = LEFT.model_copy(update={"reason": LeavingReason.REACHED_16, "file": wrong})
    given(child, REGISTERED.model_copy(update={"file": wrong}), closed).when(come_back(file=FILE)).then(
        ChildReturned(area=DONGHE, on=JUNE, recorded_on=JUNE, child_id=MEI, file=FILE)
    )


def test_nobody_leaves_again_before_the_return() -> None:
    back = ChildReturned(area=DONGHE, on=JUNE, recorded_on=JUNE, child_id=MEI, file=FILE)
    given(child, REGISTERED, LEFT, back).when(leave(LeavingReason.DIED, MAY)).then_rejected("before_opening")


def test_a_merge_closes_the_merged_file() -> None:
    given(child, REGISTERED).when(merge()).then(MERGED)


def test_a_merge_done_already_changes_nothing() -> None:
    given(child, REGISTERED, MERGED).when(merge()).then_nothing()


def test_a_file_is_not_merged_into_two() -> None:
    given(child, REGISTERED, MERGED).when(merge(UUID("00000000-0000-4000-8000-000000000003"))).then_rejected(
        "child_merged"
    )


def test_a_closed_file_is_not_merged() -> None:
    given(child, REGISTERED, LEFT).when(merge()).then_rejected("child_left")


def test_a_file_is_not_merged_into_itself_nor_into_an_unknown_one() -> None:
    given(child, REGISTERED).when(merge(MEI)).then_rejected("survivor_unknown")
    unknown = MergeChildren(survivor_id=MEI_AGAIN, survivor_known=False, on=JUNE, recorded_on=JUNE)
    given(child, REGISTERED).when(unknown).then_rejected("survivor_unknown")


def test_a_merge_is_undone() -> None:
    given(child, REGISTERED, MERGED).when(UnmergeChildren(on=JUNE, recorded_on=JUNE)).then(
        ChildrenUnmerged(
            area=LIUQIAO, on=JUNE, recorded_on=JUNE, child_id=MEI, survivor_id=MEI_AGAIN, file=FILE
        )
    )


def test_only_a_merge_is_undone() -> None:
    given(child, REGISTERED, LEFT).when(UnmergeChildren(on=JUNE, recorded_on=JUNE)).then_rejected(
        "not_merged"
    )


def test_an_unmerged_file_may_be_merged_again() -> None:
    unmerged = ChildrenUnmerged(
        area=LIUQIAO, on=JUNE, recorded_on=JUNE, child_id=MEI, survivor_id=MEI_AGAIN, file=FILE
    )
    given(child, REGISTERED, MERGED, unmerged).when(merge()).then(MERGED)
