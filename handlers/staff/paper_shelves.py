"""Where papers are: find, put away, move; places and the labels stuck on them."""

from conf.errors import Conflict, Invalid, NotFound
from conf.rights import Action
from handlers.flows import paper_shelves
from handlers.flows.paper import scanned
from handlers.guards import staff
from handlers.staff import StaffHandler
from store.records.paper import Handover, Volume
from views.contexts import paper as contexts

TITLE = "纸质档案"
MOST_LABELS = 240
SPANS = ("rack", "column", "tier", "place")
ID = r"([A-Za-z0-9_.-]{1,80})"


class ShelvesHandler(StaffHandler):
    """What finding and putting away share."""

    async def show_home(
        self, *, status: int = 200, barcode: str = "", errors: dict[str, str] | None = None, problem: str = ""
    ) -> None:
        q, placed = self.text("q", max=100), self.text("placed", max=40)
        page = contexts.PaperHome(
            title=TITLE,
            q=q,
            found=await paper_shelves.find(self.store, q) if q else (),
            unplaced=await self.store.paper.unplaced(),
            barcode=barcode,
            location=self.text("location", max=60),
            placed=await self.store.paper.volume(placed) if placed else None,
            problem=problem,
            errors=errors or {},
        )
        self.show(page, status=status)


class Home(ShelvesHandler):
    """`/staff/paper?q=`"""

    @staff(Action.PAPER_KEEP)
    async def get(self) -> None:
        await self.show_home(barcode=scanned(self.text("barcode", max=60)))


class PutAway(ShelvesHandler):
    """`/staff/paper/place`: a scanner ends each code with Enter, so the first one comes without a place."""

    @staff(Action.PAPER_KEEP)
    async def post(self) -> None:
        assert self.staff is not None  # by the guard
        barcode, location = scanned(self.text("barcode", max=60)), self.text("location", max=60)
        if barcode and not location:
            self.go(f"/staff/paper?barcode={barcode}" if barcode.isascii() else "/staff/paper")
            return
        now, trace = self.clock(), self.audit_context()
        try:
            volume = await paper_shelves.put_away(self.store, barcode, location, by=self.staff, now=now, trace=trace)
        except Invalid as fault:
            await self.show_home(status=422, barcode=barcode, errors=fault.fields)
        except Conflict as fault:
            await self.show_home(status=409, barcode=barcode, problem=str(fault))
        else:
            self.go(f"/staff/paper?placed={volume.id}")


class OneVolume(StaffHandler):
    """`/staff/paper/volumes/{barcode}`"""

    @staff(Action.PAPER_KEEP, Action.PAPER_DESTROY)
    async def get(self, id: str) -> None:
        volume = await self.store.paper.one(Volume, id)
        self.show(contexts.VolumePage(title=volume.title, volume=volume))


class Places(StaffHandler):
    """`/staff/paper/places`"""

    @staff(Action.PAPER_KEEP)
    async def get(self) -> None:
        await self._page()

    @staff(Action.PAPER_KEEP)
    async def post(self) -> None:
        spans = {name: self.text(name, max=10) for name in SPANS}
        now, trace = self.clock(), self.audit_context()
        try:
            made = await paper_shelves.make_places(self.store, self.text("room", max=10), spans, now=now, trace=trace)
        except Invalid as fault:
            await self._page(status=422, errors=fault.fields)
        except Conflict as fault:
            await self._page(status=409, problem=str(fault))
        else:
            self.go(f"/staff/paper/places?start={made[0].id}")

    async def _page(self, *, status: int = 200, errors: dict[str, str] | None = None, problem: str = "") -> None:
        start = scanned(self.text("start", max=40))
        found = await self.store.paper.places(start[:9] if start.startswith("L-") else "")
        values = {name: self.text(name, max=10) for name in ("room", *SPANS)}
        page = contexts.PaperPlaces(
            title="库房位置", places=found, start=start, values=values, errors=errors or {}, problem=problem
        )
        self.show(page, status=status)


class Labels(StaffHandler):
    """`/staff/paper/labels`: `?list=` a handover's volumes, `?start=` places, `?code=` one of either."""

    @staff(Action.PAPER_KEEP)
    async def get(self) -> None:
        listed, start, code = (self.text(name, max=60) for name in ("list", "start", "code"))
        back = f"/staff/paper/handovers/{listed}" if listed else "/staff/paper"
        if listed:
            await self.store.paper.one(Handover, listed)
            labels = await self._volumes(listed)
        elif start:
            places = await self.store.paper.places(scanned(start), MOST_LABELS)
            labels, back = (
                [contexts.Label(one.id, contexts.place_words(one.id)) for one in places],
                "/staff/paper/places",
            )
        else:
            labels = await self._one(scanned(code))
        if not labels:
            raise NotFound(code)
        self.show(contexts.PaperLabels(title="条码标签", labels=tuple(labels), back=back))

    async def _volumes(self, listed: str) -> list[contexts.Label]:
        found = await self.store.paper.volumes_of_list(listed)
        return [contexts.Label(volume.id, volume.title) for volume in found]

    async def _one(self, code: str) -> list[contexts.Label]:
        if code.startswith("L-"):
            place = await self.store.paper.place(code)
            return [contexts.Label(place.id, contexts.place_words(place.id))] if place else []
        volume = await self.store.paper.volume(code)
        return [contexts.Label(volume.id, volume.title)] if volume else []


ROUTES = [
    (r"/staff/paper", Home),
    (r"/staff/paper/place", PutAway),
    (rf"/staff/paper/volumes/{ID}", OneVolume),
    (r"/staff/paper/places", Places),
    (r"/staff/paper/labels", Labels),
]
