"""Settings, message texts and days off that change while the service runs: shown with their history, proposed here."""

from conf.errors import Conflict, Invalid, NotFound
from conf.rights import Action, may
from conf.terms import Notice
from handlers.flows import tuning
from handlers.guards import staff
from handlers.staff import StaffHandler
from views.contexts import tuning as contexts

SEEN_BY = (Action.SETTINGS_KEEP, Action.SETTINGS_APPROVE)
WAITING = "这一项已有变更在等待批准，请先等它办完。"


class TuningHandler(StaffHandler):
    """What the pages of tuned values share."""

    @property
    def may_keep(self) -> bool:
        assert self.staff is not None  # by the guard
        return may(self.staff.roles, Action.SETTINGS_KEEP)


class SettingsPage(TuningHandler):
    """`/staff/settings`"""

    @staff(*SEEN_BY)
    async def get(self) -> None:
        await self._page({})

    @staff(Action.SETTINGS_KEEP)
    async def post(self) -> None:
        assert self.staff is not None  # by the guard
        try:
            made = await tuning.propose_setting(
                self.store, self.conf, name=self.text("name", max=40), value=self.text("value", max=20),
                reason=self.text("reason", max=500), by=self.staff, now=self.clock(), trace=self.audit_context(),
            )  # fmt: skip
        except Invalid as fault:
            await self._page(fault.fields, status=422)
        except Conflict:
            await self._page({"name": WAITING}, status=409)
        else:
            self.go(f"/staff/proposals/{made.id}")

    async def _page(self, errors: dict[str, str], *, status: int = 200) -> None:
        page = contexts.TunedSettings(
            title="运行参数", settings=self.conf, history=await self.store.tuned.history("setting:"),
            may_keep=self.may_keep, name=self.text("name", max=40), value=self.text("value", max=20),
            reason=self.text("reason", max=500), errors=errors,
        )  # fmt: skip
        self.show(page, status=status)


class TextList(TuningHandler):
    """`/staff/texts`"""

    @staff(*SEEN_BY)
    async def get(self) -> None:
        history = await self.store.tuned.history("text:")
        self.show(contexts.MessageTexts(title="消息文本", signature=self.conf.sms_signature, history=history))


class OneText(TuningHandler):
    """`/staff/texts/{notice}`"""

    @staff(*SEEN_BY)
    async def get(self, name: str) -> None:
        notice = self._notice(name)
        await self._page(notice, tuning.row_of(notice), {})

    @staff(Action.SETTINGS_KEEP)
    async def post(self, name: str) -> None:
        assert self.staff is not None  # by the guard
        notice = self._notice(name)
        row = {field: self.text(field, max=4000) for field in ("template", "sms", "subject", "mail")}
        try:
            made = await tuning.propose_text(
                self.store, self.conf, notice=notice, row=row, reason=self.text("reason", max=500), by=self.staff,
                now=self.clock(), trace=self.audit_context(),
            )  # fmt: skip
        except Invalid as fault:
            await self._page(notice, row, fault.fields, status=422)
        except Conflict:
            await self._page(notice, row, {"sms": WAITING}, status=409)
        else:
            self.go(f"/staff/proposals/{made.id}")

    def _notice(self, name: str) -> Notice:
        if name not in set(Notice):
            raise NotFound(name)
        return Notice(name)

    async def _page(self, notice: Notice, row: dict[str, str], errors: dict[str, str], *, status: int = 200) -> None:
        page = contexts.MessageText(
            title="消息文本", notice=notice, row=row, signature=self.conf.sms_signature, may_keep=self.may_keep,
            history=await self.store.tuned.history(f"text:{notice.value}"), reason=self.text("reason", max=500),
            errors=errors,
        )  # fmt: skip
        self.show(page, status=status)


class HolidayPage(TuningHandler):
    """`/staff/holidays`"""

    @staff(*SEEN_BY)
    async def get(self) -> None:
        now = tuning.days_now()
        await self._page("\n".join(now["free"]), "\n".join(now["working"]), {})

    @staff(Action.SETTINGS_KEEP)
    async def post(self) -> None:
        assert self.staff is not None  # by the guard
        free, working = self.text("free", max=4000), self.text("working", max=4000)
        try:
            made = await tuning.propose_holidays(
                self.store, free=free, working=working, reason=self.text("reason", max=500), by=self.staff,
                now=self.clock(), trace=self.audit_context(),
            )  # fmt: skip
        except Invalid as fault:
            await self._page(free, working, fault.fields, status=422)
        except Conflict:
            await self._page(free, working, {"free": WAITING}, status=409)
        else:
            self.go(f"/staff/proposals/{made.id}")

    async def _page(self, free: str, working: str, errors: dict[str, str], *, status: int = 200) -> None:
        page = contexts.Holidays(
            title="节假日", free=free, working=working, history=await self.store.tuned.history("holidays"),
            may_keep=self.may_keep, reason=self.text("reason", max=500), now=self.clock(), errors=errors,
        )  # fmt: skip
        self.show(page, status=status)


ROUTES = [
    (r"/staff/settings", SettingsPage),
    (r"/staff/texts", TextList),
    (r"/staff/texts/([A-Za-z0-9_.-]{1,80})", OneText),
    (r"/staff/holidays", HolidayPage),
]
