"""When papers may be destroyed, and what two approvals change. Read by flows/effects and flows/paper_destruction.

经营主体登记档案管理办法 (总局令 96): kept while the company exists and, generally, 20 years after it was deregistered;
then appraised, and destroyed by list only. Our sources give no terms by kind of filing, so there is one term.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from conf.clock import beijing
from conf.errors import Invalid
from conf.terms import CompanyStatus, DestructionStatus, VolumeState
from store.records.office import Proposal
from store.records.paper import Destruction, PaperCompany, PaperStep, Volume

if TYPE_CHECKING:
    from store import Store

#: Deregistered, or the registration undone. A revoked licence (吊销) ends nothing; who moved out took its papers along.
ENDED = frozenset({CompanyStatus.CANCELLED, CompanyStatus.ANNULLED})
#: Why a volume in this state cannot be on a list.
STATES = {
    VolumeState.ANNOUNCED: "移交清单还没有办结",
    VolumeState.MISSING: "移交时缺失，没有入库",
    VolumeState.LENT: "已借出，归还后才能列入",
    VolumeState.LISTED: "已在另一份销毁清单上",
    VolumeState.DESTROYED: "已经销毁",
}


def kept_until(ended_on: date, years: int) -> date:
    """The last day of the term; of 29 February it ends on the 28th in a year without one."""
    try:
        return ended_on.replace(year=ended_on.year + years)
    except ValueError:
        return ended_on.replace(year=ended_on.year + years, day=28)


def rule_against(volume: Volume, companies: Mapping[str, PaperCompany], *, years: int, today: date) -> str:
    """Which rule keeps these papers from being destroyed, in words; "" when none does. The state is not looked at."""
    if not volume.parts:
        return "没有登记其中的企业，不能判断保管期限"
    for part in volume.parts:
        company = companies.get(part.uscc)
        if company is None:
            return f"登记簿里没有 {part.company_name}，不能判断保管期限"
        if company.locked:
            return f"{company.name} 的档案已锁定，解锁前不得销毁"
        if company.status not in ENDED or company.ended_on is None:
            return f"{company.name} 没有注销，存续期间的档案须持续保存"
        if today <= (last := kept_until(company.ended_on, years)):
            return f"{company.name} 注销后须保存 {years} 年，到 {last.isoformat()} 为止"
    return ""


def last_ended(volume: Volume, companies: Mapping[str, PaperCompany]) -> date:
    """When the last of its companies ended; only for volumes no rule stands against."""
    return max(ended for part in volume.parts if (ended := companies[part.uscc].ended_on))


async def check_again(store: "Store", destruction: Destruction, now: datetime, tx: Any = None) -> None:
    """Look at register and shelves once more. Raises Invalid (field "right") naming what may not be destroyed."""
    volumes = await store.paper.volumes([item.volume_id for item in destruction.items])
    companies = await store.paper.companies({part.uscc for volume in volumes for part in volume.parts}, tx)
    years, today = destruction.keep_years, beijing(now).date()
    for volume in volumes:
        if volume.state is not VolumeState.LISTED or volume.destruction_no != destruction.id:
            raise Invalid({"right": f"{volume.id} 已不在这份清单上，请退回修改。"})
        if rule := rule_against(volume, companies, years=years, today=today):
            raise Invalid({"right": f"{volume.id} 不得销毁：{rule}。请不予批准并退回修改。"})


async def approve_destruction(store: "Store", proposal: Proposal, now: datetime, tx: Any) -> None:
    """The second approval: the list may be carried out. Raises Invalid when a rule stands against it by now."""
    destruction = await store.paper.one(Destruction, proposal.about)
    await check_again(store, destruction, now, tx)
    yes = [answer for answer in proposal.answers if answer.is_yes]
    entry = PaperStep(at=now, by=yes[-1].staff_id, name=yes[-1].name, what="批准", note="、".join(a.name for a in yes))
    await store.paper.change(
        destruction, entry, tx, status=DestructionStatus.APPROVED, approvers=tuple(answer.name for answer in yes)
    )
