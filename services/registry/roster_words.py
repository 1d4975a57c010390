"""What the cells of a roster may say for the codes of the national form."""

from shared.contracts.event import Guardianship, Health, Rating, Schooling
from shared.papers.words import by_word


def grades(numerals: str, school: str) -> str:
    """Return the words for school years, such as 三年级 and 小学三年级."""
    return " ".join(f"{prefix}{numeral}年级" for numeral in numerals for prefix in ("", school))


YES_NO = by_word(
    {
        True: "是 有 Y y YES Yes yes 对 √ ✓ 1 true TRUE",
        False: "否 无 不是 没有 N n NO No no × ✗ X x 0 false FALSE",
    }
)
BOARDS = {
    **YES_NO,
    **by_word({True: "寄宿 住校 寄宿生 住宿", False: "走读 不寄宿 不住校 走读生 非寄宿 未寄宿"}),
}
POOR = {
    **YES_NO,
    **by_word(
        {
            True: "低保 低保户 低保家庭 农村低保 困难 困难家庭 特困 特困家庭 贫困 贫困户 贫困家庭 建档立卡 建档立卡户"
            " 脱贫户 低保边缘 低保边缘家庭 监测户 困难户 低收入 低收入家庭 经济困难 家庭困难",
            False: "一般 一般家庭 正常 普通 普通家庭 不困难 非困难 非低保 不是低保 非贫困 一般户 良好 较好",
        }
    ),
}
HEALTHS = by_word(
    {
        Health.HEALTHY: "健康 良好 健康或良好 正常 好 10",
        Health.DISABLED: "残疾 残障 有残疾 60 61 62 63 64 65 66 67 69",
        Health.ILL: "患病 有病 重病 大病 疾病 患大病 患重病 慢性病 重大疾病 严重疾病 生病 30 40",
    }
)
SCHOOLINGS = by_word(
    {
        Schooling.NOT_ENROLLED: "未入园 未上学 学龄前 未入学 未入幼儿园 婴幼儿 散居",
        Schooling.KINDERGARTEN: "幼儿园 学前 学前教育 学前班 在园 小班 中班 大班",
        Schooling.PRIMARY: "小学 小学在读 小学生 小学阶段 " + grades("一二三四五六", "小学"),
        Schooling.JUNIOR: "初中 初级中学 初中在读 初中生 初中阶段 初一 初二 初三 " + grades("七八九", "初中"),
        Schooling.SENIOR: "高中 普通高中 普高 高中在读 高中生 高中阶段 高一 高二 高三",
        Schooling.VOCATIONAL: "中职 职高 中专 技校 职业高中 中等职业 中等职业学校 中职在读 中专在读 职中",
        Schooling.DROPPED_OUT: "辍学 失学 退学",
        Schooling.NOT_STUDYING: "不在学 未在学 不在校 已毕业 未就学 毕业",
    }
)
GUARDIANSHIPS = by_word(
    {
        Guardianship.PATERNAL_GRANDPARENTS: "祖父母 爷爷奶奶 爷爷 奶奶 祖父 祖母 爷奶 祖父母监护 奶奶爷爷 祖父祖母",
        Guardianship.MATERNAL_GRANDPARENTS: "外祖父母 外公外婆 姥姥姥爷 姥爷姥姥 外公 外婆 姥姥 姥爷"
        " 外祖父 外祖母 外祖父母监护 外婆外公 外祖父外祖母",
        Guardianship.KIN_OR_FRIENDS: "其他亲属或朋友 亲戚 亲友 亲属 其他亲属 其他亲友 朋友 亲属或朋友 亲戚朋友 其他亲戚"
        " 亲戚或朋友 叔叔 伯伯 伯父 伯母 叔父 婶婶 姑姑 姑妈 姑父 舅舅 舅妈 姨妈 姨父 姨 哥哥 姐姐 兄姐",
        Guardianship.INCAPABLE_PARENT: "父母一方外出另一方无监护能力 一方外出另一方无监护能力 一方无监护能力"
        " 父或母无监护能力 父亲无监护能力 母亲无监护能力",
        Guardianship.NOBODY: "无人监护 无人 无监护人 独居 自己 单独生活 无人照料 自我监护",
    }
)
RATINGS = by_word(
    {
        Rating.GOOD: "较好 好 良好 监护情况较好 优 优秀",
        Rating.FAIR: "一般 监护情况一般 中 尚可 合格",
        Rating.POOR: "差 较差 不好 监护情况差 监护情况较差 很差 父或母无监护能力 受委托监护人监护能力不足"
        " 不合格 无人监护",
    }
)
ETHNIC_NAMES = tuple(
    "汉 蒙古 回 藏 维吾尔 苗 彝 壮 布依 朝鲜 满 侗 瑶 白 土家 哈尼 哈萨克 傣 黎 傈僳 佤 畲 高山 拉祜 水 东乡 纳西"  # noqa: SIM905
    " 景颇 柯尔克孜 土 达斡尔 仫佬 羌 布朗 撒拉 毛南 仡佬 锡伯 阿昌 普米 塔吉克 怒 乌孜别克 俄罗斯 鄂温克 德昂 保安"
    " 裕固 京 塔塔尔 独龙 鄂伦春 赫哲 门巴 珞巴 基诺".split()
)
"""GB/T 3304: the groups in the order of their codes, 01 to 56."""
ETHNIC_GROUPS = {
    **{f"{number:02}": f"{number:02}" for number in range(1, 57)},
    **{name + ending: f"{number:02}" for number, name in enumerate(ETHNIC_NAMES, 1) for ending in ("", "族")},
    **dict.fromkeys(("其他", "其它", "未识别民族", "未识别", "穿青人", "97"), "97"),
    **dict.fromkeys(("外国血统", "外国血统中国籍人士", "外国血统入籍人士", "入籍", "98"), "98"),
}
