"""The e-seal platform: every fault leaves one seal there and an order that ends right, and nothing false is a copy."""

import asyncio
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import pikepdf
import pytest

from adapters.pdf.weasy import WeasyEngine, render_html
from adapters.sandbox import eseal_press
from adapters.sandbox.server import Sandbox
from adapters.sandbox.state import FAULTS, OWN_FAULTS
from adapters.seal import KeywordPlace, Place, Sealed, SealPlace, SeamPlace
from adapters.seal.comparing import check_sealed
from adapters.seal.jobs import SealExpected
from adapters.seal.pki import seal_roots
from adapters.seal.positions import to_platform
from adapters.seal.remote import RemoteSeal
from adapters.workshop import Workshop
from conf.clock import utc_now
from conf.errors import ProviderRejected, ProviderUnavailable
from conf.settings import Settings
from conf.terms import OrderStatus, VerifyResult
from handlers.flows import seals
from handlers.flows.sealing import SEAL_PLACE, Bench
from handlers.flows.verifying import by_file
from tests.contracts.test_seal import a_pdf
from tests.desk import TRACE, Desk
from tests.seal.test_sealing_flow import Works, put_scans, workshop
from tests.seal.tsa import TimeStampServer
from views.sheets import PrintSheets

__all__ = ["workshop"]

#: Time-outs: for the platform in order, for a call that gets no answer, for one that gets it after a sealing.
PATIENT, IMPATIENT, SEALING = "seal=10/30", "seal=0.2/0.2", "seal=0.9/0.9"


@dataclass
class Platform:
    """A sandbox in the desk's loop, the adapter to it, and what the platform holds."""

    desk: Desk
    box: Sandbox
    settings: Settings
    workshop: Workshop
    certificate: str

    def seal(self, **changes: Any) -> RemoteSeal:
        async def opened() -> RemoteSeal:
            return RemoteSeal(self.settings.model_copy(update=changes), self.workshop)

        return self.desk.run(opened())

    def sign(self, pdf: bytes, *, place: Place = SEAL_PLACE, biz_no: str = "THC-1", **changes: Any) -> Sealed:
        """One sealing by an adapter of its own, as another process or a later start would make it."""
        seal = self.seal(**changes)

        async def signed() -> Sealed:
            try:
                more = {"reason": "样例", "biz_no": biz_no, "certificate": self.certificate}
                return await seal.sign(pdf, place=place, **more)
            finally:
                await seal.close()

        return self.desk.run(signed())

    @property
    def held(self) -> list[dict[str, Any]]:
        return self.box.state.received["seal"]

    def switch(self, fault: str, **more: Any) -> None:
        self.box.state.faults.switch("seal", fault, **more)


@pytest.fixture
def platform(desk: Desk, workshop: Workshop) -> Iterator[Platform]:
    settings = desk.settings.model_copy(
        update={"seal_provider": "platform", "outside_times": PATIENT, "outside_failures": 100}
    )
    box = desk.run(Sandbox(settings, slow_seconds=60).start())
    settings = settings.model_copy(update={"seal_url": f"{box.url}/eseal"})
    certificate = hashlib.sha256(eseal_press.own_seal(settings).certificate).hexdigest()
    yield Platform(desk, box, settings, workshop, certificate)
    desk.run(box.stop())


