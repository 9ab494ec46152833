"""Signing in at the provincial platform, raising the level, signing out at both ends."""

from datetime import timedelta
from urllib.parse import urlsplit

from conf.errors import Invalid, ProviderRejected, ProviderUnavailable
from conf.terms import IdentityLevel
from handlers.base import BaseHandler
from handlers.flows import signin
from handlers.guards import public
from handlers.visit import new_token, session_id
from store.records import Session
from views.contexts.signin import RaiseLevel, SigninFailed

#: A session nobody has signed in to yet holds the way back only, for as long as a sign-in may take.
ANONYMOUS_FOR = timedelta(minutes=15)
LICENCE = "licence"
FAILED = "登录没有完成"
AWAY = "统一身份认证平台暂时没有响应，您的账号没有问题。"
REJECTED = "统一身份认证平台没有确认这次登录。"


class SigninHandler(BaseHandler):
    """What the sign-in pages share."""

    def level(self) -> IdentityLevel:
        """The level a step asked for; anything else counts as L1."""
        asked = self.text("level", max=1)
        return IdentityLevel(int(asked)) if asked in {"1", "2", "3"} else IdentityLevel.L1

    async def own_session(self) -> Session:
        """The session behind the visitor's cookie, or a new anonymous one."""
        if self.session is not None:
            return self.session
        token, now = new_token(), self.clock()
        fresh = Session(
            id=session_id(token),
            account_id="",
            staff_id="",
            channel=self.channel,
            terminal_id=self.terminal.id if self.terminal else "",
            created_at=now,
            seen_at=now,
            expires_at=now + ANONYMOUS_FOR,
            values={},
        )
        await self.sessions.create(fresh)
        self.set_visit_cookie("session", token)
        return fresh

    def way_back(self) -> str:
        """Where the visitor was: kept by the guard that sent them here, else the page the link was on."""
        kept = self.take_back_address()
        if kept != "/":
            return kept
        came = urlsplit(self.request.headers.get("Referer", ""))
        if came.netloc != self.request.host or came.path.startswith("/signin"):
            return "/"
        return signin.local_path(came.path + (f"?{came.query}" if came.query else ""))


class Signin(SigninHandler):
    """`/signin?level=`"""

    @public
    async def get(self) -> None:
        level = self.level()
        if self.account is None:
            url = await signin.begin(
                self.adapters,
                self.conf,
                await self.own_session(),
                sessions=self.sessions,
                next_path=self.way_back(),
                now=self.clock(),
            )
            self.leave(url)
        elif self.account.level < level:
            self.show(RaiseLevel(title="需要更高的实名等级", level=level.name, current=self.account.level.name))
        else:
            self.go(self.way_back())


class Raise(SigninHandler):
    """`/signin/raise?level=`: on to the platform, and back to where the visitor was."""

    @public
    async def get(self) -> None:
        url = await signin.raise_level(
            self.adapters,
            self.conf,
            await self.own_session(),
            sessions=self.sessions,
            level=self.level(),
            next_path=self.way_back(),
            now=self.clock(),
        )
        self.leave(url)


class Callback(SigninHandler):
    """`/signin/callback`: the platform sends the browser back here."""

    @public
    async def get(self) -> None:
        try:
            done = await signin.finish(
                self.store,
                self.adapters,
                self.conf,
                self.session,
                sessions=self.sessions,
                state=self.text("state", max=200),
                code=self.text("code", max=500),
                now=self.clock(),
                trace=self.audit_context(),
            )
        except Invalid as fault:
            self._failed(next(iter(fault.fields.values())), 400)
        except ProviderRejected:
            self._failed(REJECTED, 502)
        except ProviderUnavailable:
            self.set_header("Retry-After", "30")
            self._failed(AWAY, 503)
        else:
            self.set_visit_cookie("session", done.token)
            self.go(done.next_path)

    def _failed(self, says: str, status: int) -> None:
        remedy = "请重新登录。如果多次没有成功，请稍后再试，或到登记机关档案窗口查询。"
        self.show(SigninFailed(title=FAILED, says=says, remedy=remedy), status=status)


class Signout(SigninHandler):
    """`/signout`: our session ends, then the platform's; once more does no harm."""

    @public
    async def post(self) -> None:
        url = await signin.sign_out(
            self.store,
            self.adapters,
            self.conf,
            self.session if self.account else None,
            sessions=self.sessions,
            now=self.clock(),
            trace=self.audit_context(),
        )
        self.clear_visit_cookie("session")
        self.set_header("Clear-Site-Data", '"cache", "storage"')
        if self.account is not None and self.account.provider == LICENCE:  # the platform never knew of this visit
            self.go("/")
        else:
            self.leave(url)


ROUTES = [
    (r"/signin", Signin),
    (r"/signin/callback", Callback),
    (r"/signin/raise", Raise),
    (r"/signout", Signout),
]
