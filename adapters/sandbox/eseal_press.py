"""Puts the sandbox platform's seal on a PDF, in a thread; called by eseal.py.

Places are in points, from the bottom left, pages from 0.
The seal is a PAdES B-LTA certification signature with a time-stamp of the platform's own authority. Across the edges,
the first strip is the signature's field and the others are stamps in the same revision.
"""

import logging
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2
from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509
from asn1crypto.keys import PrivateKeyInfo
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from PIL import Image, ImageDraw
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.images import PdfImage
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import BoxConstraints, InnerScaling, Margins, SimpleBoxLayoutRule
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign import signers
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers.pdf_signer import DSSContentSettings, TimestampDSSContentSettings
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko.stamp import StaticStampStyle
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleTrustManager

from adapters.seal.pki import PLATFORM, development_pki
from conf.settings import Settings

Box = tuple[float, float, float, float]
PASSPHRASE = b"eqicha-development"
PICTURE_PIXELS = 480
_DSS = DSSContentSettings(
    include_vri=False,
    next_ts_settings=TimestampDSSContentSettings(include_vri=False, update_before_ts=True),
)


class Refused(Exception):
    """What the platform answers instead of a seal."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(code)
        self.code, self.words = code, words


@dataclass(frozen=True)
class Seal:
    """One seal of the platform: its folder of keys, its certificate in DER, its name."""

    folder: Path
    certificate: bytes
    name: str


def own_seal(settings: Settings) -> Seal:
    """The platform's, under an authority of its own."""
    return _seal(development_pki(settings.var_dir, PLATFORM))


def other_seal(settings: Settings) -> Seal:
    """Another authority's, which the service may trust for other reasons."""
    return _seal(development_pki(settings.var_dir))


@lru_cache(maxsize=8)
def _seal(folder: Path) -> Seal:
    signer = _signer(folder)
    assert signer.signing_cert is not None
    return Seal(folder, signer.signing_cert.dump(), str(signer.signing_cert.subject.native["common_name"]))


def press(source: bytes, seal: Seal, positions: list[dict[str, Any]], reason: str, now: datetime) -> bytes:
    """The sealed file. Raises Refused for a document or a place that will not do."""
    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)
    try:
        with pikepdf.open(BytesIO(source)) as opened:
            sizes = [(float(page.mediabox[2]), float(page.mediabox[3])) for page in opened.pages]
        boxes = [box for position in positions for box in _boxes(source, position, sizes)]
        writer = IncrementalPdfFileWriter(BytesIO(source), strict=True)
    except (pikepdf.PdfError, PdfError, ValueError) as fault:
        raise Refused("3001", "不是可签署的 PDF") from fault
    (page, box, cut), *others = boxes
    picture = _picture()
    for number, place, strip in others:
        _stamp(writer, number, place, picture.crop(_pixels(strip)))
    style = StaticStampStyle(
        background=PdfImage(picture.crop(_pixels(cut))), background_layout=_layout(), border_width=0
    )
    field = SigFieldSpec("platform-seal", on_page=page, box=_whole(box))
    output = signers.PdfSigner(
        _meta(seal.folder, reason), _signer(seal.folder), timestamper=_stamper(seal.folder, now), stamp_style=style,
        new_field_spec=field,
    ).sign_pdf(writer)  # fmt: skip
    return bytes(output.getvalue())


def other_document() -> bytes:
    """Some document of somebody else's."""
    target = BytesIO()
    with pikepdf.new() as pdf:
        for _ in range(40):
            pdf.add_blank_page(page_size=(595.28, 841.89))
        pdf.save(target)
    return target.getvalue()


def changed_page(source: bytes) -> bytes:
    """The same bytes, and behind them an update that writes a line on the last page."""
    writer = IncrementalPdfFileWriter(BytesIO(source), strict=True)
    content = generic.StreamObject(stream_data=b"q 0 0 0 rg 100 100 200 20 re f Q")
    last = int(writer.root["/Pages"]["/Count"]) - 1
    writer.add_stream_to_page(last, writer.add_object(content))
    target = BytesIO()
    writer.write(target)
    return target.getvalue()


# -- places: (page, box in points, share of the picture from left to right)


def _boxes(
    source: bytes, position: dict[str, Any], sizes: list[tuple[float, float]]
) -> list[tuple[int, Box, tuple[float, float]]]:
    width, height = position["width"], position["height"]
    if position["type"] == "coordinate":
        page, left, bottom = position["page"], position["x"], position["y"]
        if not 0 <= page < len(sizes):
            raise Refused("3003", "页码不存在")
        _check(box := (left, bottom, left + width, bottom + height), sizes[page])
        return [(page, box, (0.0, 1.0))]
    if position["type"] == "keyword":
        page, x, y = _word(source, position["keyword"], position["which"])
        left, bottom = x + position["offset_x"] - width / 2, y + position["offset_y"] - height / 2
        _check(box := (left, bottom, left + width, bottom + height), sizes[page])
        return [(page, box, (0.0, 1.0))]
    if position["type"] != "seam":
        raise Refused("3003", "位置类型未知")
    count, strip, found = len(sizes), width / len(sizes), []
    for number, size in enumerate(sizes):
        _check(box := (size[0] - strip, position["y"], size[0], position["y"] + height), size)
        found.append((number, box, (number / count, (number + 1) / count)))
    return found


