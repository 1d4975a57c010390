"""What happens to contacts: visits logged, windows judged, misses mended."""

from datetime import timedelta

from shared.contracts.contact import (
    ContactEscalated,
    ContactMadeGood,
    ContactMissed,
    MissWithdrawn,
    VisitLogged,
    WindowJudged,
)
from shared.contracts.event import ContactKind, EscalationLevel, LeavingReason
from tests.reporting_world.world import VILLAGES, World


def visit(made: World) -> None:
    if child := made.somebody(here=True):
        made.say(
            "contact",
            VisitLogged(
                area=made.homes[child],
                on=made.on(),
                recorded_on=made.day,
                visit_id=made.new_id(),
                child_id=child,
                kind=made.chance.choice(list(ContactKind)),
                reached=made.chance.random() < 0.7,
                entered_on=made.day,
                in_file=made.chance.random() < 0.9,
            ),
        )


def judge(made: World) -> None:
    closes = made.day.replace(day=1) - timedelta(days=1)
    opens, due = closes.replace(day=1), made.day - timedelta(days=1)
    window = {"on": closes, "recorded_on": made.day, "opens": opens, "due": due}
    for kind in (ContactKind.GUARDIAN_TALK, ContactKind.PARENT_CALL):
        for village in VILLAGES:
            counted = sorted(child for child, home in made.homes.items() if home == village)
            kept = [child for child in counted if made.chance.random() < 0.6]
            if not counted:
                continue
            made.say(
                "contact",
                WindowJudged(area=village, kind=kind, part=1, counted=counted, kept=kept, **window),
            )
            for child in set(counted) - set(kept):
                missed = ContactMissed(area=village, child_id=child, kind=kind, pairs=(), **window)
                made.missed.append(missed)
                made.say("contact", missed)


def mend(made: World) -> None:
    if not made.missed:
        return
    missed = made.missed.pop(made.chance.randrange(len(made.missed)))
    about = {
        "area": missed.area,
        "on": missed.on,
        "recorded_on": made.day,
        "child_id": missed.child_id,
        "kind": missed.kind,
    }
    if made.chance.random() < 0.6:
        made.say("contact", ContactMadeGood(opens=missed.opens, visit_id=made.new_id(), **about))
    elif made.chance.random() < 0.5:
        made.say("contact", MissWithdrawn(opens=missed.opens, reason=LeavingReason.DIED, **about))
    else:
        level = made.chance.choice(list(EscalationLevel))
        made.say("contact", ContactEscalated(level=level, first_opens=missed.opens, windows=2, **about))
        made.missed.append(missed)
