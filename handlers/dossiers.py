"""The dossier page: what is in a company's dossier, what is open to this visitor, and what to do about the rest."""

from dataclasses import replace

from conf.errors import Invalid, NotFound, SignInNeeded
from conf.terms import IdentityLevel, PurposeCode
from handlers.base import BaseHandler
from handlers.flows import viewing
from handlers.flows.access import needed_level, next_step
from handlers.flows.viewing import Visitor
from handlers.guards import signed_in
from views.contexts.dossiers import DossierPage, parts_of

#: A session remembers the purpose for so many companies; the oldest goes first.
PURPOSES_KEPT = 20


def visitor_of(handler: BaseHandler) -> Visitor:
    """The caller of a guarded verb as the viewing flow wants them."""
    assert handler.account is not None  # @signed_in proved it
    kept = handler.session.values.get("purposes", {}) if handler.session else {}
    known = set(PurposeCode)
    return Visitor(
        account=handler.account,
        purposes={uscc: PurposeCode(code) for uscc, code in kept.items() if code in known},
        now=handler.clock(),
        trace=handler.audit_context(),
    )


class Dossier(BaseHandler):
    """`GET /companies/{uscc}/dossier`; with `raise=1` on the way to a higher level and back."""

    @signed_in(level=IdentityLevel.L0)
    async def get(self, uscc: str) -> None:
        found = await viewing.list_dossier(self.store, uscc, visitor_of(self))
        level = needed_level(found.decision)
        if self.text("raise", max=1) and level is not None:
            raise SignInNeeded(level)
        assert self.account is not None  # by the guard
        self.show(
            DossierPage(
                title="影像档案",
                company=found.company,
                decision=found.decision,
                step=next_step(found.decision),
                needed_level=level,
                filings=parts_of(found.dossier, found.decision),
                purpose=found.purpose,
                tasks=await self.store.tasks.of_account(self.account.id, uscc),
            )
        )


class Purpose(BaseHandler):
    """`POST /companies/{uscc}/purpose`: chosen once per company and visit, burned into every page shown."""

    @signed_in(level=IdentityLevel.L0)
    async def post(self, uscc: str) -> None:
        chosen = self.text("purpose", max=40)
        if chosen not in set(PurposeCode):
            raise Invalid({"purpose": "请选择查询用途。"})
        if await self.store.companies.by_uscc(uscc) is None:
            raise NotFound
        assert self.session is not None  # @signed_in proved it
        kept = {code: why for code, why in self.session.values.get("purposes", {}).items() if code != uscc}
        latest = dict([*kept.items(), (uscc, chosen)][-PURPOSES_KEPT:])
        await self.sessions.save(replace(self.session, values=self.session.values | {"purposes": latest}))
        self.go(f"/companies/{uscc}/dossier")


ROUTES = [
    (r"/companies/([0-9A-Z]{18})/dossier", Dossier),
    (r"/companies/([0-9A-Z]{18})/purpose", Purpose),
]