def _check(box: Box, size: tuple[float, float]) -> None:
    if box[0] < -0.5 or box[1] < -0.5 or box[2] > size[0] + 0.5 or box[3] > size[1] + 0.5:
        raise Refused("3003", "位置超出页面")


def _word(source: bytes, keyword: str, which: str) -> tuple[int, float, float]:
    """Page and middle of the first or last place of a word."""
    found = []
    document = pypdfium2.PdfDocument(source)
    try:
        for number in range(len(document)):
            text = document[number].get_textpage()
            search = text.search(keyword)
            while at := search.get_next():
                boxes = [text.get_charbox(index) for index in range(at[0], at[0] + at[1])]
                left, right = min(box[0] for box in boxes), max(box[2] for box in boxes)
                bottom, top = min(box[1] for box in boxes), max(box[3] for box in boxes)
                found.append((number, (left + right) / 2, (bottom + top) / 2))
    finally:
        document.close()
    if not found:
        raise Refused("3002", "没有找到关键字")
    return found[0 if which == "first" else -1]


# -- picture and signature


@lru_cache(maxsize=1)
def _picture() -> Image.Image:
    """A red ring with a star-like cross, 40 mm: not our drawing."""
    side = PICTURE_PIXELS
    image = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    draw, red = ImageDraw.Draw(image), (214, 0, 24, 255)
    draw.ellipse((6, 6, side - 6, side - 6), outline=red, width=12)
    draw.line((side // 2, side // 4, side // 2, side * 3 // 4), fill=red, width=16)
    draw.line((side // 4, side // 2, side * 3 // 4, side // 2), fill=red, width=16)
    return image


def _pixels(share: tuple[float, float]) -> tuple[int, int, int, int]:
    left, right = (round(each * PICTURE_PIXELS) for each in share)
    return left, 0, max(right, left + 1), PICTURE_PIXELS


def _whole(box: Box) -> tuple[int, int, int, int]:
    left, bottom, right, top = (round(side) for side in box)
    return left, bottom, right, top


def _layout() -> SimpleBoxLayoutRule:
    from pyhanko.pdf_utils.layout import AxisAlignment

    return SimpleBoxLayoutRule(
        x_align=AxisAlignment.ALIGN_MID,
        y_align=AxisAlignment.ALIGN_MID,
        margins=Margins(0, 0, 0, 0),
        inner_content_scaling=InnerScaling.STRETCH_TO_FIT,
    )


def _stamp(writer: IncrementalPdfFileWriter, page: int, box: Box, picture: Image.Image) -> None:
    """A picture as a stamp annotation, put into the revision that is signed afterwards."""
    width, height = box[2] - box[0], box[3] - box[1]
    drawn = PdfImage(picture, writer=writer, box=BoxConstraints(width=width, height=height))
    scale = b"q %.4f 0 0 %.4f 0 0 cm /Strip Do Q" % (width, height)
    form = generic.StreamObject(
        {
            pdf_name("/Type"): pdf_name("/XObject"),
            pdf_name("/Subtype"): pdf_name("/Form"),
            pdf_name("/BBox"): generic.ArrayObject(map(generic.FloatObject, (0, 0, width, height))),
            pdf_name("/Resources"): generic.DictionaryObject(
                {pdf_name("/XObject"): generic.DictionaryObject({pdf_name("/Strip"): drawn.image_ref})}
            ),
        },
        stream_data=scale,
    )
    note = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Annot"),
            pdf_name("/Subtype"): pdf_name("/Stamp"),
            pdf_name("/F"): generic.NumberObject(132),  # printed, locked
            pdf_name("/Rect"): generic.ArrayObject(map(generic.FloatObject, box)),
            pdf_name("/AP"): generic.DictionaryObject({pdf_name("/N"): writer.add_object(form)}),
        }
    )
    writer.register_annotation(writer.find_page_for_modification(page)[0], writer.add_object(note))


def _meta(folder: Path, reason: str) -> signers.PdfSignatureMetadata:
    pem = serialization.Encoding.DER
    authority = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes()).public_bytes(pem)
    revoked = x509.load_pem_x509_crl((folder / "crl.pem").read_bytes()).public_bytes(pem)
    return signers.PdfSignatureMetadata(
        field_name="platform-seal",
        md_algorithm="sha256",
        reason=reason,
        subfilter=SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
        embed_validation_info=True,
        use_pades_lta=True,
        dss_settings=_DSS,
        validation_context=ValidationContext(
            trust_manager=SimpleTrustManager.build([asn1_x509.Certificate.load(authority)]),
            crls=[asn1_crl.CertificateList.load(revoked)],
            allow_fetching=False,
            revocation_mode="require",
        ),
    )


def _signer(folder: Path) -> signers.SimpleSigner:
    signer = signers.SimpleSigner.load_pkcs12(str(folder / "seal.p12"), passphrase=PASSPHRASE)
    assert signer is not None
    return signer


def _stamper(folder: Path, now: datetime) -> DummyTimeStamper:
    key = serialization.load_pem_private_key((folder / "tsa-key.pem").read_bytes(), password=None)
    der = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = x509.load_pem_x509_certificate((folder / "tsa.pem").read_bytes()).public_bytes(serialization.Encoding.DER)
    return DummyTimeStamper(asn1_x509.Certificate.load(public), PrivateKeyInfo.load(der), fixed_dt=now)
