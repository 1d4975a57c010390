"""A right request of every operation that takes more than an id: what it is about stands ready in the county."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

from kith.client import Client, Json
from shared.tokens import Role
from tests.paper_files import delimited, roster, row_with, with_check_sign, workbook

VILLAGE_NAME, OTHER_VILLAGE = "金洞村", "431299102202"
DAY, LATER = "2026-03-01", "2026-03-05"
BORN = "2016-07-12"
CARERS: list[object] = ["姓名", "性别", "身份", "所在地代码", "联系电话", "可结对人数", "审查通过"]
VISITS = ["走访日期", "录入日期", "儿童姓名", "身份证号", "所在村代码", "方式", "结果"]
AREAS = ["代码", "名称", "上级代码", "级别"]


@dataclass(frozen=True)
class Paper:
    """A file and its name, of which a township's roster says whose it is."""

    content: bytes
    name: str


@dataclass(frozen=True)
class Right:
    """A request that is answered: its parameters, and its body or its paper."""

    params: Mapping[str, str] = field(default_factory=dict)
    body: Json | None = None
    paper: Paper | None = None


Requests = dict[tuple[str, str], Right]


class Making:
    """Fills a county, over its own HTTP services, with what right requests are about."""

    def __init__(self, client: Client, county: str, township: str, village: str) -> None:
        self.client, self.county, self.township, self.village = client, county, township, village
        self._numbers = count(1)

    def child(self, name: str = "") -> str:
        """Return a child registered in the village, of a name of its own unless one is given."""
        given = {"name": name or f"周梅{next(self._numbers)}"}
        body = {"on": "2026-01-05", "area": self.village, "file": {"birth_date": BORN, "sex": "2"}}
        told = self.client.post("registry", "/children", {**body, "identity": given})
        return str(told["child_id"])

    def carer(self) -> str:
        told = self.client.post("pairing", "/carers", new_carer(self.township, f"吴兰{next(self._numbers)}"))
        return str(told["carer_id"])

    def area(self) -> str:
        """Return a village made for nothing but to be changed."""
        code = f"{self.township}{900 + next(self._numbers)}"
        self.client.post("registry", "/areas", new_area(code, self.township))
        return code

    def roster(self, *rows: Sequence[object]) -> Paper:
        return Paper(roster(*rows), f"{self.township}_清水镇.xlsx")

    def learned(self) -> tuple[str, str]:
        """Return a child for whom a later paper has brought an id number, and what is to be confirmed."""
        row = {"姓名": f"周菊{next(self._numbers)}", "所在村": VILLAGE_NAME}
        for number in ("", with_check_sign(f"43129920160712{next(self._numbers) * 2:03}")):
            paper = self.roster(row_with(**row, 公民身份证号码=number))
            self.client.send("registry", "/imports/rosters", paper.name, paper.content, filed_on=DAY)
        waiting = self.client.get("registry", "/children/learned-ids")["items"][-1]
        return waiting["child_id"], waiting["learned_id"]

    def alike(self) -> tuple[str, str]:
        """Return two children whom a paper has found alike."""
        name = f"周竹{next(self._numbers)}"
        rows = [
            row_with(姓名=name, 公民身份证号码="", 所在村=village) for village in (VILLAGE_NAME, "南湾村")
        ]
        paper = self.roster(*rows)
        self.client.send("registry", "/imports/rosters", paper.name, paper.content, filed_on=DAY)
        pair = self.client.get("registry", "/children/likely-duplicates")["items"][-1]
        return pair["child_id"], pair["other_id"]


def new_carer(area: str, name: str) -> Json:
    about = {"name": name, "kind": "teacher", "sex": "2", "area": area, "capacity": 3, "cleared": True}
    return {**about, "on": "2026-01-05"}


def new_area(code: str, parent: str) -> Json:
    return {
        "code": code,
        "name": f"新{code[-3:]}村",
        "level": "village",
        "parent": parent,
        "on": "2026-01-05",
    }


def right_requests(made: Making) -> dict[str, Requests]:
    """Return right requests by service and by method and path; each is right once."""
    return {
        "registry": _of_children(made) | _of_areas(made) | _of_rosters(made),
        "pairing": _of_pairing(made),
        "contact": _of_contact(made),
        "reporting": {
            ("get", "/series"): Right({"measure": "files.open", "area": made.county}),
            ("post", "/summaries"): Right(body={"area": made.county, "from": "2026-01-01", "to": LATER}),
        },
    }


