"""The sample registry as the simulated sharing platform gives it out; called by `eqicha.py sandbox` and by tests."""

from conf.terms import CompanyStatus
from handlers.flows.intake.rows import CompanyRow
from handlers.flows.samples.companies import make_companies

#: 登记状态 in that platform's words.
STATUS = {
    CompanyStatus.ACTIVE: "存续",
    CompanyStatus.MOVED_OUT: "迁出",
    CompanyStatus.REVOKED: "吊销",
    CompanyStatus.CANCELLED: "注销",
    CompanyStatus.ANNULLED: "撤销",
    CompanyStatus.SUSPENDED: "歇业",
}


def shared_registry(count: int, *, seed: int = 1) -> dict[str, dict[str, str]]:
    """The first `count` companies of a seed by code, in that platform's fields."""
    return {row.uscc: shared_row(row) for row in make_companies(count, seed=seed)}


def shared_row(row: CompanyRow) -> dict[str, str]:
    """One company in the fields of docs/protocols/sharing.md."""
    return {
        "zch": row.reg_no,
        "qymc": row.name,
        "qylx": row.entity_type,
        "djzt": STATUS[row.status],
        "fddbr": row.legal_representative,
        "zczb": row.capital,
        "clrq": row.established_on.isoformat(),
        "yyqxz": row.term_to.isoformat() if row.term_to else "",
        "zs": row.domicile,
        "jyfw": row.scope,
        "djjg": row.registry,
    }
