"""Who stands on the rosters of the invented county: good rows, faulty ones, duplicates and birthdays."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from tests.papers_of_a_county.facts import Child, RosterEntry
from tests.papers_of_a_county.people import People, areas

FULL_WIDTH = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")


def sixteen_years_before(day: date) -> date:
    """Return the birth date of who turns 16 on *day*; 28 February for a leap day."""
    return date(day.year - 16, day.month, min(day.day, 28) if day.month == 2 else day.day)


def rosters(people: People, filed_on: date, birthdays: list[date], size: int) -> list[RosterEntry]:
    """Return the rows of every township: *size* good ones each, and one of every trouble.

    *birthdays* are days on which somebody turns sixteen.
    """
    rows: list[RosterEntry] = []
    elsewhere: list[Child] = []
    known = areas()
    for township in sorted(code for code in known if len(code) == len("520199100")):
        villages = sorted(code for code in known if code.startswith(township) and code != township)
        good = [
            people.child(
                villages[nth % len(villages)],
                people.birthday(filed_on),
                numbered=nth % 5 != 4,
                poor=nth % 3 == 0,
            )
            for nth in range(size)
        ]
        own = [RosterEntry(township, child) for child in good]
        own += put_right(people, township, villages[0], filed_on)
        own += without_number(people, township, villages[3], filed_on)
        own += faulty(people, township, villages[1], filed_on)
        own += twice(people, township, villages, filed_on)
        own += aged(people, township, villages[1], filed_on, birthdays)
        own += [RosterEntry(township, replace(child, village=villages[0])) for child in elsewhere]
        elsewhere = good[-2:]
        people.random.shuffle(own)
        rows += own
    return rows


def put_right(people: People, township: str, village: str, filed_on: date) -> Iterator[RosterEntry]:
    """Yield rows that are off in their form only."""

    def child() -> Child:
        return people.child(village, people.birthday(filed_on))

    wide, spaced, quoted, apart = child(), child(), child(), child()
    yield RosterEntry(township, wide, written={"number": str(wide.number).translate(FULL_WIDTH)})
    yield RosterEntry(township, spaced, written={"name": f" {spaced.name[0]} {spaced.name[1:]} "})
    yield RosterEntry(township, quoted, written={"number": f"'{quoted.number}"})
    yield RosterEntry(township, apart, written={"number": f"{str(apart.number)[:6]} {str(apart.number)[6:]}"})
    born = people.birthday(filed_on)
    small = replace(child(), born=born, sex="女", number=people.number(born, "女", ends_with_x=True))
    yield RosterEntry(township, small, written={"number": str(small.number).lower()})


def without_number(people: People, township: str, village: str, filed_on: date) -> Iterator[RosterEntry]:
    """Yield children who have no number, in the words of papers."""
    for word in ("无", "/", "暂无", " "):
        child = people.child(village, people.birthday(filed_on), numbered=False)
        yield RosterEntry(township, child, written={"number": word})


def faulty(people: People, township: str, village: str, filed_on: date) -> Iterator[RosterEntry]:
    """Yield a row for every reason to refuse one."""

    def row(fault: str, **written: object) -> RosterEntry:
        child = people.child(village, people.birthday(filed_on))
        return RosterEntry(township, child, fault, written)

    def contradicting(fault: str, other_number: str) -> RosterEntry:
        found = row(fault)
        return replace(found, child=replace(found.child, number=other_number))

    yield row("no name", name="")
    yield row("no name", name=" ")
    yield row("unknown village", village="无此地村")
    yield row("unknown village", village=areas()[f"{other_than(township)}205"])
    yield row("impossible date", born="2015年2月30日")
    yield row("impossible date", born="20151345")
    yield row("rounded number", number="5.20199E+17")
    yield row("rounded number", number="520199201500000000")
    whole = row("wrong checksum")
    number = str(whole.child.number)
    yield replace(whole, written={"number": number[:-1] + ("1" if number[-1] != "1" else "2")})
    whole = row("rounded number")
    yield replace(whole, written={"number": float(str(whole.child.number)[:17] + "0")})
    yield contradicting("contradicts birth", people.number(date(2013, 3, 3), "男"))
    child = people.child(village, people.birthday(filed_on))
    other_sex = people.number(child.born, "男" if child.sex == "女" else "女")
    yield RosterEntry(township, replace(child, number=other_sex), "contradicts sex")


def twice(people: People, township: str, villages: list[str], filed_on: date) -> Iterator[RosterEntry]:
    """Yield children who stand there more than once, or whom one may take for each other."""

    def child(place: int, *, numbered: bool = True) -> Child:
        return people.child(villages[place], people.birthday(filed_on), numbered=numbered)

    same = child(0)
    yield RosterEntry(township, same)
    yield RosterEntry(township, same)
    yield RosterEntry(township, replace(same, village=villages[2], poor=True))
    unnumbered = child(1, numbered=False)
    yield RosterEntry(township, unnumbered)
    yield RosterEntry(township, unnumbered)
    yield RosterEntry(township, replace(unnumbered, village=villages[2]))
    learned = child(2)
    yield RosterEntry(township, replace(learned, number=None))
    yield RosterEntry(township, learned)
    mended = child(3)
    yield RosterEntry(township, mended, "unknown village", {"village": "未知村"})
    yield RosterEntry(township, mended)
    namesake = child(4)
    yield RosterEntry(township, namesake)
    born = people.birthday(filed_on)
    number = people.number(born, namesake.sex)
    yield RosterEntry(township, replace(namesake, born=born, number=number))


def aged(
    people: People, township: str, village: str, filed_on: date, birthdays: list[date]
) -> Iterator[RosterEntry]:
    """Yield who turns sixteen on a day that matters, and who was born on a leap day."""
    days = [filed_on - timedelta(days=1), filed_on, filed_on + timedelta(days=1), *birthdays]
    for day in days:
        yield RosterEntry(township, people.child(village, sixteen_years_before(day), poor=True))
    yield RosterEntry(township, people.child(village, date(2012, 2, 29)))


def other_than(township: str) -> str:
    return f"{township[:6]}{100 + (int(township[6:]) - 99) % 7}"
