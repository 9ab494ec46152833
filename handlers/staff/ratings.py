"""Low ratings: the list, the most urgent first, and one of them with the form of its next step."""

from datetime import timedelta

from conf.errors import Conflict, Invalid
from conf.rights import Action
from conf.terms import FollowUpStep
from handlers.flows import followups
from handlers.guards import staff
from handlers.orders import NO
from handlers.staff import StaffHandler
from views.contexts import followups as contexts

FIGURES_OF = timedelta(days=30)


class FollowUpList(StaffHandler):
    """`/staff/ratings`; `view=closed` shows those closed last."""

    @staff(Action.RATINGS_FOLLOW)
    async def get(self) -> None:
        now, after, is_closed = self.clock(), self.text("after", max=200), self.text("view", max=10) == "closed"
        store = self.store.followups
        found, rest = (await store.closed(), "") if is_closed else await store.open(after=after)
        self.show(
            contexts.FollowUps(
                title="差评回访",
                followups=found,
                after=rest,
                is_first=not after,
                is_closed=is_closed,
                overdue=await store.overdue(now),
                tally=await self.store.ratings.tally(now - FIGURES_OF),
                now=now,
            )
        )


class FollowUpHandler(StaffHandler):
    """What the addresses of one follow-up share."""

    async def show_one(
        self, id: str, *, status: int = 200, errors: dict[str, str] | None = None, phone: str | None = None
    ) -> None:
        case = await followups.case(self.store, id)
        staff_ids = {entry.by.removeprefix("staff:") for entry in case.followup.history if entry.by != "visitor"}
        people = [await self.store.staff.by_id(each) for each in sorted(staff_ids)]
        account = await self.store.accounts.by_id(case.order.account_id)
        self.show(
            contexts.OneFollowUp(
                title="差评回访",
                followup=case.followup,
                order=case.order,
                ratings=case.ratings,
                names={person.id: person.name for person in people if person},
                phone_masked=account.phone.masked if account and account.phone else "",
                phone=phone,
                has_moved=status == 409,
                result=self.text("result", max=20),
                text=self.text("text", max=2000),
                errors=errors or {},
                now=self.clock(),
            ),
            status=status,
        )


class OneFollowUp(FollowUpHandler):
    """`/staff/ratings/{order}.{number}`"""

    @staff(Action.RATINGS_FOLLOW)
    async def get(self, no: str, number: str) -> None:
        await self.show_one(f"{no}.{number}")


class Step(FollowUpHandler):
    """`/staff/ratings/{order}.{number}/{step}`"""

    @staff(Action.RATINGS_FOLLOW)
    async def post(self, no: str, number: str, step: str) -> None:
        assert self.staff is not None  # by the guard
        id, version = f"{no}.{number}", self.text("version", max=6)
        try:
            await followups.take_step(
                self.store,
                id,
                staff=self.staff,
                step=FollowUpStep(step),
                result=self.text("result", max=20),
                text=self.text("text", max=2000),
                version=int(version) if version.isascii() and version.isdecimal() else -1,
                now=self.clock(),
                trace=self.audit_context(),
            )
        except Invalid as fault:
            await self.show_one(id, status=422, errors=fault.fields)
        except Conflict:
            await self.show_one(id, status=409)
        else:
            self.go(f"/staff/ratings/{id}")


class Phone(FollowUpHandler):
    """`/staff/ratings/{order}.{number}/phone`: the number in clear for the call, on record."""

    @staff(Action.RATINGS_FOLLOW)
    async def post(self, no: str, number: str) -> None:
        id = f"{no}.{number}"
        try:
            phone = await followups.show_phone(self.store, id, now=self.clock(), trace=self.audit_context())
        except Conflict:
            await self.show_one(id, status=409)
        else:
            await self.show_one(id, phone=phone)


ONE = rf"/staff/ratings/{NO}\.([12])"
ROUTES = [
    (r"/staff/ratings", FollowUpList),
    (ONE, OneFollowUp),
    (rf"{ONE}/phone", Phone),
    (rf"{ONE}/(contacted|rectified|called_back|reopened)", Step),
]
