"""What each act counts, written in the transaction of the act itself. Called by the flows that change something."""

from datetime import datetime
from typing import Any

from conf import measures
from conf.measures import Measure, cell
from conf.terms import Channel, OrderStatus, Outcome
from store import Store
from store.records import Account, Decision, Order, Rating
from store.records.government import OrganView

EXTRACT = "机读档案"
SAVED, PRINTED = "saved", "printed"
ORDER, DOSSIER, EXTRACT_SCOPE = "order", "dossier", "extract"
#: Whoever looks for a unit, and what of a unit's looks counts as what.
ORGAN, BATCH = "organ", "batch"
ORGAN_LOOKS = {"dossier": DOSSIER, "extract": EXTRACT_SCOPE, "batch": BATCH}
IN_TIME, LATE = "in_time", "late"


def of_order(order: Order) -> dict[Measure, dict[str, int]]:
    """What a new order counts: itself, and every paper by its kind."""
    kind = str(order.decision.facts.get("account", ""))
    dims = (order.channel, kind, order.decision.outcome)
    papers = [cell(*dims, item.kind or item.document_title) for item in order.items]
    papers += [cell(*dims, EXTRACT)] if order.with_extract else []
    return {Measure.ORDERS: {cell(*dims): 1}, Measure.CATEGORIES: measures.merge({paper: 1} for paper in papers)}


def of_refusal(scope: str, decision: Decision) -> dict[Measure, dict[str, int]]:
    """A decision that shuts, by its rule; nothing for any other."""
    return {Measure.REFUSALS: {cell(scope, decision.rule_id): 1}} if decision.outcome == Outcome.REFUSE else {}


async def ordered(store: Store, order: Order, *, tx: Any) -> None:
    """A new order."""
    await store.numbers.add(order.created_at, of_order(order), tx=tx)


async def refused(store: Store, decision: Decision, *, at: datetime, tx: Any) -> None:
    """An order refused outright: there is none, the refusal counts."""
    await store.numbers.add(at, of_refusal(ORDER, decision), tx=tx)


async def moved(store: Store, order: Order, to: OrderStatus, *, at: datetime, tx: Any) -> None:
    """One step of an order; the one to `ready` also says how long the visitor waited."""
    counts = {Measure.STEPS: {cell(to): 1}}
    if to is OrderStatus.READY:
        counts |= {Measure.WAITS: {of_wait(order, at): 1}}
    await store.numbers.add(at, counts, tx=tx)


def of_wait(order: Order, at: datetime) -> str:
    """The cell of the time from submission to copy; orders a person looked at apart."""
    way = "review" if order.decision.outcome == Outcome.REVIEW else "direct"
    return cell(way, measures.bound((at - order.created_at).total_seconds(), measures.WAIT_BOUNDS))


async def looked_up(
    store: Store, what: str, decision: Decision, *, uscc: str, channel: Channel, at: datetime, tx: Any
) -> None:
    """A dossier listed or an extract opened, or refused."""
    kind = str(decision.facts.get("account", ""))
    queries = {Measure.QUERIES: {cell(channel, kind, decision.outcome, what): 1}}
    await store.numbers.add(at, queries | of_refusal(what, decision), uscc=uscc, tx=tx)


async def organ_looked(store: Store, look: OrganView, *, tx: Any) -> None:
    """A unit's look at a catalogue or an extract, one by one or in a batch; single papers and pages do not count, as
    they do not for visitors. A batch is the government network's, whichever process drew it.
    """
    if look.what not in ORGAN_LOOKS:
        return
    what = ORGAN_LOOKS[look.what]
    counts = {Measure.QUERIES: {cell(Channel.GOVERNMENT, ORGAN, look.outcome, what): 1}}
    if look.outcome == Outcome.REFUSE:
        counts |= {Measure.REFUSALS: {cell(what, look.rule_id): 1}}
    await store.numbers.add(look.at, counts, uscc=look.uscc, tx=tx)


async def batch_fetched(store: Store, *, at: datetime, tx: Any) -> None:
    """A batch result handed out as a file; it is no copy, so its pages are not counted among theirs."""
    await store.numbers.add(at, {Measure.DOWNLOADS: {cell(Channel.GOVERNMENT, BATCH): 1}}, tx=tx)


async def signed_in(store: Store, account: Account, *, tx: Any) -> None:
    """A visitor's first sign-in ever; nothing for any later one."""
    if account.created_at == account.signed_in_at:
        await store.numbers.add(account.created_at, {Measure.ACCOUNTS: {cell(account.kind): 1}}, tx=tx)


async def rated(store: Store, rating: Rating, *, tx: Any) -> None:
    """A rating, by level and turn."""
    turn = "default" if rating.is_default else str(rating.number)
    level = cell(str(int(rating.satisfaction)), turn)
    await store.numbers.add(rating.at, {Measure.RATINGS: {level: 1}}, tx=tx)


async def followed(store: Store, *, due: datetime, at: datetime, tx: Any) -> None:
    """A low rating whose call-back is closed: within its time limit, or late."""
    await store.numbers.add(at, {Measure.FOLLOWED: {cell(IN_TIME if at <= due else LATE): 1}}, tx=tx)


async def handed_out(store: Store, *, channel: Channel, how: str, at: datetime, tx: Any) -> None:
    """A copy handed out, as a file ("done") or to a kiosk's printer ("print")."""
    await store.numbers.add(at, {Measure.DOWNLOADS: {cell(channel, how): 1}}, tx=tx)


async def pages_given(store: Store, order: Order, *, how: str, at: datetime, tx: Any) -> None:
    """The pages of a copy whose file arrived for the first time."""
    counts = {Measure.PAPER: {cell(PRINTED if how == "print" else SAVED): order.page_count}}
    await store.numbers.add(at, counts, tx=tx)
