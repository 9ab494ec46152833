"""Whatever is done to a sealed copy is found by the copy alone; a genuine one is never doubted."""

import subprocess
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, NameObject, NumberObject, TextStringObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from adapters.pdf.plan import Composed
from adapters.seal import SealCheck, Sealed
from adapters.seal.inspecting import inspect_pdf
from adapters.seal.pki import development_pki, seal_files
from tests.seal.bench import SealBench

Copy = tuple[Composed, Sealed]


def is_genuine(check: SealCheck) -> bool:
    return check.sealed and check.intact and check.trusted and check.whole_file


def inspect(bench: SealBench, pdf: bytes) -> SealCheck:
    return inspect_pdf(pdf, seal_files(bench.settings).roots)


def with_annotation(pdf: bytes) -> bytes:
    """A note appended to page 2 by an incremental update, as a viewer would."""
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    page = writer.root["/Pages"]["/Kids"][1]
    note = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Annot"),
            NameObject("/Subtype"): NameObject("/FreeText"),
            NameObject("/Rect"): ArrayObject(map(NumberObject, (100, 100, 300, 200))),
            NameObject("/Contents"): TextStringObject("已核准"),
        }
    )
    page["/Annots"].append(writer.add_object(note))
    writer.update_container(page["/Annots"])
    target = BytesIO()
    writer.write(target)
    return target.getvalue()


def without_seal(pdf: bytes) -> bytes:
    """The seal's form field and DSS taken out, picture left in place."""
    target = BytesIO()
    with pikepdf.open(BytesIO(pdf)) as opened:
        for name in ("/AcroForm", "/Perms", "/DSS"):
            if name in opened.Root:
                del opened.Root[name]
        for page in opened.pages:
            page.obj.Annots = pikepdf.Array([note for note in page.obj.Annots if note.Subtype != "/Widget"])
        opened.save(target)
    return target.getvalue()


def test_a_genuine_copy_is_never_doubted(seal_bench: SealBench, sealed: Copy) -> None:
    for _ in range(3):
        check = inspect(seal_bench, sealed[1].pdf)
        assert is_genuine(check), check.problem


def test_every_changed_byte_is_found(seal_bench: SealBench, sealed: Copy) -> None:
    """Sampled over the whole file, and every byte about the places no signature covers itself."""
    pdf = sealed[1].pdf
    places = set(range(0, len(pdf), max(1, len(pdf) // 100)))
    for mark in (b"/ByteRange", b"/Contents <", b"startxref", b"%%EOF"):
        at = pdf.rfind(mark)
        places |= set(range(at, min(len(pdf), at + 16)))
    gap_end = pdf.rfind(b"0>")
    places |= set(range(gap_end - 12, gap_end + 2))
    missed = [place for place in sorted(places) if is_genuine(inspect(seal_bench, flipped(pdf, place)))]
    assert missed == []


def flipped(pdf: bytes, place: int) -> bytes:
    return pdf[:place] + bytes([pdf[place] ^ 1]) + pdf[place + 1 :]


@pytest.mark.parametrize("tail", [b"\n", b"%", b"\nstartxref\n0\n%%EOF\n"])
def test_anything_put_behind_the_file_is_found(seal_bench: SealBench, sealed: Copy, tail: bytes) -> None:
    assert not is_genuine(inspect(seal_bench, sealed[1].pdf + tail))


def test_an_appended_note_is_found(seal_bench: SealBench, sealed: Copy) -> None:
    check = inspect(seal_bench, with_annotation(sealed[1].pdf))
    assert check.sealed
    assert not check.intact
    assert not check.whole_file
    assert "update" in check.problem


def test_a_second_seal_and_a_stripped_one_are_found(seal_bench: SealBench, sealed: Copy) -> None:
    stripped = without_seal(sealed[1].pdf)
    assert not inspect(seal_bench, stripped).sealed
    again = seal_bench.sign(stripped, biz_no="again").pdf
    assert is_genuine(inspect(seal_bench, again)), "whoever holds the key can seal anew; the register tells them apart"


def test_a_seal_of_another_authority_is_not_trusted(seal_bench: SealBench, sealed: Copy, tmp_path: Path) -> None:
    stranger = seal_files(seal_bench.settings.model_copy(update={"var_dir": tmp_path}))
    check = inspect_pdf(sealed[1].pdf, stranger.roots)
    assert check.sealed
    assert not check.trusted


def test_garbage_is_answered_not_raised(seal_bench: SealBench) -> None:
    for garbage in (b"", b"%PDF-1.7", b"\0" * 5000, b"%PDF-1.7\n" + b"1 0 obj <<" * 400):
        assert not inspect(seal_bench, garbage).sealed


def test_pdfsig_finds_the_seal_valid_and_trusted(seal_bench: SealBench, sealed: Copy, tmp_path: Path) -> None:
    (tmp_path / "copy.pdf").write_bytes(sealed[1].pdf)
    database = f"sql:{tmp_path}"
    ca = development_pki(seal_bench.settings.var_dir) / "ca.pem"
    for arguments in (["-N", "--empty-password"], ["-A", "-n", "ca", "-t", "CT,C,C", "-i", str(ca)]):
        subprocess.run(["certutil", "-d", database, *arguments], check=True, capture_output=True)
    said = subprocess.run(
        ["pdfsig", "-nssdir", database, str(tmp_path / "copy.pdf")], check=True, capture_output=True, text=True
    ).stdout
    first = said.partition("Signature #2")[0]
    assert "Signature Validation: Signature is Valid." in first
    assert "Certificate Validation: Certificate is Trusted." in first
    assert "Total document signed" in said.partition("Signature #2")[2], "the archive time-stamp covers the whole file"
