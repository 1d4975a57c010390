"""The columns of a roster by all the names they go by."""

from shared.papers.headings import Layout, listed, with_prefixes

NUMBERS = listed("电话 联系电话 手机 手机号 手机号码 电话号码 联系方式 联系号码")
WORKPLACES = listed(
    "务工地 务工地点 务工地址 打工地 打工地点 打工地址 务工单位 工作地 工作地点 工作地址 外出务工地 外出务工地点"
    " 务工所在地 外出地 外出地点 现务工地 现工作地 务工去向 务工省市"
)
FATHER, MOTHER = listed("父亲 父 爸爸"), listed("母亲 母 妈妈")
GUARDIAN = listed("监护人 现监护人 实际监护人 委托监护人 受委托监护人 临时监护人")
NAMES = ("姓名", "名字", "")
CHILD = ("", *listed("儿童 留守儿童 农村留守儿童 学生 孩子 本人"))

ROSTER = Layout(
    columns={
        "name": (*with_prefixes(CHILD, ("姓名", "名字")), *listed("农村留守儿童 留守儿童 儿童")),
        "sex": with_prefixes(CHILD, ("性别",)),
        "ethnic_group": listed("民族 民族成份 民族成分 族别 儿童民族"),
        "birth_date": (
            *with_prefixes(CHILD, listed("出生日期 出生年月日 出生年月 出生时间 生日")),
            *listed("出生日 出生 出生年月(日) 出生年、月、日"),
        ),
        "citizen_id": (
            *listed(
                "公民身份证号码 公民身份号码 公民身份证号 公民身份证 居民身份证号码 居民身份证号 身份号码 身份证编号"
                " 证件号"
            ),
            *with_prefixes(CHILD, listed("身份证号码 身份证号 身份证 身份证件号 身份证件号码 证件号码")),
        ),
        "village": listed(
            "所在村 村(居) 村居 村 所属村 村名 村名称 现居住村 居住村 行政村 所在行政村 所属行政村 所在村名称 村居名称"
            " 村别 所在村(居) 所属村(居) 现居住村(居) 所在村居 村/居 村(社区) 村/社区 村社区 社区(村) 所在村(社区)"
            " 所属村(社区) 村委会 村(居)委会 行政村名称 家庭所在村 村、社区 所在村、社区 所在社区(村)"
        ),
        "village_code": listed("所在村代码 村代码 行政村代码 村(居)代码 村编码 所属村代码 村居代码"),
        "health": listed("健康状况 健康情况 身体状况 身体健康状况 身体情况"),
        "schooling": listed("就学状况 就学情况 上学情况 就读情况 就学阶段 学段 在学情况 教育状况 受教育情况"),
        "school": listed("就读学校 就读学校名称 学校 学校名称 所在学校 就读学校(幼儿园)"),
        "boards": listed("是否寄宿 是否学校寄宿 寄宿 是否住校 住校 是否寄宿生 寄宿情况"),
        "poor": listed(
            "低保或困难家庭 是否低保或困难家庭 是否低保 低保 低保户 是否低保户 是否低保家庭 困难家庭 是否困难家庭"
            " 家庭困难情况 家庭困难 家庭经济困难 是否家庭困难 是否贫困 贫困户 低保/困难家庭 低保困难家庭"
            " 是否低保/困难家庭 家庭经济情况 家庭经济状况 是否低保(困难)家庭 是否困难 是否困难户 困难户"
            " 低保/困难 低保或困难 低保情况"
        ),
        "guardianship": (
            *listed("监护类型 监护人类型 委托监护类型 监护方式 监护关系 监护人关系 与监护人关系"),
            *with_prefixes(GUARDIAN, listed("与儿童关系 与孩子关系 与其关系 身份")),
            *listed("与儿童关系 与儿童的关系 监护人与儿童的关系 监护人是谁 由谁监护"),
        ),
        "guardian_name": with_prefixes(GUARDIAN, NAMES),
        "guardian_phone": with_prefixes(GUARDIAN, NUMBERS),
        "rating": listed("监护情况 监护状况 监护评估 监护情况评估 监护评定 监护能力评估 监护等级 监护质量"),
        "father_name": with_prefixes(FATHER, NAMES),
        "father_workplace": with_prefixes(FATHER, WORKPLACES),
        "father_phone": with_prefixes(FATHER, NUMBERS),
        "mother_name": with_prefixes(MOTHER, NAMES),
        "mother_workplace": with_prefixes(MOTHER, WORKPLACES),
        "mother_phone": with_prefixes(MOTHER, NUMBERS),
    },
    needed=(("name",), ("sex",), ("birth_date",), ("citizen_id",), ("village", "village_code")),
)
"""The columns of the national form of 2016, which every roster has in one order or another."""