@pytest.mark.parametrize("step", [0, 1, 2], ids=["ask", "send", "fetch"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_at_any_step_leaves_one_seal_and_a_good_file_afterwards(
    platform: Platform, fault: str, step: int
) -> None:
    platform.switch(fault, after=step)
    silent = fault in {"slow", "hang"}
    first = SEALING if step == 2 else IMPATIENT
    for times in (first, IMPATIENT) if silent else (PATIENT, PATIENT):  # the second is struck at its first call
        with pytest.raises(ProviderUnavailable):
            platform.sign(a_pdf(), outside_times=times)
    platform.box.state.faults.clear()
    sealed = platform.sign(a_pdf())
    assert sealed.pdf.startswith(a_pdf())
    assert [row["key"] for row in platform.held] == ["THC-1"]


@pytest.mark.parametrize("fault", OWN_FAULTS["seal"])
def test_a_platform_that_seals_wrongly_never_gets_a_file_out(platform: Platform, fault: str) -> None:
    platform.switch(fault)
    with pytest.raises(ProviderUnavailable) as caught:
        platform.sign(a_pdf())
    if fault != "lost-seal":
        assert "not our document with our seal" in caught.value.reason
        with pytest.raises(ProviderUnavailable):
            platform.sign(a_pdf())
        platform.box.state.faults.clear()
    assert platform.sign(a_pdf()).pdf.startswith(a_pdf())
    assert [(row["key"], row["repeats"]) for row in platform.held] == [("THC-1", 0)]


def test_a_seal_whose_answer_was_lost_is_not_asked_for_again(platform: Platform) -> None:
    platform.switch("lost-seal")
    with pytest.raises(ProviderUnavailable):
        platform.sign(a_pdf())
    calls = platform.box.state.calls["seal"]
    platform.sign(a_pdf())  # the switch is still on: a second sealing would be lost too
    assert platform.box.state.calls["seal"] - calls == 2, "asked, fetched"
    assert [(row["key"], row["repeats"]) for row in platform.held] == [("THC-1", 0)]


def test_a_seal_dated_in_the_future_is_not_handed_out(platform: Platform) -> None:
    """A platform whose clock is a little ahead, too little to refuse our calls."""
    kept = platform.box.state.clock
    platform.box.state.clock = lambda: kept() + timedelta(minutes=4)
    with pytest.raises(ProviderUnavailable, match="not our document with our seal"):
        platform.sign(a_pdf())
    assert len(platform.held) == 1, "it waits there until its time has come, or is withdrawn"


def test_two_processes_at_once_get_one_seal(platform: Platform) -> None:
    first, second = platform.seal(), platform.seal()

    async def both() -> list[Sealed]:
        more = {"place": SEAL_PLACE, "reason": "样例", "biz_no": "THC-1", "certificate": platform.certificate}
        found = await asyncio.gather(first.sign(a_pdf(), **more), second.sign(a_pdf(), **more))
        await asyncio.gather(first.close(), second.close())
        return found

    one, other = platform.desk.run(both())
    assert one.sha256 == other.sha256
    assert [row["key"] for row in platform.held] == ["THC-1"]


def test_a_number_that_was_used_for_another_document_is_refused_for_good(platform: Platform) -> None:
    platform.sign(a_pdf(2))
    with pytest.raises(ProviderRejected, match="another document"):
        platform.sign(a_pdf(3))
    assert len(platform.held) == 1


def test_a_wrong_key_is_ours_to_mend_and_the_order_waits(platform: Platform) -> None:
    wrong = type(platform.settings.seal_app_key)("wrong")
    with pytest.raises(ProviderUnavailable, match="signature refused"):
        platform.sign(a_pdf(), seal_app_key=wrong)
    assert platform.held == []


# -- places


def test_the_seal_stands_on_the_word_it_was_asked_for(platform: Platform) -> None:
    pdf = render_html("<p>页首</p><p style='margin: 100mm 0 0 60mm'>样例签章处</p>")
    sealed = platform.sign(pdf, place=KeywordPlace(text="样例签章处", w_mm=30, h_mm=30), biz_no="THC-word")
    ((page, box),) = seals_in(sealed.pdf)
    assert page == 1
    assert box[2] == pytest.approx(30, abs=0.5)
    assert 60 <= box[0] + 15 <= 130, "about the middle of the word"
    assert 95 <= box[1] + 15 <= 160
    with pytest.raises(ProviderRejected, match="word"):
        platform.sign(pdf, place=KeywordPlace(text="没有这个词"), biz_no="THC-none")


def test_across_the_edges_every_page_carries_its_strip(platform: Platform) -> None:
    sealed = platform.sign(a_pdf(4), place=SeamPlace(y_mm=100), biz_no="THC-seam")
    found = seals_in(sealed.pdf)
    assert [page for page, _ in found] == [1, 2, 3, 4]
    for _, (x, y, w, h) in found:
        assert (x + w, y, w, h) == pytest.approx((210, 100, 10, 40), abs=0.5)


def test_a_page_that_is_not_there_is_refused_for_good(platform: Platform) -> None:
    with pytest.raises(ProviderRejected, match="outside"):
        platform.sign(a_pdf(2), place=SealPlace(page=3, x_mm=10, y_mm=10))


def seals_in(pdf: bytes) -> list[tuple[int, tuple[float, float, float, float]]]:
    """(page from 1, (x, y, w, h) in mm from the top left) of every mark in the file."""
    found = []
    with pikepdf.open(BytesIO(pdf)) as opened:
        for number, page in enumerate(opened.pages, 1):
            for note in page.obj.get("/Annots", pikepdf.Array()):
                left, bottom, right, top = (float(side) * 25.4 / 72 for side in note.Rect)
                found.append((number, (left, 297 - top, right - left, top - bottom)))
    return [(number, box) for number, box in found if box[2] > 0]  # a time-stamp's field has no size


# -- what a dishonest or broken platform could hand back


def forged(source: bytes, change: Any, settings: Settings) -> bytes:
    """`source` with an update that `change` makes through pikepdf's objects, sealed by the right certificate."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    writer = IncrementalPdfFileWriter(BytesIO(source), strict=True)
    change(writer)
    target = BytesIO()
    writer.write(target)
    return eseal_press.press(
        target.getvalue(), eseal_press.own_seal(settings), [to_platform(SEAL_PLACE)], "样例", utc_now()
    )


def _open_action(writer: Any) -> None:
    from pyhanko.pdf_utils import generic

    action = {generic.pdf_name("/S"): generic.pdf_name("/JavaScript")}
    writer.root["/OpenAction"] = writer.add_object(generic.DictionaryObject(action))
    writer.update_root()


def _pages_swapped(writer: Any) -> None:
    pages = writer.root["/Pages"]
    pages["/Kids"].reverse()
    writer.mark_update(pages.container_ref)


def _note(writer: Any) -> None:
    from pyhanko.pdf_utils import generic

    box = generic.ArrayObject(map(generic.FloatObject, (50, 50, 400, 300)))
    names = {"/Type": "/Annot", "/Subtype": "/Stamp"}
    note = generic.DictionaryObject({generic.pdf_name(k): generic.pdf_name(v) for k, v in names.items()})
    note["/Rect"] = box
    writer.register_annotation(writer.find_page_for_modification(0)[0], writer.add_object(note))


def _other_content(writer: Any) -> None:
    from pyhanko.pdf_utils import generic

    page = writer.find_page_for_modification(1)[0].get_object()
    page["/Contents"] = writer.add_object(generic.StreamObject(stream_data=b"0 0 200 200 re f"))
    writer.update_container(page)


def _title(writer: Any) -> None:
    from pyhanko.pdf_utils import generic

    writer.trailer["/Info"]["/Title"] = generic.pdf_string("另一份证明")
    writer.mark_update(writer.trailer.raw_get("/Info").reference)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_open_action, "catalogue"),
        (_pages_swapped, "order"),
        (_note, "none was asked for"),
        (_other_content, "page 2"),
        (_title, "description"),
    ],
)
def test_an_update_slipped_in_before_the_seal_is_named(platform: Platform, change: Any, says: str) -> None:
    source = with_title(a_pdf())
    expected = SealExpected(roots=seal_roots(platform.settings), certificate=platform.certificate, place=SEAL_PLACE)
    honest = forged(source, lambda writer: None, platform.settings)
    assert check_sealed(source, honest, expected).check is not None
    found = check_sealed(source, forged(source, change, platform.settings), expected)
    assert found.check is None
    assert says in found.fault


def with_title(pdf: bytes) -> bytes:
    target = BytesIO()
    with pikepdf.open(BytesIO(pdf)) as opened:
        opened.docinfo["/Title"] = "企业登记档案查询证明"
        opened.save(target, deterministic_id=True)
    return target.getvalue()


def test_a_seal_somewhere_else_or_twice_is_not_the_seal_asked_for(platform: Platform) -> None:
    elsewhere = [to_platform(SealPlace(page=2, x_mm=20, y_mm=30))]
    twice = [to_platform(SEAL_PLACE), to_platform(SealPlace(page=1, x_mm=20, y_mm=30))]
    roots, seal = seal_roots(platform.settings), eseal_press.own_seal(platform.settings)
    expected = SealExpected(roots=roots, certificate=platform.certificate, place=SEAL_PLACE)
    for positions in (elsewhere, twice):
        pdf = eseal_press.press(a_pdf(), seal, positions, "样例", utc_now())
        assert "none was asked for" in check_sealed(a_pdf(), pdf, expected).fault


@pytest.mark.parametrize("cut", [0.2, 0.9, 0.999])
def test_a_file_cut_short_or_spoilt_is_refused(platform: Platform, cut: float) -> None:
    expected = SealExpected(roots=seal_roots(platform.settings), certificate=platform.certificate, place=SEAL_PLACE)
    pdf = platform.sign(a_pdf()).pdf
    at = int(len(pdf) * cut)
    for spoilt in (pdf[:at], pdf[:at] + bytes([pdf[at] ^ 1]) + pdf[at + 1 :], pdf + b"\n"):
        assert check_sealed(a_pdf(), spoilt, expected).check is None


# -- an order


@pytest.fixture
def works(platform: Platform, tsa: TimeStampServer) -> Iterator[Works]:
    desk, seal = platform.desk, platform.seal()
    adapters = SimpleNamespace(seal=seal, pdf=WeasyEngine(platform.workshop), workshop=platform.workshop, sm2=None)
    bench = Bench(
        store=desk.store,
        adapters=adapters,  # type: ignore[arg-type]
        settings=platform.settings,
        keys=desk.keys,
        sheets=PrintSheets(),
        clock=desk.clock,
    )
    desk.run(put_scans(desk))
    yield Works(desk, bench, tsa)
    desk.run(seal.close())


def enter_seal(works: Works) -> Any:
    """What an operator does once: `eqicha.py seals add`."""

    async def entered() -> Any:
        offer = await seals.offered(works.bench.adapters, works.bench.settings.seal_id)
        return await seals.add_seal(works.desk.store, offer, by="command", now=works.desk.clock())

    return works.desk.run(entered())


def test_an_order_gets_its_copy_from_the_platform(works: Works, platform: Platform) -> None:
    entered = enter_seal(works)
    order = works.seal(works.permitted(with_extract=True))
    copy, pdf = works.copy(order)
    assert order.status == OrderStatus.READY
    assert (copy.seal_id, copy.seal_version, copy.signer) == (entered.seal_id, 1, entered.signer)
    assert [(row["key"], row["sha256"]) for row in platform.held] == [(copy.no, copy.sha256)]
    check = works.desk.run(works.bench.adapters.seal.check(pdf))
    assert (check.trusted, check.intact, check.fingerprint) == (True, True, entered.fingerprint)
    answer = works.desk.run(
        by_file(works.desk.store, works.bench.adapters, pdf, keys=works.desk.keys, now=works.desk.clock(), trace=TRACE)
    )
    assert answer.result == VerifyResult.VALID


def test_no_order_is_sealed_while_the_register_has_no_seal_for_it(works: Works, platform: Platform) -> None:
    order = works.permitted()
    with pytest.raises(ProviderUnavailable, match="seals add"):
        works.seal(order)
    assert platform.held == []
    enter_seal(works)
    assert works.seal(works.again(order)).status == OrderStatus.READY


@pytest.mark.parametrize("fault", ["500", "lost", "truncated", *OWN_FAULTS["seal"]])
def test_an_order_waits_while_the_platform_is_faulty_and_ends_with_one_seal(
    works: Works, platform: Platform, fault: str
) -> None:
    enter_seal(works)
    order = works.permitted()
    platform.switch(fault)
    with pytest.raises(ProviderUnavailable):
        works.seal(order)
    assert works.again(order).status == OrderStatus.SEALING
    assert works.desk.run(works.desk.store.copies.by_order(order.no)) is None
    platform.box.state.faults.clear()
    assert works.seal(works.again(order)).status == OrderStatus.READY
    copy, _ = works.copy(order)
    assert [row["key"] for row in platform.held] == [copy.no]


def test_a_copy_of_a_second_try_is_the_one_the_platform_made_first(works: Works, platform: Platform) -> None:
    """A process that dies after the platform sealed: the next one finds that seal and makes no other."""
    enter_seal(works)
    order = works.permitted()
    platform.switch("lost-seal")
    with pytest.raises(ProviderUnavailable):
        works.seal(order)
    works.desk.clock.forward(hours=1)
    copy, _ = works.copy(works.seal(works.again(order)))
    assert [(row["key"], row["sha256"], row["repeats"]) for row in platform.held] == [(copy.no, copy.sha256, 0)]
