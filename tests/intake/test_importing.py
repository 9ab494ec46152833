"""A package goes in: every kind of file, bad rows by line and reason, resumed, idempotent, nothing half visible."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from conf.terms import AuditTag, DocumentFlag, PageSize
from handlers.flows.importing import import_package
from store import Store
from tests.intake import scans
from tests.intake.conftest import Package, Run

USCC = "91440106MA9W00010Y"
REAL_SCANS = Path(__file__).resolve().parents[3] / "shared" / "testdata" / "scans"


def documents_of(run: Run, store: Store, uscc: str = USCC) -> dict[str, Any]:
    dossier = run(store.dossiers.of(uscc))
    return {one.title: one for one in dossier.documents} if dossier else {}


def reasons(report: Any) -> dict[int, str]:
    return {one.row: one.reason for one in report.refusals}


@pytest.fixture
def mixed(package: Package) -> Package:
    """One document of each accepted kind."""
    package.company()
    package.filing()
    kinds = {
        "彩色JPEG.jpg": scans.jpeg(),
        "grey.jpg": scans.jpeg("L"),
        "cmyk.jpg": scans.jpeg("CMYK"),
        "colour.png": scans.png(),
        "one-bit.png": scans.png("1"),
        "fax.tif": scans.tiff("1"),
        "many.tif": scans.tiff("1", "1", "1"),
        "mixed.tif": scans.tiff("RGB", "L"),
        "scanned.pdf": scans.scanned_pdf(scans.jpeg(mark=1), scans.jpeg(mark=2)),
        "fax.pdf": scans.scanned_pdf(scans.tiff("1")),
        "text.pdf": scans.text_pdf(3),
    }
    for number, (name, content) in enumerate(kinds.items(), start=1):
        package.document(number, [package.file(f"scans/{name}", content)], title=name)
    return package


def test_every_accepted_kind_goes_in_with_its_pages_and_sizes(
    intake_run: Run, store: Store, adapters: Any, mixed: Package
) -> None:
    seen: list[tuple[int, int]] = []
    report = intake_run(
        import_package(store, adapters, mixed.folder, progress=lambda done, total: seen.append((done, total)))
    )
    assert report.refusals == []
    assert (report.companies, report.filings, report.documents, report.pages) == (1, 1, 11, 17)
    assert seen[-1] == (11, 11)
    counts = {title: one.page_count for title, one in documents_of(intake_run, store).items()}
    assert counts["many.tif"] == 3
    assert counts["mixed.tif"] == 2
    assert counts["scanned.pdf"] == 2
    assert counts["text.pdf"] == 3
    for document in documents_of(intake_run, store).values():
        pages = intake_run(store.dossiers.pages(document.id))
        assert [page.number for page in pages] == list(range(1, document.page_count + 1))
        for page in pages:
            assert hashlib.sha256(intake_run(store.scans.get(page.sha256))).hexdigest() == page.sha256
            for size in PageSize:
                assert intake_run(store.scans.get_size(page.sha256, size)).startswith(b"\xff\xd8\xff")


def test_a_jpeg_and_the_jpeg_inside_a_scanned_pdf_are_kept_untouched(
    intake_run: Run, store: Store, adapters: Any, package: Package
) -> None:
    package.company()
    package.filing()
    plain, inside = scans.jpeg(mark=3), scans.jpeg(mark=4)
    package.document(1, [package.file("a.jpg", plain), package.file("b.pdf", scans.scanned_pdf(inside))])
    intake_run(import_package(store, adapters, package.folder))
    (document,) = documents_of(intake_run, store).values()
    kept = [page.sha256 for page in intake_run(store.dossiers.pages(document.id))]
    assert kept == [hashlib.sha256(content).hexdigest() for content in (plain, inside)]


def test_a_second_run_changes_nothing_and_a_new_document_joins_the_old(
    intake_run: Run, store: Store, adapters: Any, mixed: Package
) -> None:
    intake_run(import_package(store, adapters, mixed.folder))
    before = intake_run(store.dossiers.of(USCC))
    again = intake_run(import_package(store, adapters, mixed.folder))
    assert (again.accepted, again.pages, again.refusals) == (0, 0, [])
    assert again.skipped == 13
    assert intake_run(store.dossiers.of(USCC)) == before
    mixed.document(12, [mixed.file("later.jpg", scans.jpeg(mark=5))], title="later")
    more = intake_run(import_package(store, adapters, mixed.folder))
    assert (more.documents, more.pages) == (1, 1)
    assert [*documents_of(intake_run, store)][-1] == "later"


def test_bad_rows_are_named_by_line_and_reason_and_the_rest_goes_in(
    intake_run: Run, store: Store, adapters: Any, package: Package
) -> None:
    package.company()  # 1
    package.filing()  # 2
    package.document(1, [package.file("good.jpg", scans.jpeg())], title="good")  # 3
    package.line("{not json")  # 4
    package.company(uscc="91440106MA9W00010X")  # 5: wrong check character
    package.company(uscc="91440106MA9W00029U", status="asleep")  # 6
    package.filing(business_no="X2", uscc="91440106MA9W00037N")  # 7: no such company
    package.document(2, ["missing.jpg"])  # 8
    package.document(3, [package.file("broken.jpg", scans.jpeg()[:500])])  # 9
    package.document(4, [{"name": package.file("wrong.jpg", scans.jpeg(mark=6)), "sha256": "0" * 64}])  # 10
    package.document(5, ["../outside.jpg"])  # 11
    package.document(6, [package.file("short.jpg", scans.jpeg(mark=7))], pages=4)  # 12
    package.document(7, [], business_no="nowhere", pages=2)  # 13
    package.document(1, ["good.jpg"])  # 14: the same document again
    package.row(kind="document", uscc=USCC, business_no="20200102001", number=8, titel="x")  # 15
    report = intake_run(import_package(store, adapters, package.folder))
    said = reasons(report)
    assert sorted(said) == list(range(4, 16))
    for row, words in {
        4: "JSON", 5: "校验位", 6: "status", 7: "所属企业", 8: "missing.jpg", 9: "broken.jpg", 10: "SHA-256",
        11: "..", 12: "目录登记 4 页", 13: "filing", 14: "第 3 行", 15: "titel",
    }.items():  # fmt: skip
        assert words in said[row], (row, said[row])
    assert report.exit_code == 1
    assert [*documents_of(intake_run, store)] == ["good"]


def test_every_bad_file_is_refused_with_its_reason_and_leaves_nothing(
    intake_run: Run, store: Store, adapters: Any, package: Package
) -> None:
    package.company()
    package.filing()
    corpus = scans.bad_files()
    for number, (name, (content, _)) in enumerate(corpus.items(), start=1):
        package.document(number, [package.file(name, content)], title=name)
    package.document(400, [package.file("good.jpg", scans.jpeg())], title="good")
    report = intake_run(import_package(store, adapters, package.folder))
    said = reasons(report)
    for row, (name, (_, words)) in enumerate(corpus.items(), start=3):
        assert words in said.get(row, ""), (name, said.get(row))
        assert name in said[row]
    assert [*documents_of(intake_run, store)] == ["good"]


def test_a_document_stored_with_other_scans_is_never_overwritten(
    intake_run: Run, store: Store, adapters: Any, package: Package
) -> None:
    package.company()
    package.filing()
    package.document(1, [package.file("a.jpg", scans.jpeg())])
    intake_run(import_package(store, adapters, package.folder))
    package.file("a.jpg", scans.jpeg(mark=9))
    report = intake_run(import_package(store, adapters, package.folder))
    assert "不作覆盖" in reasons(report)[3]
    (document,) = documents_of(intake_run, store).values()
    (page,) = intake_run(store.dossiers.pages(document.id))
    assert page.sha256 == hashlib.sha256(scans.jpeg()).hexdigest()


def test_an_unscanned_document_shows_and_gets_its_pages_later(
    intake_run: Run, store: Store, adapters: Any, package: Package
) -> None:
    package.company()
    package.filing()
    package.document(1, [], pages=1, flags=["sensitive"])
    intake_run(import_package(store, adapters, package.folder))
    (bare,) = documents_of(intake_run, store).values()
    assert (bare.page_count, bare.catalogued_pages, bare.flags) == (0, 1, {DocumentFlag.SENSITIVE})
    package.lines.pop()
    package.document(1, [package.file("a.jpg", scans.jpeg())], pages=1, flags=["sensitive"])
    intake_run(import_package(store, adapters, package.folder))
    (scanned,) = documents_of(intake_run, store).values()
    assert (scanned.id, scanned.page_count) == (bare.id, 1)


def test_a_stop_between_documents_leaves_whole_documents_and_a_new_run_completes(
    intake_run: Run, store: Store, adapters: Any, mixed: Package
) -> None:
    def stop(done: int, total: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        intake_run(import_package(store, adapters, mixed.folder, progress=stop))
    for document in documents_of(intake_run, store).values():
        assert len(intake_run(store.dossiers.pages(document.id))) == document.page_count > 0
    rest = intake_run(import_package(store, adapters, mixed.folder))
    assert (rest.documents, rest.refusals) == (7, [])
    assert len(documents_of(intake_run, store)) == 11


def test_filings_stand_in_order_of_date_whenever_they_come(
    intake_run: Run, store: Store, adapters: Any, package: Package
) -> None:
    package.company()
    package.filing("B", approved_on="2022-05-01", title="变更登记", event="change")
    package.document(1, [package.file("a.jpg", scans.jpeg())], business_no="B")
    intake_run(import_package(store, adapters, package.folder))
    package.filing("A", approved_on="2020-01-02")
    intake_run(import_package(store, adapters, package.folder))
    dossier = intake_run(store.dossiers.of(USCC))
    assert [(one.number, one.business_no, len(one.documents)) for one in dossier.filings] == [(1, "A", 0), (2, "B", 1)]
    company = intake_run(store.companies.by_uscc(USCC))
    assert (company.filing_count, company.last_filed_on.isoformat()) == (2, "2022-05-01")


def test_personal_numbers_are_stored_encrypted(
    intake_run: Run, store: Store, adapters: Any, package: Package, mongo_url: str
) -> None:
    number, street = "440106199001010013", "广州市天河区样例街道某号"
    person = {"name": "样某某", "role": "legal_representative", "id_number": number, "address": street}
    package.company(persons=[person])
    intake_run(import_package(store, adapters, package.folder))
    company = intake_run(store.companies.by_uscc(USCC))
    assert store.vault.reveal(company.persons[0].id_number) == number
    assert company.persons[0].id_number.masked == "440***********0013"
    assert number not in repr(company)
    assert street not in repr(company)


def test_the_import_leaves_one_audit_event(intake_run: Run, store: Store, adapters: Any, package: Package) -> None:
    package.company()
    package.line("broken")
    intake_run(import_package(store, adapters, package.folder))
    intake_run(store.audit.sequence("test"))
    (event,) = [one for one in intake_run(store.audit.events(0, 10)) if one.tag is AuditTag.INTAKE_IMPORTED]
    assert event.fields == {"accepted": 1, "refused": 1, "pages": 0}
    assert event.outcome == "partly"


def test_a_package_without_manifest_or_at_no_place_says_so(
    intake_run: Run, store: Store, adapters: Any, tmp_path: Path
) -> None:
    empty = intake_run(import_package(store, adapters, tmp_path))
    absent = intake_run(import_package(store, adapters, tmp_path / "nowhere"))
    assert "manifest.jsonl" in empty.refusals[0].reason
    assert "检查路径" in absent.refusals[0].reason
    assert empty.exit_code == absent.exit_code == 1


def test_the_documented_example_goes_in(intake_run: Run, store: Store, adapters: Any) -> None:
    example = Path(__file__).resolve().parents[2] / "docs" / "examples" / "intake"
    report = intake_run(import_package(store, adapters, example))
    assert report.refusals == []
    assert report.documents >= 3
    assert report.pages >= 3


def test_real_scans_of_other_hands_go_in_and_the_invalid_one_is_refused(
    intake_run: Run, store: Store, adapters: Any, package: Package
) -> None:
    """Beside the checkout lie real scans where the project is built; elsewhere generated ones of the same kinds."""
    package.company()
    package.filing()
    if REAL_SCANS.is_dir():
        names = sorted(path.name for path in REAL_SCANS.iterdir() if path.suffix in {".pdf", ".png", ".jpg"})
        for name in names:
            shutil.copyfile(REAL_SCANS / name, package.folder / name)
    else:
        made = {"baiona_cmyk.jpg": scans.jpeg("CMYK"), "linn.png": scans.png("1"), "text.pdf": scans.text_pdf()}
        made |= {"ccitt.pdf": scans.scanned_pdf(scans.tiff("1")), "invalid.pdf": b"%PDF-1.6\n%\xe2\xe3\xcf\xd3\n"}
        names = [package.file(name, content) for name, content in made.items()]
    for number, name in enumerate(names, start=1):
        package.document(number, [name], title=name)
    report = intake_run(import_package(store, adapters, package.folder))
    assert [one.row for one in report.refusals] == [3 + names.index("invalid.pdf")]
    assert "invalid.pdf" in report.refusals[0].reason
    assert set(documents_of(intake_run, store)) == set(names) - {"invalid.pdf"}


def test_rows_survive_json_with_a_byte_order_mark(
    intake_run: Run, store: Store, adapters: Any, package: Package
) -> None:
    package.company()
    path = package.folder / "manifest.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert json.loads(path.read_text("utf-8-sig"))["uscc"] == USCC
    assert intake_run(import_package(store, adapters, package.folder)).companies == 1
