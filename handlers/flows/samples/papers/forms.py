"""Forms: applications, powers of attorney, id copies, contacts, notices and the registry's own review sheet."""

from handlers.flows.samples.papers.facts import Facts
from handlers.flows.samples.papers.sheet import LEFT, RIGHT, SANS, Sheet
from handlers.flows.samples.words import REGISTRY

_AGENT = "梁予安（样例经办人）"


def application(sheet: Sheet, facts: Facts) -> None:
    """公司登记（备案）申请书: particulars, matters applied for, persons, contacts, declaration."""
    sheet.title("公司登记（备案）申请书" if not facts.is_firm else "市场主体登记（备案）申请书")
    sheet.para("注：请仔细阅读本申请书《填写说明》，按要求填写。本页为样例，内容纯属虚构。", indent=0, size=24)
    events = ["设立", "变更", "备案", "注销"]
    sheet.boxes(events, next((n for n, word in enumerate(events) if word in facts.event), 1))
    sheet.table(
        [
            ("名　　称", facts.company),
            ("统一社会信用代码", facts.uscc if "设立" not in facts.event else "（设立登记不填写）"),
            ("住　　所", facts.domicile),
            ("联系电话", "199-0000-0000（样例）"),
            ("邮政编码", "510000"),
        ],
        (3, 9),
    )
    sheet.heading("□ 设立 / ■ 登记事项")
    sheet.table(
        [
            ("法定代表人（负责人）姓名", facts.head),
            ("公司类型", facts.entity_type),
            ("注册资本", facts.capital or "——"),
            ("经营期限", "长期"),
            ("经营范围", facts.scope),
        ],
        (4, 8),
    )
    sheet.new_page()
    _matters(sheet, facts)
    sheet.new_page()
    _persons(sheet, facts)
    sheet.new_page()
    _contacts(sheet, facts)


def _matters(sheet: Sheet, facts: Facts) -> None:
    sheet.heading("申请登记（备案）事项")
    item, before, after = facts.turn
    rows = [("登记事项", "原登记内容", "申请登记内容"), (item or facts.event, before or "——", after or facts.company)]
    rows += [("备案事项", "章程（章程修正案）、董事、监事、高级管理人员", "见附表"), ("其　　他", "——", "——")]
    sheet.table(rows, (3, 5, 5), least=150)
    sheet.heading("申请人声明")
    sheet.para(
        "本企业依照《中华人民共和国公司法》《市场主体登记管理条例》的规定提出本次申请，并就所提交的材料作如下声明："
    )
    for number, clause in enumerate(
        (
            "所提交的申请书、文件、证件及有关附件真实、合法、有效，复印件与原件一致。",
            "所填报的住所可用于本企业的日常联系与文书送达；住所发生变化的，及时办理变更登记。",
            "从事须经批准的项目的，在取得批准之后开展经营活动。",
            "因提交虚假材料或者隐瞒重要事实而产生的责任，由本企业及签字人承担。",
        ),
        start=1,
    ):
        sheet.para(f"{number}．{clause}")
    sheet.sign("法定代表人（负责人）签字：", facts.head, stamp=facts.company, when=facts.day)


def _persons(sheet: Sheet, facts: Facts) -> None:
    sheet.heading("股东（出资人）出资情况")
    owners = facts.owners or ((facts.head, "100%", facts.capital),)
    rows: list[tuple[str, ...]] = [("序号", "股东（出资人）名称或姓名", "认缴出资额", "出资方式", "比例")]
    rows += [(str(n), name, amount or "——", "货币", share or "——") for n, (name, share, amount) in enumerate(owners, 1)]
    rows += [(str(n), "", "", "", "") for n in range(len(owners) + 1, 8)]
    sheet.table(rows, (1, 6, 3, 2, 2), least=82)
    sheet.heading("董事、监事、高级管理人员情况")
    posts = facts.staffed or ((facts.head, "负责人"),)
    rows = [("姓　名", "职　务", "产生方式", "身份证件号码")]
    rows += [(name, post, "委派" if facts.is_firm else "选举", "（见身份证复印件）") for name, post in posts]
    rows += [("", "", "", "") for _ in range(max(0, 6 - len(posts)))]
    sheet.table(rows, (3, 3, 2, 4), least=90)


def _contacts(sheet: Sheet, facts: Facts) -> None:
    sheet.heading("指定代表/委托代理人（具体经办人）信息")
    sheet.table(
        [
            ("姓　　名", _AGENT),
            ("移动电话", "199-0000-0000（样例）"),
            (
                "授权权限",
                "同意核对登记材料中的复印件并签署核对意见；同意修改自备文件的错误；同意领取营业执照和有关文书。",
            ),
            ("委托期限", f"自 {facts.day} 起三个月"),
        ],
        (3, 9),
        least=90,
    )
    card = "（身份证件复印件粘贴处 · 样例）"
    sheet.table([("", "")], (1, 1), least=430)
    sheet.para(card, indent=10)
    sheet.sign("经办人签字：", "梁予安", when=facts.day)


def authority(sheet: Sheet, facts: Facts) -> None:
    """指定代表或者共同委托代理人授权书."""
    sheet.title("指定代表或者共同委托代理人授权书")
    sheet.gap(30)
    sheet.para(f"申请人：{facts.company}", indent=0)
    sheet.para(f"指定代表或者委托代理人：{_AGENT}", indent=0)
    sheet.para(f"委托事项及权限：办理{facts.company}的{facts.event}手续。", indent=0)
    for clause in (
        "同意核对登记材料中的复印件并签署核对意见",
        "同意修改企业自备文件的错误",
        "同意修改有关表格的填写错误",
        "同意领取营业执照和有关文书",
    ):
        sheet.boxes([clause], 0)
    sheet.para(f"指定或者委托的有效期限：自{facts.day}起九十日。", indent=0)
    sheet.gap(120)
    sheet.sign("申请人签字或盖章：", facts.head, stamp=facts.company, when=facts.day)


