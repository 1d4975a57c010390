"""The papers of an invented county: lists of areas and carers, and a roster for each township, as spreadsheets say."""

import random
from collections.abc import Iterator, Sequence
from itertools import groupby

from benchmarks.invented import Child
from shared.papers.citizen_id import CHECK_SIGNS, WEIGHTS

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红春梅海燕雪飞龙云晨宇轩欣怡"
HEADINGS = "姓名,性别,出生日期,身份证号,所在村代码,健康状况,监护类型,父亲姓名,父亲电话"
CARER_HEADINGS = "姓名,性别,身份,所在地代码,联系电话,可结对人数,审查通过"
TOWNSHIP_DIGITS = 9
SEQUENCES = 500


def area_list(people: Sequence[Child]) -> bytes:
    """Return the county, its townships and its villages, as the county's list of areas has them."""
    codes = sorted({child.area[:digits] for child in people for digits in (6, 9, 12)})
    return "\n".join(["代码,名称", *(f"{code},地{code}" for code in codes)]).encode()


def rosters(people: Sequence[Child], seed: int) -> Iterator[tuple[str, bytes, int]]:
    """Yield the name, the content and the number of rows of each township's roster."""
    chance = random.Random(seed)  # noqa: S311 - invented people, no secret
    numbered = enumerate(people)
    for township, some in groupby(numbered, key=lambda one: one[1].area[:TOWNSHIP_DIGITS]):
        rows = [row_of(child, n, chance) for n, child in some]
        yield f"{township}.csv", "\n".join([HEADINGS, *rows]).encode(), len(rows)


def carer_list(people: Sequence[Child], seed: int) -> bytes:
    """Return a list of volunteers, one in the village of every third of *people*, each with two seats."""
    chance = random.Random(seed)  # noqa: S311 - invented people, no secret
    return "\n".join([CARER_HEADINGS, *(carer_row(child.area, chance) for child in people[::3])]).encode()


def carer_row(area: str, chance: random.Random) -> str:
    """Return the row of a volunteer with two seats."""
    name = chance.choice(SURNAMES) + "".join(chance.choices(GIVEN, k=2))
    return f"{name},女,志愿者,{area},138{chance.randrange(10**8):08},2,是"


def row_of(child: Child, n: int, chance: random.Random) -> str:
    """Return the row of *child*, number *n* of its paper."""
    surname = chance.choice(SURNAMES)
    girl = chance.randrange(2)
    name = surname + "".join(chance.choices(GIVEN, k=2))
    father = surname + "".join(chance.choices(GIVEN, k=2))
    phone = f"139{chance.randrange(10**8):08}"
    number = _citizen_id(child, n % SEQUENCES * 2 + 1 - girl)
    cells = (name, "女" if girl else "男", child.born, number, child.area, "健康", "祖父母", father, phone)
    return ",".join(map(str, cells))


def _citizen_id(child: Child, sequence: int) -> str:
    digits = f"{child.area[:6]}{child.born:%Y%m%d}{sequence:03}"
    total = sum(int(digit) * weight for digit, weight in zip(digits, WEIGHTS, strict=True))
    return digits + CHECK_SIGNS[total % len(CHECK_SIGNS)]
