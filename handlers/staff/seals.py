"""The seal register and the signatories: every version, asking for a new one, retiring, ending."""

from contextlib import suppress

from conf.errors import Conflict, Invalid, NotFound
from conf.rights import Action, may
from handlers.flows import signatories
from handlers.flows.seals import SHORTEST_REASON, retire_seal
from handlers.guards import staff
from handlers.staff import StaffHandler
from views.contexts.seals import Seals

WAITING = "已有一项同样的变更在等待批准，或者这个印章已经在用。"


class SealHandler(StaffHandler):
    """What the addresses of the register share."""

    async def show_register(self, errors: dict[str, str] | None = None, *, status: int = 200) -> None:
        assert self.staff is not None  # by the guard
        names = ("first_day", "last_day", "note", "reason", "name", "title", "signs_from", "signs_until", "why")
        may_keep = may(self.staff.roles, Action.SEALS_KEEP)
        page = Seals(
            title="印章和签发人", versions=await self.store.seals.all(), signatories=await self.store.signatories.all(),
            offers=await signatories.offers(self.store, self.adapters) if may_keep else (), may_keep=may_keep,
            now=self.clock(), values={name: self.text(name, max=500) for name in names}, errors=errors or {},
        )  # fmt: skip
        self.show(page, status=status)


class Register(SealHandler):
    """`/staff/seals`"""

    @staff(Action.SEALS_KEEP, Action.SETTINGS_APPROVE)
    async def get(self) -> None:
        await self.show_register()


class Propose(SealHandler):
    """`/staff/seals/add | signatory`: for a second person to approve."""

    @staff(Action.SEALS_KEEP)
    async def post(self, what: str) -> None:
        assert self.staff is not None  # by the guard
        given = {name: self.text(name, max=500) for name in ("reason", "name", "title", "note", "fingerprint")}
        days = [self.text(name, max=20) for name in ("first_day", "last_day", "signs_from", "signs_until")]
        common = {"by": self.staff, "now": self.clock(), "trace": self.audit_context()}
        try:
            if what == "add":
                made = await signatories.propose_seal(
                    self.store, self.adapters, fingerprint=given["fingerprint"], first_day=days[0], last_day=days[1],
                    note=given["note"], reason=given["reason"], **common,
                )  # fmt: skip
            else:
                made = await signatories.propose_signatory(
                    self.store, name=given["name"], title=given["title"], first_day=days[2], last_day=days[3],
                    reason=self.text("why", max=500), **common,
                )  # fmt: skip
        except (Invalid, Conflict) as fault:
            fields = fault.fields if isinstance(fault, Invalid) else {"fingerprint": WAITING}
            await self.show_register(fields, status=422 if isinstance(fault, Invalid) else 409)
        else:
            self.go(f"/staff/proposals/{made.id}")


class Retire(SealHandler):
    """`/staff/seals/{id}/retire`: at once and for good."""

    @staff(Action.SEALS_KEEP)
    async def post(self, id: str) -> None:
        assert self.staff is not None  # by the guard
        seal_id, _, version = id.rpartition(".")
        if not (seal_id and version.isascii() and version.isdecimal()):
            raise NotFound(id)
        try:
            await retire_seal(
                self.store, seal_id, int(version), reason=self.text("retire_reason", max=500),
                by=f"staff:{self.staff.id}", now=self.clock(), trace=self.audit_context(),
            )  # fmt: skip
        except Invalid:
            await self.show_register({"retire_reason": f"请写明停用的理由，至少 {SHORTEST_REASON} 个字。"}, status=422)
        except Conflict:  # retired before: the page says so
            self.go("/staff/seals")
        else:
            self.go("/staff/seals")


class EndSignatory(SealHandler):
    """`/staff/seals/signatories/{id}/end`: at once."""

    @staff(Action.SEALS_KEEP)
    async def post(self, id: str) -> None:
        assert self.staff is not None  # by the guard
        with suppress(Conflict):  # ended before: the page says so
            await signatories.end_signatory(self.store, id, by=self.staff, now=self.clock(), trace=self.audit_context())
        self.go("/staff/seals")


ROUTES = [
    (r"/staff/seals", Register),
    (r"/staff/seals/(add|signatory)", Propose),
    (r"/staff/seals/([A-Za-z0-9_.-]{1,80})/retire", Retire),
    (r"/staff/seals/signatories/([A-Za-z0-9_.-]{1,80})/end", EndSignatory),
]
