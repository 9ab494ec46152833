"""Finding a company: the first page and the results, whole or as the part htmx asks for."""

from urllib.parse import urlencode

from conf.errors import TooMany
from conf.live import live
from conf.terms import AuditTag
from conf.tuning import tuned
from handlers.base import BaseHandler
from handlers.guards import public
from store.records import HitBatch
from views.contexts.search import Batch, Home, Results

LONGEST = 100  # characters of a query; the longest registered names stay far below


class HomePage(BaseHandler):
    @public
    def get(self) -> None:
        now = self.clock()
        shown = (each for each in live().notices if each.starts_at <= now < each.ends_at)
        self.show(Home(notices=tuple(shown)))


class Companies(BaseHandler):
    """`GET /companies?q=&after=`: one database call for an anonymous search."""

    @public
    async def get(self) -> None:
        q, after = self.text("q", max=LONGEST), self.text("after", max=400)
        self.limit_searches()
        if not q:
            self.answer(q, HitBatch(hits=(), after="", problem="", persons_searched=False), after)
            return
        batch = await self.store.companies.search(q, after)
        if batch.persons_searched:
            await self.record_person_search(q, len(batch.hits))
        self.answer(q, batch, after)

    def limit_searches(self) -> None:
        """Per address, kept in this process: the search is cheaper than asking a shared counter."""
        wait = self.application.searches.hit(self.request.remote_ip or "", tuned(self.conf).search_per_minute, 60)
        if wait:
            raise TooMany(wait)

    async def record_person_search(self, q: str, hits: int) -> None:
        """Asking for a person by name leaves evidence; the name itself only as a keyed hash."""
        await self.store.audit.append(
            tag=AuditTag.PERSON_SEARCHED,
            subject="",
            outcome="answered",
            fields={"query": self.store.vault.person_key(q), "hits": hits},
            **self.audit_context(),
        )

    def answer(self, q: str, batch: HitBatch, after: str) -> None:
        more = f"/companies?{urlencode({'q': q, 'after': batch.after})}" if batch.after else ""
        kind = Batch if after and self.wants_fragment else Results
        if self.wants_fragment and not after:
            self.set_header(self.history_header(), f"/companies?{urlencode({'q': q})}" if q else "/companies")
        self.show(kind(q=q, hits=batch.hits, problem=batch.problem, more=more, is_first=not after))

    def history_header(self) -> str:
        """The first answer makes a step to go back to; typing on does not make one for each character."""
        on_results = "/companies" in self.request.headers.get("HX-Current-URL", "")
        return "HX-Replace-Url" if on_results else "HX-Push-Url"


ROUTES = [
    (r"/", HomePage),
    (r"/companies", Companies),
]
