"""Contracts kept in a dossier: lease of the premises, transfer of shares, pledge of shares."""

from handlers.flows.samples.papers.facts import Facts
from handlers.flows.samples.papers.sheet import Sheet

_LEASE = (
    (
        "租赁房屋",
        "甲方将位于{domicile}的房屋出租给乙方，建筑面积 168 平方米，房屋用途为办公。甲方保证对该房屋享有合法的出租权利。",
    ),
    (
        "租赁期限",
        "租赁期限为三年，自{day}起计算。租赁期满，乙方需要继续承租的，应当在期满前两个月书面提出，在同等条件下乙方享有优先承租权。",
    ),
    ("租金", "月租金为人民币 13,440 元，乙方应当于每月五日前以银行转账方式支付。租金自第二年起每年递增百分之三。"),
    (
        "押金",
        "乙方应当于签订本合同之日向甲方支付两个月租金作为押金。租赁期满或者合同解除后，押金抵扣应由乙方承担的费用后，剩余部分无息返还。",
    ),
    (
        "费用承担",
        "租赁期间，水、电、通讯、物业管理等费用由乙方承担；房屋本体的维修费用由甲方承担，因乙方使用不当造成的损坏由乙方负责修复。",
    ),
    (
        "房屋使用",
        "乙方应当按照约定的用途使用房屋，不得擅自改变房屋结构，不得利用房屋从事违法活动；未经甲方书面同意，不得将房屋转租给他人。",
    ),
    (
        "房屋交付与返还",
        "甲方应当于租赁期限开始之日将房屋及附属设施交付乙方，双方共同清点并填写交接清单。租赁期满，乙方应当按时返还房屋。",
    ),
    (
        "合同的解除",
        "有下列情形之一的，一方可以书面通知对方解除合同：甲方迟延交付房屋达三十日；乙方拖欠租金达两个月；乙方擅自改变房屋用途或者结构。",
    ),
    (
        "违约责任",
        "任何一方违反本合同约定的，应当赔偿对方因此遭受的损失。乙方逾期支付租金的，每逾期一日按照应付金额的万分之三支付违约金。",
    ),
    ("争议解决", "因履行本合同发生的争议，由双方协商解决；协商不成的，向房屋所在地人民法院提起诉讼。"),
    (
        "其他约定",
        "甲方同意乙方以该房屋作为住所办理企业登记。本合同一式四份，双方各执两份，自双方签字或者盖章之日起生效。本合同为样例文本，内容纯属虚构。",
    ),
)
_TRANSFER = (
    (
        "股权转让的标的",
        "甲方同意将其持有的{company}的部分股权转让给乙方，乙方同意受让。甲方保证所转让的股权未设定质押，未被依法冻结，不存在权属争议。",
    ),
    ("转让价格与支付", "转让价格为人民币 250 万元。乙方应当自本协议签订之日起十日内，以货币方式一次性支付给甲方。"),
    (
        "甲方的保证",
        "甲方保证已履行对公司的出资义务，并已将股权转让的数量、价格、支付方式和期限书面通知其他股东，其他股东放弃优先购买权。",
    ),
    (
        "权利义务的转移",
        "自股东名册变更之日起，乙方成为公司股东，按照出资比例及章程规定享有股东权利、承担股东义务，分享公司利润，分担公司风险。",
    ),
    ("费用负担", "办理股权转让所发生的有关费用，由双方各承担一半；依法应缴纳的税款由各自承担。"),
    ("协议的变更与解除", "因不可抗力或者情况发生变化，经双方协商同意，可以变更或者解除本协议，并应当签订书面协议。"),
    (
        "争议的解决",
        "与本协议有效性、履行、违约及解除等有关的争议，双方应当友好协商解决；协商不成的，可以向公司住所地人民法院起诉。",
    ),
    (
        "生效与其他",
        "本协议自双方签字或者盖章之日起生效，一式四份，双方各执一份，公司留存一份，报登记机关一份。本协议为样例文本，内容纯属虚构。",
    ),
)
_PLEDGE = (
    (
        "被担保的债权",
        "为担保主合同项下债权的实现，出质人自愿以其持有的{company}的股权向质权人提供质押担保。被担保的主债权数额为人民币 200 万元。",
    ),
    (
        "出质股权",
        "出质股权的数额为出质人认缴出资额中的 200 万元。出质人保证对出质股权享有完整的处分权，该股权未被重复质押，亦未被依法冻结。",
    ),
    ("担保范围", "质押担保的范围包括主债权及利息、违约金、损害赔偿金和实现质权的费用。"),
    ("质权的设立", "质权自办理出质登记时设立。双方应当自本合同签订之日起十日内向登记机关申请办理股权出质设立登记。"),
    (
        "质权的实现",
        "债务人不履行到期债务的，质权人可以与出质人协议以出质股权折价，也可以就拍卖、变卖该股权所得的价款优先受偿。",
    ),
    (
        "出质人的义务",
        "质押期间，未经质权人书面同意，出质人不得转让出质股权。出质股权价值明显减少的，出质人应当提供相应的担保。",
    ),
    (
        "其他",
        "主债权消灭的，双方应当办理出质注销登记。本合同自双方签字或者盖章之日起生效。本合同为样例文本，内容纯属虚构。",
    ),
)


def lease(sheet: Sheet, facts: Facts) -> None:
    """房屋租赁合同."""
    parties = (("出租方（甲方）", "广州样例置业有限公司"), ("承租方（乙方）", facts.company))
    _contract(sheet, facts, "房 屋 租 赁 合 同", parties=parties, clauses=_LEASE)


def transfer(sheet: Sheet, facts: Facts) -> None:
    """股权转让协议, from an outgoing holder to one of the present ones."""
    receiver = facts.owners[-1][0] if facts.owners else facts.head
    parties = (("转让方（甲方）", "祁疏朗（样例）"), ("受让方（乙方）", receiver))
    _contract(sheet, facts, "股 权 转 让 协 议", parties=parties, clauses=_TRANSFER)


def pledge(sheet: Sheet, facts: Facts) -> None:
    """股权质押合同."""
    owner = facts.owners[0][0] if facts.owners else facts.head
    parties = (("出质人", owner), ("质权人", "样例商业银行股份有限公司天河支行"))
    _contract(sheet, facts, "股 权 质 押 合 同", parties=parties, clauses=_PLEDGE)


def _contract(
    sheet: Sheet,
    facts: Facts,
    title: str,
    *,
    parties: tuple[tuple[str, str], ...],
    clauses: tuple[tuple[str, str], ...],
) -> None:
    sheet.title(title)
    sheet.right(f"合同编号：样例-{facts.business_no[-8:]}")
    for role, name in parties:
        sheet.para(f"{role}：{name}", indent=0, size=34)
    sheet.para(
        "双方在平等、自愿、协商一致的基础上，根据《中华人民共和国民法典》等法律规定，订立本合同，共同遵守。", size=34
    )
    for number, (name, text) in enumerate(clauses, start=1):
        sheet.para(f"第 {number} 条　{name}", indent=0, size=36)
        sheet.para(text.format(domicile=facts.domicile, day=facts.day, company=facts.company), size=34)
        sheet.gap(14)
    for role, name in parties:
        is_person = len(name.removesuffix("（样例）")) <= 4
        sheet.sign(
            f"{role}：",
            name.removesuffix("（样例）") if is_person else "",
            stamp="" if is_person else name,
            when=facts.day,
        )
