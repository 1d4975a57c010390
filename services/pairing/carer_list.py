"""The county's list of carers and staff: from the file as it came to rows that are judged."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shared.contracts.event import STAFF, CarerKind, Sex
from shared.papers.citizen_id import read_citizen_id, sex_of
from shared.papers.faults import Fault
from shared.papers.finding import read_short_table
from shared.papers.headings import Layout, listed
from shared.papers.lengths import too_long
from shared.papers.limits import LISTED_MAX
from shared.papers.table import Cell, Cells, Table
from shared.papers.text import NOTHING, as_text, as_texts, code, compact, free_text, person_name, phone_number
from shared.papers.words import SEXES, by_word

CAPACITY_MAX = 100
"""More children than this for one carer is a slip of the pen."""
TOWNSHIP_DIGITS = 9
AREA_CODE = re.compile(r"\d{9}(?:\d{3})?", re.ASCII)
WHOLE_NUMBER = re.compile(r"\d{1,9}", re.ASCII)

CARERS = Layout(
    columns={
        "name": listed("姓名 帮扶人姓名 结对人姓名 爱心妈妈姓名 人员姓名 名字"),
        "sex": ("性别",),
        "kind": listed("身份 类别 人员类别 人员类型 身份类别 帮扶人身份 人员身份 类型"),
        "area": listed(
            "所在地代码 所在地区划代码 区划代码 行政区划代码 地区代码 所在村代码 所在村(乡镇)代码"
            " 村代码 所在地区代码 所在地编码 代码"
        ),
        "phone": listed("联系电话 电话 手机 手机号 手机号码 联系方式 电话号码"),
        "capacity": listed(
            "可结对人数 可结对儿童数 可结对数 结对人数上限 最多结对人数 可帮扶人数 结对上限"
            " 结对名额 可结对名额 最大结对数"
        ),
        "cleared": listed(
            "审查通过 是否审查通过 审查 审查结果 是否通过审查 背景审查 背景审查通过 审核通过"
            " 审查状态 审核状态 是否通过审核"
        ),
        "school": listed("所在学校 学校 学校名称 任教学校 工作学校"),
        "citizen_id": listed("身份证号码 身份证号 公民身份证号码 公民身份号码 身份证 证件号码"),
    },
    needed=(("name",), ("kind",), ("area",), ("capacity",), ("cleared",)),
)
KINDS = by_word(
    {
        CarerKind.SURROGATE_MOTHER: "爱心妈妈 代理妈妈 代理家长 爱心家长 爱心爸爸 代理爸爸 surrogate_mother",
        CarerKind.TEACHER: "教师 老师 任课教师 班主任 中小学教师 幼儿教师 结对教师 帮扶教师 teacher",
        CarerKind.VOLUNTEER: "志愿者 志愿服务者 社会志愿者 青年志愿者 义工 volunteer",
        CarerKind.CADRE: "机关干部 干部 党员干部 乡镇干部 镇干部 村干部 帮扶干部 机关工作人员 结对干部 cadre",
        CarerKind.CHILD_DIRECTOR: "儿童主任 村儿童主任 儿童福利主任 child_director",
        CarerKind.CHILD_SUPERVISOR: "儿童督导员 乡镇儿童督导员 督导员 child_supervisor",
    }
)
YES_NO = by_word(
    {
        True: "是 已通过 通过 合格 审查通过 已审查通过 Y y YES yes √ ✓ 1 true TRUE",
        False: "否 未通过 不通过 不合格 未审查 待审查 审查中 审查未通过 待审核 待审 审核中"
        " N n NO no × ✗ X x 0 false FALSE",
    }
)


@dataclass(slots=True)
class CarerRow:
    """One carer or member of staff."""

    number: int
    """The row's number in the file, from 1."""
    cells: tuple[str, ...]
    content: tuple[str, ...]
    """What the row says, normalised, in one order for all layouts: the key of the import ledger."""
    faults: list[Fault] = field(default_factory=list)
    """Why the row is refused; an empty list is a row that is taken."""
    mended: list[str] = field(default_factory=list)
    notes: list[Fault] = field(default_factory=list)

    name: str = ""
    sex: Sex = Sex.UNKNOWN
    kind: CarerKind | None = None
    """Never None in a row that is taken."""
    area: str = ""
    """9 digits a township, 12 a village."""
    phone: str = ""
    capacity: int = 0
    """0 for staff, at least 1 for a carer in a row that is taken."""
    cleared: bool = False
    """Vetting passed."""
    school: str = ""
    citizen_id: str | None = None

    @property
    def refused(self) -> bool:
        return bool(self.faults)


