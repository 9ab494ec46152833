"""The company page: the public record of any company, for everyone."""

from conf.errors import NotFound
from handlers.base import BaseHandler
from handlers.flows.lookers import may_see_lookers
from handlers.guards import public
from views.contexts.company import CompanyPage, years_of

#: A unified social credit code as it may stand in an address (GB 32100: no I, O, S, V, Z).
USCC = r"([0-9A-HJ-NP-RTUW-Y]{18})"


class CompanyHandler(BaseHandler):
    @public
    async def get(self, uscc: str) -> None:
        company = await self.store.companies.by_uscc(uscc)
        if company is None:
            raise NotFound(uscc)
        dossier = await self.store.dossiers.of(uscc)
        filings = dossier.filings if dossier else ()
        has_scans = any(document.page_count for filing in filings for document in filing.documents)
        is_own = self.account is not None and may_see_lookers(self.account, company, self.clock()) is not None
        page = CompanyPage(
            title=company.name, company=company, years=years_of(filings), has_scans=has_scans, is_own=is_own
        )
        self.show(page)


ROUTES = [(rf"/companies/{USCC}", CompanyHandler)]
