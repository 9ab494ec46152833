"""Looking things up for a case: search, dossier, extract, one page of a paper and its picture."""

from urllib.parse import urlencode

from conf.errors import Forbidden, NotFound, TooMany
from conf.terms import PageSize, PurposeCode
from handlers import pictures
from handlers.flows import organ_viewing
from handlers.government import ID, GovernmentHandler
from handlers.guards import government
from handlers.pageviews import zoom_of
from store.records import HitBatch
from views.contexts import government as contexts
from views.contexts.dossiers import OrganViewer, parts_of

LONGEST = 100


class Search(GovernmentHandler):
    """`/gov/cases/{id}/companies?q=&after=`"""

    @government
    async def get(self, id: str) -> None:
        visitor = await self.visitor_for(id)
        wait = self.application.searches.hit(self.request.remote_ip or "", self.conf.search_per_minute, 60)
        if wait:
            raise TooMany(wait)
        q, after = self.text("q", max=LONGEST), self.text("after", max=400)
        batch = HitBatch(hits=(), after="", problem="", persons_searched=False)
        if q:
            batch = await organ_viewing.search(self.store, q, after, visitor)
        more = f"/gov/cases/{id}/companies?{urlencode({'q': q, 'after': batch.after})}" if batch.after else ""
        page = contexts.GovResults(
            title="查找企业", case=visitor.case, q=q, hits=batch.hits, problem=batch.problem, more=more
        )
        self.show(page)


class Dossier(GovernmentHandler):
    """`/gov/cases/{id}/companies/{uscc}`: what the dossier holds, what is open, and why the rest is not."""

    @government
    async def get(self, id: str, uscc: str) -> None:
        visitor = await self.visitor_for(id)
        found = await organ_viewing.list_dossier(self.store, self.conf, uscc, visitor)
        page = contexts.GovDossier(
            title="影像档案",
            case=visitor.case,
            company=found.company,
            decision=found.decision,
            filings=parts_of(found.dossier, found.decision),
        )
        self.show(page)


class Extract(GovernmentHandler):
    """`/gov/cases/{id}/companies/{uscc}/extract`"""

    @government
    async def get(self, id: str, uscc: str) -> None:
        visitor = await self.visitor_for(id)
        company, decision = await organ_viewing.read_extract(self.store, self.conf, uscc, visitor)
        page = contexts.GovExtract(
            title="机读档案",
            case=visitor.case,
            company=company,
            decision=decision,
            made_at=visitor.now,
            true_until=company.updated_at or visitor.now,
            watermark=" · ".join(visitor.watermark),
        )
        self.show(page)


class PageView(GovernmentHandler):
    """`/gov/cases/{id}/companies/{uscc}/documents/{id}/pages/{n}?zoom=`"""

    @government
    async def get(self, id: str, uscc: str, document_id: str, number: str) -> None:
        visitor = await self.visitor_for(id)
        try:
            found = await organ_viewing.open_document(self.store, self.conf, uscc, document_id, visitor)
        except Forbidden as fault:
            self.show(contexts.GovShut(title="不能查看", case=visitor.case, decision=fault.decision), status=403)
            return
        if not 1 <= int(number) <= len(found.pages):
            raise NotFound
        page = OrganViewer(
            title=f"{found.document.title}，第 {int(number)} 页，共 {len(found.pages)} 页",
            company=found.company, document=found.document, pages=found.pages, number=int(number), zoom=zoom_of(self),
            purpose=PurposeCode.OTHER, watermark=" · ".join(visitor.watermark), case_id=id,
            case_no=visitor.case.no,
        )  # fmt: skip
        self.show(page)


class PageImage(GovernmentHandler):
    """`/gov/cases/{id}/pages/{page}/{size}.jpg`: unit, person and case burned in on the server."""

    @government
    async def get(self, id: str, page_id: str, size: str) -> None:
        assert self.session is not None  # by the guard
        if wait := await self.limits.hit(f"image:{self.session.id}", self.conf.image_per_minute, 60):
            raise TooMany(wait)
        visitor = await self.visitor_for(id)
        try:
            found = await organ_viewing.open_image(
                self.store, self.conf, self.adapters.workshop, page_id, PageSize(size), visitor=visitor
            )
        except Forbidden as fault:
            self.show(contexts.GovShut(title="不能查看", case=visitor.case, decision=fault.decision), status=403)
            return
        await pictures.send(self, found.content, found.media_type)


USCC = r"([0-9A-Z]{18})"
NAME = r"([A-Za-z0-9_.-]{1,80})"
ROUTES = [
    (rf"/gov/cases/{ID}/companies", Search),
    (rf"/gov/cases/{ID}/companies/{USCC}", Dossier),
    (rf"/gov/cases/{ID}/companies/{USCC}/extract", Extract),
    (rf"/gov/cases/{ID}/companies/{USCC}/documents/{NAME}/pages/([0-9]{{1,5}})", PageView),
    (rf"/gov/cases/{ID}/pages/{NAME}/({'|'.join(PageSize)})\.jpg", PageImage),
]
