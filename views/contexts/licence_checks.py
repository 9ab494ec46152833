"""How a lawyer's licence check reads on the staff page of an order: a word, and the facts beside each other."""

from conf.terms import CheckOutcome, LicenceStatus
from store.records import LicenceCheck
from views.filters import day, minute

SAYS = {
    CheckOutcome.MATCHES: "姓名、执业证号、律师事务所与登记一致，执业状态有效",
    CheckOutcome.DIFFERS: "与登记不一致，请逐项核对",
    CheckOutcome.NOT_FOUND: "没有查到这个执业证号，请核对",
    CheckOutcome.UNCHECKED: "暂时未能核验，系统会自动再试",
}
#: Word and colour of the tag.
WORDS = {
    CheckOutcome.MATCHES: ("一致", "success"),
    CheckOutcome.DIFFERS: ("不一致", "danger"),
    CheckOutcome.NOT_FOUND: ("未查到", "danger"),
    CheckOutcome.UNCHECKED: ("未核验", "warning"),
}
STATUSES = {
    LicenceStatus.IN_FORCE: "正常执业",
    LicenceStatus.SUSPENDED: "停止执业",
    LicenceStatus.ENDED: "已注销或吊销",
}


def rows_of(check: LicenceCheck) -> tuple[tuple[str, str], ...]:
    """The facts, each with whether it is as the lawyer said; where from and when."""
    rows = [("核验结果", SAYS[check.outcome])]
    if check.status is not None:
        name = "与账号一致" if check.is_same_name else "与账号不一致"
        firm = "与填写一致" if check.is_same_firm else "与填写不一致"
        until = f"有效期至{day(check.valid_until)}" if check.valid_until else "长期有效"
        standing = "" if check.is_in_force else "；现在不能执业"
        rows += [
            ("登记的姓名", f"{check.holder_masked or '没有'}（{name}）"),
            ("登记的律师事务所", f"{check.firm or '没有'}（{firm}）"),
            ("执业状态", f"{STATUSES[check.status]}，{until}{standing}"),
        ]
    if check.checked_at is not None:
        rows.append(("来源", f"市政务信息共享平台，{minute(check.checked_at)}"))
    return tuple(rows)
