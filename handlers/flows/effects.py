"""What each kind of proposal changes once approved, who may propose and approve it. Read by flows/approving."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from conf.errors import Conflict
from conf.rights import Action
from conf.terms import ProposalKind
from handlers.flows import account_effects, seal_effects, tuned_effects, unit_effects
from handlers.flows.paper_terms import approve_destruction
from store.records.office import Proposal

if TYPE_CHECKING:
    from store import Store

#: Makes the change in the transaction it is given; raises Conflict when it is no longer possible.
Apply = Callable[["Store", Proposal, datetime, Any], Awaitable[None]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """A kind of change: its name for pages, the two rights, how many approve, what it does."""

    name: str
    propose: Action
    approve: Action
    apply: Apply
    needed: int = 1


async def lock_company(store: "Store", proposal: Proposal, now: datetime, tx: Any) -> None:
    """Lock or unlock a dossier. Raises Conflict when it is no longer as it was when this was proposed."""
    company = await store.companies.by_uscc(proposal.about)
    if company is None or (company.locked, company.lock_ground) != (
        proposal.before["locked"],
        proposal.before["ground"],
    ):
        raise Conflict("企业档案的锁定状态在提出之后有了变化，请重新提出。")
    await store.companies.lock(proposal.about, proposal.after["ground"], tx)


EFFECTS: dict[ProposalKind, Effect] = {
    ProposalKind.STAFF_ROLES: Effect(
        name="人员角色", propose=Action.ACCOUNTS_KEEP, approve=Action.ACCOUNTS_APPROVE, apply=account_effects.set_roles
    ),
    ProposalKind.STAFF_NEW: Effect(
        name="新增人员", propose=Action.ACCOUNTS_KEEP, approve=Action.ACCOUNTS_APPROVE, apply=account_effects.add
    ),
    ProposalKind.STAFF_RESET: Effect(
        name="重置登录凭证", propose=Action.ACCOUNTS_KEEP, approve=Action.ACCOUNTS_APPROVE, apply=account_effects.reset
    ),
    ProposalKind.SETTING: Effect(
        name="运行参数", propose=Action.SETTINGS_KEEP, approve=Action.SETTINGS_APPROVE, apply=tuned_effects.tune
    ),
    ProposalKind.TEXT: Effect(
        name="消息文本", propose=Action.SETTINGS_KEEP, approve=Action.SETTINGS_APPROVE, apply=tuned_effects.tune
    ),
    ProposalKind.HOLIDAYS: Effect(
        name="节假日", propose=Action.SETTINGS_KEEP, approve=Action.SETTINGS_APPROVE, apply=tuned_effects.tune
    ),
    ProposalKind.RULES: Effect(
        name="查档规则", propose=Action.RULES_DRAFT, approve=Action.RULES_PUBLISH, apply=tuned_effects.publish, needed=2
    ),
    ProposalKind.SEAL_ADD: Effect(
        name="印章启用", propose=Action.SEALS_KEEP, approve=Action.SETTINGS_APPROVE, apply=seal_effects.add
    ),
    ProposalKind.SIGNATORY: Effect(
        name="签发人", propose=Action.SEALS_KEEP, approve=Action.SETTINGS_APPROVE, apply=seal_effects.sign
    ),
    ProposalKind.COMPANY_LOCK: Effect(
        name="档案锁定、解锁", propose=Action.COMPANIES_KEEP, approve=Action.COMPANIES_KEEP, apply=lock_company
    ),
    ProposalKind.DESTRUCTION: Effect(
        name="纸质档案销毁",
        propose=Action.PAPER_DESTROY,
        approve=Action.PAPER_DESTROY,
        apply=approve_destruction,
        needed=2,
    ),
    ProposalKind.UNIT_ACCESS: Effect(
        name="机关查档范围",
        propose=Action.GOVERNMENT_KEEP,
        approve=Action.SETTINGS_APPROVE,
        apply=unit_effects.set_access,
    ),
    ProposalKind.UNIT_USER_NEW: Effect(
        name="新增机关用户",
        propose=Action.GOVERNMENT_KEEP,
        approve=Action.SETTINGS_APPROVE,
        apply=unit_effects.add_user,
    ),
    ProposalKind.UNIT_USER_RESET: Effect(
        name="重置、启用机关用户",
        propose=Action.GOVERNMENT_KEEP,
        approve=Action.SETTINGS_APPROVE,
        apply=unit_effects.reset_user,
    ),
}
