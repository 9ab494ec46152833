"""Arriving from other systems: 穗好办 and 粤商通 with a one-time ticket, the service portal with its task code.

The ticket leaves the address by the redirect that ends every arrival; these pages send no referrer.
"""

from conf.errors import NotFound, ProviderUnavailable, TooMany
from conf.terms import Channel, EntryPoint
from handlers.flows import entering, signin
from handlers.guards import public
from handlers.signin import SigninHandler
from store.records import Entry
from views.contexts.enter import EntryFailed

FAILED = "没有登录成功"
APPS = {EntryPoint.SHB: "穗好办", EntryPoint.YST: "粤商通"}
LONGEST_TICKET = 500
#: What happened and what to do, by ground; `{app}` is the app's name.
WORDS = {
    "ticket": (
        "登录凭证无效，或者已经用过。每个凭证只能用一次。",
        "请关闭本页，回到{app}重新打开“天河 e企查”，也可以直接通过统一身份认证登录。",
    ),
    "expired": (
        "登录凭证已经过期。凭证自签发起 60 秒内有效。",
        "请关闭本页，回到{app}重新打开“天河 e企查”，也可以直接通过统一身份认证登录。",
    ),
    "app": (
        "这个登录凭证不是{app}签发给本服务的，不能使用。",
        "请从{app}里重新打开“天河 e企查”，也可以直接通过统一身份认证登录。",
    ),
    "not_verified": (
        "您在{app}的账号还没有完成实名认证，查询企业登记档案需要实名。",
        "请先在{app}完成实名认证，再重新打开“天河 e企查”，也可以直接通过统一身份认证登录。",
    ),
    "link": (
        "{app}这次提供的身份，与先前绑定在本服务的身份不一致。为了保护您的办件，没有为您登录。",
        "请直接通过统一身份认证登录；如果您更换了{app}账号或证件，请联系登记机关档案窗口核对。",
    ),
    "task": (
        "打开本服务的链接没有带正确的事项编码，或者这个事项不由本服务办理。",
        "请回到原来的页面重新进入，也可以直接通过统一身份认证登录后查询。",
    ),
}
AWAY = (
    "{app}暂时没有响应，您的账号没有问题。",
    "请稍后从{app}重新打开，也可以现在就通过统一身份认证登录，办理的内容是一样的。",
)


class EnterHandler(SigninHandler):
    """What the entries share. Looking (HEAD) spends no ticket."""

    async def prepare(self) -> None:
        """As everywhere; and nothing of this address goes on to another page."""
        self.set_header("Referrer-Policy", "no-referrer")
        await super().prepare()

    async def head(self, *_args: str, **_kwargs: str) -> None:
        """Nothing but headers: whoever only looks does not arrive."""
        self.set_header("Allow", "HEAD, GET")

    async def entry(self, point: EntryPoint) -> Entry:
        """The entry of this arrival. Raises EntryRefused, TooMany."""
        wait = await self.limits.hit(f"enter:{self.request.remote_ip}", self.conf.entry_per_minute, 60)
        if wait:
            raise TooMany(wait)
        code = self.text("sxbm", max=64)
        return await entering.entry_for(
            self.store, self.conf, point, code, now=self.clock(), trace=self.audit_context()
        )

    def destination(self) -> str:
        """The page asked for, when it is ours."""
        return signin.local_path(self.text("to", "/", max=2000))

    def refuse(self, words: tuple[str, str], app: str, *, status: int) -> None:
        """Say why, and offer the way in that needs no app; after it the visitor is where they wanted to go."""
        says, remedy = (part.format(app=app) for part in words)
        self.keep_back_address(self.destination())
        self.show(EntryFailed(title=FAILED, says=says, remedy=remedy), status=status)


class EnterApp(EnterHandler):
    """`/enter/shb|yst?ticket=&to=&sxbm=`: a ticket of the app for a session here, then on to `to`."""

    @public
    async def get(self, app: str) -> None:
        point = EntryPoint(app)
        try:
            arrived = await self._arrive(point)
        except entering.EntryRefused as fault:
            self.refuse(WORDS[fault.ground], APPS[point], status=400 if fault.ground == "task" else 403)
        except ProviderUnavailable:
            self.set_header("Retry-After", "30")
            self.refuse(AWAY, APPS[point], status=503)
        else:
            self.set_visit_cookie("session", arrived.token)
            self.go(self.destination())

    async def _arrive(self, point: EntryPoint) -> entering.Arrived:
        if self.terminal is not None:
            raise NotFound("no app runs on a kiosk")
        return await entering.arrive(
            self.store,
            self.adapters,
            self.conf,
            self.session,
            sessions=self.sessions,
            entry=await self.entry(point),
            ticket=self.text("ticket", max=LONGEST_TICKET),
            channel=Channel(point.value),
            now=self.clock(),
            trace=self.audit_context(),
        )


class EnterPortal(EnterHandler):
    """`/enter/portal?sxbm=&to=`: to unified sign-in, remembering the task, and from there to `to`."""

    @public
    async def get(self) -> None:
        try:
            entry = await self.entry(EntryPoint.PORTAL)
        except entering.EntryRefused as fault:
            self.refuse(WORDS[fault.ground], "政务服务网", status=400)
            return
        url = await signin.begin(
            self.adapters,
            self.conf,
            await self.own_session(),
            sessions=self.sessions,
            next_path=self.destination(),
            entry=entry,
            now=self.clock(),
        )
        self.leave(url)


ROUTES = [
    (r"/enter/(shb|yst)", EnterApp),
    (r"/enter/portal", EnterPortal),
]
