"""The check by SMS before a sealed copy is handed out (setting `copy_recheck`): one page, two forms, no script."""

from conf.errors import NotFound, TooMany
from conf.terms import CodePurpose, IdentityLevel
from handlers.base import BaseHandler
from handlers.flows import codes, copies
from handlers.guards import signed_in
from handlers.orders import NO
from store.records import Order
from views.contexts.codes import WRONG, CopyCheck

PER_TEN_MINUTES = 40
TITLE = "领取前的身份核对"
FAILED = {codes.Sending.AWAY: 503, codes.Sending.IN_DOUBT: 503, codes.Sending.REFUSED: 422}


class CopyCheckPage(BaseHandler):
    """`/orders/{no}/check`: where the check stands; POST with `send` asks for a code, with `code` tries one."""

    @signed_in(level=IdentityLevel.L1)
    async def get(self, no: str) -> None:
        order = await self.order(no)
        assert self.account is not None  # by the guard
        if self.conf.copy_recheck == "none" or self.account.level >= IdentityLevel.L3:
            self.go(f"/orders/{no}")
            return
        await self.show_check(order)

    @signed_in(level=IdentityLevel.L1)
    async def post(self, no: str) -> None:
        order = await self.order(no)
        asked = self.asked(order)
        if self.conf.copy_recheck == "none" or asked.account.phone is None:
            self.go(f"/orders/{no}/check")
            return
        if wait := await self.limits.hit(f"code:{asked.account.id}", PER_TEN_MINUTES, 600):
            raise TooMany(wait)
        if self.text("send"):
            await self._send(order, asked)
        else:
            await self._try(order, asked)

    async def order(self, no: str) -> Order:
        """The visitor's own order with a copy that may be handed out; NotFound otherwise."""
        assert self.account is not None  # by the guard
        try:
            order, _ = await copies.ready_copy(self.store, self.account, no, now=self.clock())
        except copies.DownloadOver:
            raise NotFound(no) from None
        return order

    def asked(self, order: Order) -> codes.Asked:
        assert self.account is not None  # by the guard
        assert self.session is not None
        return codes.Asked(purpose=CodePurpose.COPY, subject=order.no, account=self.account, session=self.session)

    async def show_check(
        self, order: Order, *, status: int = 200, sending: str = "", wait: int = 0, errors: dict[str, str] | None = None
    ) -> None:
        asked, now = self.asked(order), self.clock()
        code = await self.store.codes.standing(asked.id)
        mine = code if code and code.account_id == asked.account.id else None
        holds = mine.holds_until if mine and mine.holds_until and mine.holds_until > now else None
        page = CopyCheck(
            title=TITLE,
            order=order,
            number=asked.account.phone.masked if asked.account.phone else "",
            sending=sending,
            wait=wait,
            sent_at=mine.sent_at if mine and mine.is_live(now) else None,
            holds_until=holds,
            errors=errors or {},
        )
        self.show(page, status=status)

    async def _send(self, order: Order, asked: codes.Asked) -> None:
        done, wait = await codes.send(
            self.store, self.adapters, self.conf, asked, now=self.clock(), trace=self.audit_context()
        )
        if done is codes.Sending.SENT:
            self.go(f"/orders/{order.no}/check")
            return
        if done is codes.Sending.PAUSE:
            self.set_header("Retry-After", str(wait))
        await self.show_check(order, status=FAILED.get(done, 429), sending=done.value, wait=wait)

    async def _try(self, order: Order, asked: codes.Asked) -> None:
        typed = "".join(self.text("code", max=20).split())
        found, left = await codes.check(self.store, asked, typed, now=self.clock(), trace=self.audit_context())
        if found is codes.Checking.RIGHT or not await self._is_needed(asked):  # the second of a double click
            self.go(f"/orders/{order.no}/check")
            return
        if found is codes.Checking.WRONG and not left:
            found = codes.Checking.SPENT
        says = WRONG.get(found.value, f"验证码不正确，还可以填 {left} 次。")
        await self.show_check(order, status=422, errors={"code": says})

    async def _is_needed(self, asked: codes.Asked) -> bool:
        return await codes.needs_check(
            self.store, self.conf, asked.account, asked.session, purpose=asked.purpose, now=self.clock()
        )


ROUTES = [(rf"/orders/{NO}/check", CopyCheckPage)]
