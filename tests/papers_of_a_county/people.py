"""Invented children of an invented county: names, birth dates and id numbers by seed."""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from tests.paper_files import with_check_sign
from tests.papers_of_a_county.facts import Child

COUNTY = "520199"
TOWNSHIPS = ("青石镇", "白水镇", "红岩乡", "竹溪乡", "松林镇", "石桥乡", "马场镇")
VILLAGES = ("大坪村", "新村", "老鹰岩村", "河口社区")
OWN_VILLAGES = ("上寨村", "下坝村", "黄泥村", "龙洞村", "木瓜村", "铜厂村", "花溪村")
SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许"
GIVEN = "安柏辰岱恩帆谷禾嘉珂澜茗宁鸥朴琪若杉棠未溪言远知"


def areas() -> dict[str, str]:
    """Return the county's areas: some names of villages stand in every township."""
    found = {COUNTY: "云岭县"}
    for nth, township in enumerate(TOWNSHIPS):
        code = f"{COUNTY}{100 + nth}"
        found[code] = township
        names = (*VILLAGES, OWN_VILLAGES[nth])
        found |= {f"{code}{201 + place}": name for place, name in enumerate(names)}
    return found


class People:
    """Makes children no two of whom share a number or a name."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311 - the same county for the same seed
        self.names = self._names()
        self.order = self.random.sample(range(10, 1000), 900)

    def child(self, village: str, born: date, *, numbered: bool = True, poor: bool = False) -> Child:
        sex = self.random.choice("男女")
        number = self.number(born, sex) if numbered else None
        return Child(next(self.names), sex, born, village, number, poor)

    def number(self, born: date, sex: str, *, ends_with_x: bool | None = None) -> str:
        """Return a fresh id number; of the kind that ends with X, or not, where that is asked for."""
        while True:
            order = self.order.pop() // 2 * 2 + (sex == "男")
            number = with_check_sign(f"{COUNTY}{born:%Y%m%d}{order:03}")
            if ends_with_x is None or number.endswith("X") == ends_with_x:
                return number
            self.order.insert(0, order)

    def birthday(self, filed_on: date) -> date:
        """Return a birth date of someone who is between two and fourteen years old on the day of filing."""
        return filed_on - timedelta(days=self.random.randrange(2 * 365, 14 * 365))

    def _names(self) -> Iterator[str]:
        names = [a + b + c for a in SURNAMES for b in GIVEN for c in ("", *GIVEN[:8])]
        self.random.shuffle(names)
        yield from names
