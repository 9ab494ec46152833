"""Staff accounts for those who keep or approve them: the list, one account, its links and sessions."""

from conf.errors import Conflict, Invalid, NotFound
from conf.rights import Action, may
from handlers.flows import accounts, enrolling
from handlers.guards import staff
from handlers.staff import StaffHandler
from store.records import Staff
from views.contexts import accounts as contexts

ID = r"([A-Za-z0-9_.-]{1,80})"
OPEN_ALREADY = "这个登录名或账号已有一项变更在等待批准，请先等它办完。"


class AccountList(StaffHandler):
    """`/staff/accounts`: everybody; the form that asks for a new account."""

    @staff(Action.ACCOUNTS_KEEP, Action.ACCOUNTS_APPROVE)
    async def get(self) -> None:
        await self._page()

    @staff(Action.ACCOUNTS_KEEP)
    async def post(self) -> None:
        assert self.staff is not None  # by the guard
        try:
            made = await accounts.propose_new(
                self.store, login=self.text("login", max=64), name=self.text("name", max=64),
                roles=self.texts("roles"), reason=self.text("reason", max=500), by=self.staff, now=self.clock(),
                trace=self.audit_context(),
            )  # fmt: skip
        except Invalid as fault:
            await self._page(fault.fields, status=422)
        except Conflict:
            await self._page({"login": OPEN_ALREADY}, status=409)
        else:
            self.go(f"/staff/proposals/{made.id}")

    async def _page(self, errors: dict[str, str] | None = None, *, status: int = 200) -> None:
        assert self.staff is not None  # by the guard
        page = contexts.Accounts(
            title="人员账号", people=await self.store.staff.listed(), now=self.clock(), errors=errors or {},
            may_keep=may(self.staff.roles, Action.ACCOUNTS_KEEP), login=self.text("login", max=64),
            name=self.text("name", max=64), roles=self.texts("roles"), reason=self.text("reason", max=500),
        )  # fmt: skip
        self.show(page, status=status)


class AccountHandler(StaffHandler):
    """What the addresses of one account share."""

    async def person(self, id: str) -> Staff:
        found = await self.store.staff.by_id(id)
        if found is None:
            raise NotFound(id)
        return found

    async def show_one(
        self, person: Staff, *, status: int = 200, errors: dict[str, str] | None = None, link: str = ""
    ) -> None:
        assert self.staff is not None  # by the guard
        roles = self.texts("roles") if status == 422 and "roles" in self.request.arguments else tuple(person.roles)
        page = contexts.Account(
            title=person.name, person=person, now=self.clock(), errors=errors or {}, link=link, roles=roles,
            may_keep=may(self.staff.roles, Action.ACCOUNTS_KEEP), reason=self.text("reason", max=500),
            sessions=await self.sessions.list_of(person.id), hours=self.conf.staff_link_hours,
        )  # fmt: skip
        self.show(page, status=status)


class OneAccount(AccountHandler):
    """`/staff/accounts/{id}`"""

    @staff(Action.ACCOUNTS_KEEP, Action.ACCOUNTS_APPROVE)
    async def get(self, id: str) -> None:
        await self.show_one(await self.person(id))


class ProposeChange(AccountHandler):
    """`/staff/accounts/{id}/roles | reset`: for a second person to approve."""

    @staff(Action.ACCOUNTS_KEEP)
    async def post(self, id: str, what: str) -> None:
        assert self.staff is not None  # by the guard
        person, reason = await self.person(id), self.text("reason", max=500)
        common = {"reason": reason, "by": self.staff, "now": self.clock(), "trace": self.audit_context()}
        try:
            if what == "roles":
                made = await accounts.propose_roles(self.store, person, roles=self.texts("roles"), **common)
            else:
                made = await accounts.propose_reset(self.store, person, **common)
        except Invalid as fault:
            await self.show_one(person, status=422, errors=fault.fields)
        except Conflict:
            await self.show_one(person, status=409, errors={"reason": OPEN_ALREADY})
        else:
            self.go(f"/staff/proposals/{made.id}")


class Act(AccountHandler):
    """`/staff/accounts/{id}/unlock | force`: at once."""

    @staff(Action.ACCOUNTS_KEEP)
    async def post(self, id: str, what: str) -> None:
        person = await self.person(id)
        act = accounts.unlock if what == "unlock" else accounts.force_change
        await act(self.store, person, now=self.clock(), trace=self.audit_context())
        self.go(f"/staff/accounts/{id}")


class IssueLink(AccountHandler):
    """`/staff/accounts/{id}/link`: the one-time link, shown in this answer and never again."""

    @staff(Action.ACCOUNTS_KEEP)
    async def post(self, id: str) -> None:
        person = await self.person(id)
        try:
            token = await enrolling.issue_link(
                self.store, person, self.conf, door=self.door, now=self.clock(), trace=self.audit_context()
            )
        except Conflict:
            await self.show_one(person, status=409, errors={"link": enrolling.NO_LINK_NEEDED})
        else:
            await self.show_one(await self.person(id), link=f"{self.conf.base_url}/staff/enrol/{token}")


class EndSession(AccountHandler):
    """`/staff/accounts/{id}/sessions`: somebody else's session, or all of them, at once."""

    @staff(Action.SESSIONS_END)
    async def post(self, id: str) -> None:
        person, chosen = await self.person(id), self.text("session", max=64)
        await enrolling.end_session(
            self.store, self.sessions, person, chosen, door=self.door, now=self.clock(), trace=self.audit_context()
        )
        self.go(f"/staff/accounts/{id}")


ROUTES = [
    (r"/staff/accounts", AccountList),
    (rf"/staff/accounts/{ID}", OneAccount),
    (rf"/staff/accounts/{ID}/(roles|reset)", ProposeChange),
    (rf"/staff/accounts/{ID}/(unlock|force)", Act),
    (rf"/staff/accounts/{ID}/link", IssueLink),
    (rf"/staff/accounts/{ID}/sessions", EndSession),
]
