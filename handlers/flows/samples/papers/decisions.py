"""Resolutions, appointments, capital and tax papers, the liquidators' report."""

from handlers.flows.samples.papers.facts import Facts
from handlers.flows.samples.papers.sheet import Sheet


def resolution(sheet: Sheet, facts: Facts) -> None:
    """股东会决议 on the event of the filing."""
    item, before, after = facts.turn
    sheet.title(f"{facts.company}\n股东会决议")
    sheet.para(f"会议时间：{facts.day}　　会议地点：公司会议室", indent=0)
    names = "、".join(name for name, *_ in facts.owners) or facts.head
    sheet.para(
        f"出席会议股东：{names}，代表公司百分之百的表决权。会议通知时间及方式：会议召开十五日前以书面方式通知。",
        indent=0,
    )
    sheet.para("根据《中华人民共和国公司法》及公司章程的规定，全体股东一致通过如下决议：")
    points = [f"同意公司{item}，由“{before}”变更为“{after}”。"] if item else [f"同意办理{facts.event}。"]
    points += ["同意就上述事项修改公司章程的相应条款。", "同意委托梁予安（样例）办理有关登记手续。"]
    for number, point in enumerate(points, start=1):
        sheet.para(f"{number}．{point}")
    sheet.para("以上事项表决结果：同意的，占总股数百分之百；不同意的，占总股数百分之零；弃权的，占总股数百分之零。")
    for name, *_ in facts.owners or ((facts.head, "", ""),):
        sheet.sign_owner("股东签字（盖章）：", name)
    sheet.sign("", "", stamp=facts.company, when=facts.day)


def appointment(sheet: Sheet, facts: Facts) -> None:
    """法定代表人（董事、监事）任职文件."""
    sheet.title(facts.title)
    sheet.para("根据《中华人民共和国公司法》及公司章程的有关规定，经股东会选举，决定如下人员任职：")
    posts = facts.staffed or ((facts.head, "负责人"),)
    rows = [("姓　名", "职　务", "任　期")]
    rows += [(name, post or "——", "三年，可以连任") for name, post in posts]
    sheet.table(rows, (4, 5, 4), least=92)
    sheet.para(f"选举{facts.head}为公司董事，并担任公司法定代表人。上述人员不存在法律规定的不得任职的情形。")
    sheet.gap(120)
    for name, *_ in facts.owners or ((facts.head, "", ""),):
        sheet.sign_owner("股东签字（盖章）：", name)
    sheet.sign("", "", stamp=facts.company, when=facts.day)


def capital_report(sheet: Sheet, facts: Facts) -> None:
    """验资报告: letter, table, notes."""
    firm = "广东样例会计师事务所"
    sheet.title("验　资　报　告")
    sheet.right(f"样例验字〔{facts.dated.year}〕第 {facts.business_no[-4:]} 号")
    sheet.para(f"{facts.company}（筹）全体股东：", indent=0)
    sheet.para(
        f"我们接受委托，审验了贵公司（筹）截至{facts.day}止申请设立登记的注册资本的实收情况。按照法律、法规以及协议、章程的要求出资，提供真实、合法、完整的验资资料，保护资产的安全、完整是全体股东及贵公司（筹）的责任。我们的责任是对贵公司（筹）注册资本的实收情况发表审验意见。"
    )
    sheet.para(
        f"根据协议、章程的规定，贵公司（筹）申请登记的注册资本为{facts.capital}，由全体股东缴足。经我们审验，截至{facts.day}止，贵公司（筹）已收到全体股东以货币缴纳的注册资本合计{facts.capital}。"
    )
    sheet.sign(f"{firm}（盖章）", "", stamp=firm, when=facts.day)
    sheet.new_page()
    sheet.heading("注册资本实收情况明细表")
    rows = [("股东名称", "认缴出资额", "实缴出资额", "出资方式", "比例")]
    rows += [(name, amount or "——", amount or "——", "货币", share or "——") for name, share, amount in facts.owners]
    sheet.table([*rows, ("合　计", facts.capital, facts.capital, "", "100%")], (5, 3, 3, 2, 2), least=96)
    sheet.para("本明细表为样例，所列金额及账户均属虚构。", indent=0)


def tax_clearance(sheet: Sheet, facts: Facts) -> None:
    """清税证明."""
    office = "国家税务总局样例区税务局"
    sheet.title("清　税　证　明")
    sheet.right(f"样例税企清〔{facts.dated.year}〕{facts.business_no[-6:]} 号")
    sheet.para(f"{facts.company}（统一社会信用代码：{facts.uscc}）：", indent=0, size=34)
    sheet.para("你单位提交的清税申报材料已收悉，经核对，所有税务事项均已结清。特此证明。", size=34)
    sheet.gap(260)
    sheet.sign("税务机关（章）", "", stamp=office, when=facts.day)


def liquidation(sheet: Sheet, facts: Facts) -> None:
    """清算报告."""
    sheet.title(f"{facts.company}\n清算报告")
    sheet.para("公司股东会决议解散公司，并成立清算组。清算组依照法律规定对公司进行清算，现将清算情况报告如下：")
    for point in (
        "一、清算组成立情况。清算组由全体股东组成，自成立之日起十日内通知了债权人，并于六十日内在公示系统发布公告。",
        "二、财产清理情况。清算组清理了公司财产，分别编制了资产负债表和财产清单。截至清算基准日，公司资产总额为人民币 86,400.00 元，负债总额为人民币 0 元。",
        "三、债权债务处理情况。公告期内无债权人申报债权，公司的债权已全部收回，债务已全部清偿。",
        "四、职工安置与税款缴纳情况。职工工资、社会保险费用和法定补偿金已结清，所欠税款已缴清，取得了清税证明。",
        "五、剩余财产分配情况。清偿上述款项后的剩余财产，按照股东的出资比例分配完毕。",
        "六、账册、文书的保管。公司的会计账簿、凭证及有关文书由股东保存十年。",
    ):
        sheet.para(point)
    sheet.table(
        [("项　目", "金额（元）"), ("货币资金", "86,400.00"), ("应付账款", "0.00"), ("剩余财产", "86,400.00")], (5, 5)
    )
    sheet.para("清算组全体成员保证本报告内容真实、完整，如有虚假，愿意承担法律责任。（样例）")
    for name, *_ in facts.owners or ((facts.head, "", ""),):
        sheet.sign_owner("清算组成员签字：", name)
    sheet.sign("", "", stamp=facts.company, when=facts.day)
