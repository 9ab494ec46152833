"""What everybody of ours keeps of their own: sessions, recovery codes, and whether single keys act."""

from conf.errors import Invalid
from handlers.flows import accounts, recovery, staffing
from handlers.flows.signin import local_path
from handlers.guards import staff
from handlers.staff import StaffHandler
from views.contexts import accounts as contexts


class OwnSessions(StaffHandler):
    """`/staff/sessions`: where one is signed in; end one, or all but this."""

    @staff()
    async def get(self) -> None:
        assert self.staff is not None  # by the guard
        assert self.session is not None
        found = await self.sessions.list_of(self.staff.id)
        self.show(contexts.OwnSessions(title="我的会话", sessions=found, current=self.session.id))

    @staff()
    async def post(self) -> None:
        assert self.staff is not None  # by the guard
        await accounts.end_session(
            self.store, self.sessions, self.staff, self.text("session", max=64), now=self.clock(),
            trace=self.audit_context(),
        )  # fmt: skip
        self.go("/staff/sessions")


class OwnRecovery(StaffHandler):
    """`/staff/recovery`: how many codes are left; new ones, shown in this answer and never again."""

    @staff()
    def get(self) -> None:
        assert self.staff is not None  # by the guard
        self.show(contexts.Recovery(title="恢复码", left=len(self.staff.recovery)))

    @staff()
    async def post(self) -> None:
        assert self.staff is not None  # by the guard
        is_right = await staffing.is_password(self.staff, self.get_argument("password", "", strip=False))
        try:
            codes = await recovery.renew(
                self.store, self.staff, password_is_right=is_right, now=self.clock(), trace=self.audit_context()
            )
        except Invalid as fault:
            left = len(self.staff.recovery)
            self.show(contexts.Recovery(title="恢复码", left=left, errors=fault.fields), status=422)
        else:
            self.show(contexts.RecoveryCodes(title="新的恢复码", codes=codes, is_new=False))


class Keys(StaffHandler):
    """`/staff/keys`: single keys of the desk on or off in this browser (WCAG 2.2, 2.1.4); back to where one was."""

    @staff()
    def post(self) -> None:
        if self.text("keys", max=5) == "off":
            self.set_visit_cookie("keys", "off", days=365)
        else:
            self.clear_visit_cookie("keys")
        back = local_path(self.text("back", max=200))
        self.go(back if back.startswith("/staff/") else "/staff")


ROUTES = [
    (r"/staff/sessions", OwnSessions),
    (r"/staff/recovery", OwnRecovery),
    (r"/staff/keys", Keys),
]