def identity(sheet: Sheet, facts: Facts) -> None:
    """身份证复印件: a stand-in with no number in clear; sensitive in every dossier."""
    sheet.title("身份证复印件")
    for side in ("正面", "背面"):
        top = sheet.y + 40
        sheet.draw.rounded_rectangle((LEFT + 190, top, RIGHT - 190, top + 560), radius=36, outline=60, width=4)
        if side == "正面":
            sheet.mark("portrait", "", RIGHT - 370, top + 250)
            lines = (
                f"姓　名　{facts.subject}",
                "性　别　—　　民族　—",
                "出　生　（样例不显示）",
                "住　址　广州市天河区（样例）",
            )
            for n, line in enumerate(lines):
                sheet.text_at((LEFT + 240, top + 60 + n * 82), line, SANS, 34, 60)
            sheet.text_at((LEFT + 240, top + 462), "公民身份号码　440106 **** **** ****", SANS, 36, 60)
        else:
            sheet.text_at((LEFT + 430, top + 190), "身份证件（样例占位）", SANS, 46, 60)
            sheet.text_at((LEFT + 430, top + 380), "有效期限　样例　非真实证件", SANS, 34, 60)
        sheet.y = top + 600
    sheet.gap(50)
    sheet.para("复印件与原件一致，仅供办理登记使用。样例，非真实证件。", indent=0)
    sheet.sign("签字：", facts.subject, when=facts.day)


def contact(sheet: Sheet, facts: Facts) -> None:
    """联络员信息."""
    sheet.title("联络员信息")
    rows = [
        ("姓　名", "梁予安（样例）"),
        ("固定电话", "020-00000000"),
        ("移动电话", "199-0000-0000"),
        ("电子邮箱", "agent@example.com"),
    ]
    sheet.table([*rows, ("身份证件类型", "身份证"), ("身份证件号码", "440106 **** **** ****")], (3, 9), least=96)
    sheet.para("联络员负责本企业与登记机关的联系沟通，凭本人信息登录公示系统，依法向社会公示本企业有关信息。")
    sheet.sign("企业盖章：", "", stamp=facts.company, when=facts.day)


def notice(sheet: Sheet, facts: Facts) -> None:
    """准予…登记通知书, from the registry to the company; public."""
    sheet.title(facts.title)
    sheet.right(f"（天河样例）登字〔{facts.dated.year}〕第 {facts.business_no[-8:]} 号")
    sheet.gap(40)
    sheet.para(f"{facts.company}：", indent=0, size=34)
    sheet.para(f"经审查，提交的{facts.event}申请材料齐全，符合法定形式，我局决定准予登记。", size=34)
    rows = [("统一社会信用代码", facts.uscc), ("登记业务编号", facts.business_no)]
    item, before, after = facts.turn
    rows += [("变更事项", item), ("变更前", before), ("变更后", after)] if item else [("登记内容", facts.event)]
    sheet.table(rows, (4, 8), least=90)
    sheet.para("请凭本通知书及有关证件到登记窗口领取营业执照或者有关文书。", size=34)
    sheet.gap(220)
    sheet.mark("stamp", REGISTRY, RIGHT - 330, sheet.y + 20)
    sheet.right(REGISTRY, size=34)
    sheet.right(facts.day, size=34)
    sheet.gap(80)
    sheet.para("（样例文书，印章为图形示意，无任何法律效力）", indent=0, size=24)


def review(sheet: Sheet, facts: Facts) -> None:
    """审核表: the registry's own paper; internal."""
    sheet.title("企业登记审核表")
    sheet.table(
        [
            ("企业名称", facts.company),
            ("业务类型", facts.event),
            ("业务编号", facts.business_no),
            ("受理意见", f"材料齐全，符合法定形式，予以受理。\n\n受理人：甲某（样例）　　{facts.day}"),
            ("审查意见", f"经审查，拟同意{facts.event}。\n\n审查人：乙某（样例）　　{facts.day}"),
            ("核准意见", f"同意。\n\n核准人：丙某（样例）　　{facts.day}"),
            ("备　　注", "内部资料，不对外提供。样例。"),
        ],
        (3, 9),
        least=150,
    )
    sheet.mark("signature", "乙某", RIGHT - 330, sheet.y - 560)


def name_notice(sheet: Sheet, facts: Facts) -> None:
    """企业名称预先核准通知书."""
    sheet.title("企业名称预先核准通知书")
    sheet.right(f"（穗样例）名预核〔{facts.dated.year}〕第 {facts.business_no[-6:]} 号")
    owners = "、".join(name for name, *_ in facts.owners) or facts.head
    sheet.para(f"根据申请，同意预先核准下列 {max(1, len(facts.owners))} 个投资人出资设立的企业名称为：", size=34)
    sheet.title(facts.company, 46)
    sheet.para(f"投资人：{owners}。", size=34)
    sheet.para("以上预先核准的企业名称保留期为六个月，在保留期内不得用于经营活动，不得转让。", size=34)
    sheet.gap(260)
    sheet.mark("stamp", REGISTRY, RIGHT - 330, sheet.y + 20)
    sheet.right(REGISTRY, size=34)
    sheet.right(facts.day, size=34)
