"""The machine-readable extract (机读档案): registered items of any company, for visitors with a real name."""

from conf.errors import SignInNeeded
from conf.terms import IdentityLevel
from handlers.base import BaseHandler
from handlers.dossiers import visitor_of
from handlers.flows import viewing
from handlers.flows.access import needed_level, next_step
from handlers.guards import signed_in
from views.contexts.extract import ExtractPage


class Extract(BaseHandler):
    """`GET /companies/{uscc}/extract`; below L1 it says why not, and `raise=1` leads to a higher level and back."""

    @signed_in(level=IdentityLevel.L0)
    async def get(self, uscc: str) -> None:
        now = self.clock()
        company, decision = await viewing.read_extract(self.store, uscc, visitor_of(self))
        level = needed_level(decision)
        if self.text("raise", max=1) and level is not None:
            raise SignInNeeded(level)
        self.show(
            ExtractPage(
                title="机读档案",
                company=company,
                decision=decision,
                step=next_step(decision),
                needed_level=level,
                made_at=now,
                true_until=company.updated_at or now,
            )
        )


ROUTES = [(r"/companies/([0-9A-Z]{18})/extract", Extract)]
