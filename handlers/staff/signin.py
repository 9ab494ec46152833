"""Our people's door: sign-in in two steps, what a one-time link opens, and what everybody keeps of their own."""

from handlers.flows.signin import local_path
from handlers.guards import public, staff
from handlers.staff import StaffHandler


class SigninPassword(StaffHandler):
    """`/staff/signin`"""

    @public
    def get(self) -> None:
        self.show_signin()

    @public
    async def post(self) -> None:
        await self.take_password()


class SigninCode(StaffHandler):
    """`/staff/signin/code`: only after the password."""

    @public
    def get(self) -> None:
        self.show_code()

    @public
    async def post(self) -> None:
        await self.take_code()


class Enrol(StaffHandler):
    """`/staff/enrol/{token}`: password and authenticator set by the person; the recovery codes once."""

    @public
    async def get(self, token: str) -> None:
        await self.show_enrolment(token)

    @public
    async def post(self, token: str) -> None:
        await self.enrol(token)


class ChangePassword(StaffHandler):
    """`/staff/password`: the first password is changed at once; later whenever one likes."""

    @staff()
    def get(self) -> None:
        self.show_password()

    @staff()
    async def post(self) -> None:
        await self.change_password()


class OwnSessions(StaffHandler):
    """`/staff/sessions`: where one is signed in; end one, or all but this."""

    @staff()
    async def get(self) -> None:
        await self.show_sessions()

    @staff()
    async def post(self) -> None:
        await self.end_own_session()


class OwnRecovery(StaffHandler):
    """`/staff/recovery`: how many codes are left; new ones, shown in this answer and never again."""

    @staff()
    def get(self) -> None:
        self.show_recovery()

    @staff()
    async def post(self) -> None:
        await self.renew_recovery()


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


class Signout(StaffHandler):
    """`/staff/signout`"""

    @staff()
    async def post(self) -> None:
        await self.sign_out()


ROUTES = [
    (r"/staff/signin", SigninPassword),
    (r"/staff/signin/code", SigninCode),
    (r"/staff/enrol/([A-Za-z0-9_-]{1,400})", Enrol),
    (r"/staff/password", ChangePassword),
    (r"/staff/sessions", OwnSessions),
    (r"/staff/recovery", OwnRecovery),
    (r"/staff/keys", Keys),
    (r"/staff/signout", Signout),
]
