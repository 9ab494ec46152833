"""Signing in as an enterprise by scanning a code with its electronic business licence."""

from conf.errors import Invalid
from handlers.flows import licence_signin as flow
from handlers.guards import public
from handlers.signin import FAILED, SigninHandler
from views.contexts.signin import LicenceScan, SigninFailed

TITLE = "用电子营业执照登录"
REMEDY = "请重新显示二维码，再用电子营业执照扫一次；也可以用统一身份认证的法人账号登录。"


class LicenceHandler(SigninHandler):
    """What the two pages share."""

    def show_standing(self, standing: flow.Standing, *, error: str = "", status: int = 200) -> None:
        is_waiting, scan = standing.state == flow.WAITING, standing.scan
        page = LicenceScan(
            title=TITLE,
            state=standing.state,
            address=flow.address_of(self.adapters.licence, standing) if is_waiting else "",
            minutes=self.conf.licence_minutes,
            scan_id=scan.id if scan else "",
            company_name=scan.company_name if scan else "",
            uscc=scan.uscc if scan else "",
            operator=scan.operator_masked if scan else "",
            needs_code=bool(scan and scan.code),
            error=error,
        )
        self.show(page, status=status)


class LicenceSignin(LicenceHandler):
    """`/signin/licence`: the code; `?wait=1` asks how far it is and never makes a new one."""

    @public
    async def get(self) -> None:
        if self.account is not None:
            self.go("/")
            return
        if self.text("wait") == "1":
            standing = await flow.standing(self.store, self.session, now=self.clock())
        else:
            standing = await self._begun()
        if self.wants_fragment and standing.state == flow.WAITING:
            self.set_status(204)  # nothing new: the page keeps its code and asks again
            self.finish()
            return
        self.show_standing(standing)

    async def _begun(self) -> flow.Standing:
        session = await self.own_session()
        return await flow.begin(
            self.store, self.conf, session, sessions=self.sessions, next_path=self.way_back(), now=self.clock()
        )


class ConfirmLicence(LicenceHandler):
    """`/signin/licence/confirm`: in the browser that showed the code, by whoever reads which enterprise it is."""

    @public
    async def post(self) -> None:
        try:
            done = await flow.finish(
                self.store, self.conf, self.session, sessions=self.sessions, shown_id=self.text("scan", max=64),
                code=self.text("code", max=20), now=self.clock(), trace=self.audit_context(),
            )  # fmt: skip
        except Invalid as fault:
            await self._again(fault)
        else:
            self.set_visit_cookie("session", done.token)
            self.go(done.next_path)

    async def _again(self, fault: Invalid) -> None:
        """A wrong code may be typed in again; everything else starts anew."""
        if "code" in fault.fields:
            standing = await flow.standing(self.store, self.session, now=self.clock())
            self.show_standing(standing, error=fault.fields["code"], status=422)
            return
        says = next(iter(fault.fields.values()))
        self.show(SigninFailed(title=FAILED, says=says, remedy=REMEDY, again="/signin/licence"), status=400)


class CancelLicence(SigninHandler):
    """`/signin/licence/cancel`: it was not me, or not this enterprise."""

    @public
    async def post(self) -> None:
        await flow.cancel(
            self.store, self.session, sessions=self.sessions, now=self.clock(), trace=self.audit_context()
        )
        self.go("/")


ROUTES = [
    (r"/signin/licence", LicenceSignin),
    (r"/signin/licence/confirm", ConfirmLicence),
    (r"/signin/licence/cancel", CancelLicence),
]