def _of_children(made: Making) -> Requests:
    gone, kept, merged = made.child(), made.child(), made.child()
    left = made.child()
    made.client.post("registry", f"/children/{left}/leave", {"on": DAY, "reason": "moved_away"})
    made.client.post("registry", f"/children/{merged}/merge", {"on": DAY, "survivor_id": kept})
    learner, learned = made.learned()
    one, other = made.alike()
    file = {"birth_date": BORN, "sex": "1", "poor": True}

    def about(child: str, **body: object) -> Right:
        return Right({"child_id": child}, body)

    return {
        ("post", "/children"): Right(
            body={"on": DAY, "area": made.village, "file": file, "identity": {"name": "周荷"}}
        ),
        ("post", "/children/identities"): Right(body={"ids": [kept], "reason": "家访"}),
        ("post", "/children/{child_id}/revise"): about(made.child(), on=DAY, file=file),
        ("post", "/children/{child_id}/transfer"): about(made.child(), on=DAY, to_area=OTHER_VILLAGE),
        ("post", "/children/{child_id}/leave"): about(made.child(), on=DAY, reason="moved_away"),
        ("post", "/children/{child_id}/return"): about(left, on=LATER),
        ("post", "/children/{child_id}/merge"): about(gone, on=DAY, survivor_id=kept),
        ("post", "/children/{child_id}/unmerge"): about(merged, on=LATER),
        ("post", "/children/{child_id}/forget"): Right({"child_id": made.child()}),
        ("post", "/children/{child_id}/confirm-id"): about(learner, learned_id=learned),
        ("post", "/children/likely-duplicates/{child_id}/{other_id}/judge"): Right(
            {"child_id": one, "other_id": other}, {"verdict": "different"}
        ),
    }


def _of_areas(made: Making) -> Requests:
    areas = [
        AREAS,
        [made.county, "青溪县", "", "county"],
        [made.township, "清水镇", made.county, "township"],
        [f"{made.township}899", "新柳村", made.township, "village"],
    ]
    return {
        ("post", "/areas"): Right(body=new_area(f"{made.township}898", made.township)),
        ("post", "/areas/{code}/rename"): Right({"code": made.area()}, {"name": "新桥村", "on": DAY}),
        ("post", "/areas/{code}/close"): Right({"code": made.area()}, {"successor": made.village, "on": DAY}),
        ("post", "/imports/areas"): Right({"on": DAY}, paper=Paper(workbook(None, *areas), "区划.xlsx")),
    }


def _of_rosters(made: Making) -> Requests:
    paper = made.roster(row_with(姓名="周莲", 公民身份证号码="", 所在村=VILLAGE_NAME))
    return {
        ("post", "/imports/rosters"): Right({"filed_on": DAY}, paper=paper),
        ("post", "/advance"): Right(body={"to": "2026-03-07"}),
    }


def _of_pairing(made: Making) -> Requests:
    carers: list[list[object]] = [
        CARERS,
        ["吴梅", "", "教师", made.township, "13960200134", 2, "是"],
        ["", "", "?", "", "", "", ""],
    ]
    paper = Paper(workbook(None, *carers), "结对帮扶人员.xlsx")
    told = made.client.send("pairing", "/imports/carers", paper.name, paper.content, on=DAY)
    carers[1][0] = "吴芳"
    child = made.child()
    pair = {"child_id": made.child(), "carer_id": made.carer(), "on": DAY}
    paired = made.client.post("pairing", "/pairs", {**pair, "child_id": child}, after=_said(made, "registry"))
    return {
        ("post", "/carers"): Right(body=new_carer(made.township, "吴莲")),
        ("post", "/pairs"): Right({"after": _said(made, "registry")}, pair),
        ("post", "/pairs/{pair_id}/end"): Right(
            {"pair_id": paired["pair_id"]}, {"reason": "requested", "on": LATER}
        ),
        ("post", "/imports/carers"): Right({"on": DAY}, paper=Paper(workbook(None, *carers), paper.name)),
        ("get", "/imports/{import_id}/refused.xlsx"): Right({"import_id": told["import_id"]}),
        ("post", "/advance"): Right(body={"to": "2026-03-07"}),
    }


def _of_contact(made: Making) -> Requests:
    visits = [VISITS, [DAY, DAY, "周荷", "", made.village, "亲子通话", "成功"], ["?"] * len(VISITS)]
    paper = Paper(delimited(*visits), "走访记录.csv")
    told = made.client.send("contact", "/imports/visits", paper.name, paper.content)
    visits[1][2] = "周莲"
    visit = {"child_id": made.child(), "kind": "home_visit", "on": LATER, "reached": True, "note": "在家"}
    return {
        ("post", "/visits"): Right({"after": _said(made, "registry")}, visit),
        ("post", "/imports/visits"): Right(paper=Paper(delimited(*visits), paper.name)),
        ("get", "/imports/{import_id}/refused.xlsx"): Right({"import_id": told["import_id"]}),
        ("post", "/advance"): Right(body={"to": "2026-03-07"}),
    }


def _said(made: Making, service: str) -> str:
    """Return where the log of *service* ends now: who waits for it sees all that was done."""
    return str(made.client.get(service, "/status", Role.OPERATOR)["position"])