@dataclass(frozen=True, slots=True)
class CarerPaper:
    """A list of carers as it was read and judged."""

    table: Table
    rows: Sequence[CarerRow]


def read_carers(filename: str, content: bytes) -> CarerPaper:
    """Return the carers in *content*, each row judged. Raises PaperRefused when it is no such list.

    Whether a row's area exists is the caller's to check.
    """
    del filename  # A list of carers says everything itself.
    table = read_short_table(content, CARERS, LISTED_MAX)
    judge = Judge(table)
    return CarerPaper(table, [judge.row(number, cells) for number, cells in table.rows])


class Judge:
    """Judges the rows of one list of carers."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def label(self, column: str) -> str:
        """Return how the paper calls *column*."""
        return self.table.labels.get(column, CARERS.label(column))

    def row(self, number: int, cells: Cells) -> CarerRow:
        """Return the row, judged: no name, an unknown kind, a place or capacity that is none are refused."""
        said = {column: cells[index] for column, index in self.table.columns.items()}
        content = tuple(compact(as_text(said.get(column, ""))) for column in CARERS.columns)
        row = CarerRow(number=number, cells=as_texts(cells), content=content)
        self._person(row, said)
        self._kind(row, said["kind"])
        self._area(row, code(as_text(said["area"])))
        self._capacity(row, said["capacity"])
        self._cleared(row, compact(as_text(said["cleared"])))
        row.phone = phone_number(said.get("phone", ""))
        row.school = free_text(said.get("school", ""))
        row.faults += too_long({"name": row.name, "phone": row.phone, "school": row.school}, self.label)
        return row

    def _person(self, row: CarerRow, said: Mapping[str, Cell]) -> None:
        text = as_text(said["name"])
        row.name = person_name(said["name"])
        if not row.name:
            row.faults.append(Fault("row_name_missing", self.label("name")))
        elif row.name != text:
            row.mended.append("mended_spaces" if text != "".join(text.split()) else "mended_full_width")
        read = read_citizen_id(said.get("citizen_id", ""))
        row.citizen_id = read.number
        row.mended += read.mended
        if read.fault:
            row.faults.append(Fault(read.fault, self.label("citizen_id")))
        self._sex(row, compact(as_text(said.get("sex", ""))))

    def _sex(self, row: CarerRow, word: str) -> None:
        by_id = sex_of(row.citizen_id) if row.citizen_id else None
        row.sex = SEXES.get(word) or by_id or Sex.UNKNOWN
        if word not in SEXES and word not in NOTHING:
            row.notes.append(Fault("note_value_unknown", self.label("sex")))
        elif word in SEXES and by_id not in {None, row.sex}:
            row.faults.append(Fault("row_sex_contradicts_id", self.label("sex")))

    def _kind(self, row: CarerRow, cell: Cell) -> None:
        word = compact(as_text(cell))
        row.kind = KINDS.get(word)
        if row.kind is None:
            row.faults.append(
                Fault("row_kind_missing" if word in NOTHING else "row_kind_unknown", self.label("kind"))
            )

    def _area(self, row: CarerRow, code: str) -> None:
        row.area = code[:TOWNSHIP_DIGITS] if code[TOWNSHIP_DIGITS:] == "000" else code
        if code in NOTHING:
            row.faults.append(Fault("row_area_missing", self.label("area")))
        elif not AREA_CODE.fullmatch(row.area):
            row.faults.append(Fault("row_area_malformed", self.label("area")))

    def _capacity(self, row: CarerRow, cell: Cell) -> None:
        """Take the capacity: staff have none, a carer at least one (policy.md, Pairs)."""
        word = compact(as_text(cell)).removesuffix("人").removesuffix("名")
        staff = row.kind in STAFF
        label = self.label("capacity")
        if word in NOTHING:
            if row.kind is not None and not staff:
                row.faults.append(Fault("row_capacity_missing", label))
        elif not WHOLE_NUMBER.fullmatch(word):
            row.faults.append(Fault("row_capacity_malformed", label))
        elif int(word) > CAPACITY_MAX:
            row.faults.append(Fault("row_capacity_too_large", label, {"most": CAPACITY_MAX}))
        elif staff and int(word):
            row.faults.append(Fault("row_capacity_of_staff", label))
        elif row.kind is not None and not staff and int(word) == 0:
            row.faults.append(Fault("row_capacity_zero", label))
        else:
            row.capacity = int(word)

    def _cleared(self, row: CarerRow, word: str) -> None:
        """Take whether vetting was passed; only a clear yes is a yes, and an empty cell is a no."""
        cleared = YES_NO.get(word)
        if cleared is None and word not in NOTHING:
            row.faults.append(Fault("row_cleared_unknown", self.label("cleared")))
        row.cleared = bool(cleared)
