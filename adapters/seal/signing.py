"""Sealing one PDF by pyHanko, in a child process; called through adapters/seal/jobs.py only.

PAdES baseline B-LTA (ETSI EN 319 142-1): a certification signature that allows no change (DocMDP P1), a time-stamp on
it (RFC 3161), certificates and revocation list in the DSS, and an archive time-stamp over the whole file.
"""

import asyncio
import hashlib
from datetime import timedelta
from io import BytesIO
from typing import Any

import httpx
from asn1crypto import cms, tsp
from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509
from PIL import Image
from pyhanko.pdf_utils.images import PdfImage
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import AxisAlignment, InnerScaling, Margins, SimpleBoxLayoutRule
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign import signers, timestamps
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers.pdf_signer import DSSContentSettings, TimestampDSSContentSettings
from pyhanko.sign.timestamps.common_utils import TimestampRequestError, set_tsp_headers
from pyhanko.stamp import StaticStampStyle
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleTrustManager

from adapters.seal import SealPlace
from adapters.seal.inspecting import hush, inspect_pdf
from adapters.seal.jobs import SealJob, SealOutcome
from adapters.seal.pki import SealFiles
from adapters.trust import trusted
from conf.clock import utc_now

FIELD = "eqicha-seal"
POINTS_PER_MM = 72 / 25.4
PAGE_HEIGHT_MM = 297  # the sheet the seal stands on is upright A4
#: All validation data goes in before the archive time-stamp, so that the time-stamp covers the file to its last byte.
_DSS = DSSContentSettings(
    include_vri=False,
    next_ts_settings=TimestampDSSContentSettings(include_vri=False, update_before_ts=True),
)
_TSA_BYTES = 64 << 10  # a longer answer is no time-stamp
_TSA_SKEW = timedelta(minutes=5)


def seal_pdf(pdf: bytes, job: SealJob, place: SealPlace, reason: str) -> SealOutcome:
    """Seal, then check the result as a stranger would; a file that fails the check is not returned."""
    hush()
    try:
        sealed = asyncio.run(_sign(pdf, job, place, reason)).getvalue()
    except (TimestampRequestError, httpx.HTTPError, TimeoutError) as fault:
        return SealOutcome(fault=f"time-stamp server gave no time-stamp ({fault or type(fault).__name__})")
    except PdfError as fault:
        return SealOutcome(fault=f"not a PDF that can be sealed: {fault}", final=True)
    except Exception as fault:
        # key, token, certificates or revocation list: whatever is wrong there, staff can mend it and the order waits
        return SealOutcome(fault=f"{type(fault).__name__}: {fault}")
    found = inspect_pdf(sealed, job.files.roots)
    if not (found.sealed and found.intact and found.trusted and found.whole_file):
        return SealOutcome(fault=f"the finished seal did not pass its own check: {found.problem}")
    return SealOutcome(
        pdf=sealed,
        sha256=hashlib.sha256(sealed).hexdigest(),
        signed_at=found.signed_at,
        cert_sn=found.cert_sn,
        fingerprint=found.fingerprint,
        signer=found.signer,
    )


def certificate_der(files: SealFiles) -> bytes:
    """The seal's certificate; raises OSError or ValueError with the reason when key or token cannot be opened."""
    with _SignerOf(files) as signer:
        if signer.signing_cert is None:
            raise ValueError("no certificate beside the seal key")
        return signer.signing_cert.dump()


async def _sign(pdf: bytes, job: SealJob, place: SealPlace, reason: str) -> BytesIO:
    # not bytes: asyncio.run has the finished task spelled out by signal.signal, which takes 0.3 s with 14 MB in it
    writer = IncrementalPdfFileWriter(BytesIO(pdf), strict=True)
    known = ValidationContext(
        trust_manager=SimpleTrustManager.build([asn1_x509.Certificate.load(der) for der in job.files.roots]),
        crls=[asn1_crl.CertificateList.load(der) for der in job.files.crls],
        allow_fetching=False,
        revocation_mode="require",
    )
    meta = signers.PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        reason=reason,
        subfilter=SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
        embed_validation_info=True,
        use_pades_lta=True,
        dss_settings=_DSS,
        validation_context=known,
    )
    with _SignerOf(job.files) as signer:
        output = await signers.PdfSigner(
            meta,
            signer,
            timestamper=_TimeStamper(job),
            stamp_style=_style(job.picture),
            new_field_spec=SigFieldSpec(FIELD, on_page=place.page - 1, box=_box(place)),
        ).async_sign_pdf(writer)
    return BytesIO(output.getbuffer())


def _box(place: SealPlace) -> tuple[int, int, int, int]:
    """Millimetres from the top left corner of an upright A4 page → points from the bottom left one."""
    left, top = place.x_mm * POINTS_PER_MM, (PAGE_HEIGHT_MM - place.y_mm) * POINTS_PER_MM
    width, height = place.w_mm * POINTS_PER_MM, place.h_mm * POINTS_PER_MM
    return round(left), round(top - height), round(left + width), round(top)


def _style(picture: str) -> StaticStampStyle:
    with Image.open(picture, formats=("PNG",)) as image:
        image.load()
        seal = image.convert("RGBA")
    middle = SimpleBoxLayoutRule(
        x_align=AxisAlignment.ALIGN_MID,
        y_align=AxisAlignment.ALIGN_MID,
        margins=Margins(0, 0, 0, 0),
        inner_content_scaling=InnerScaling.STRETCH_TO_FIT,
    )
    return StaticStampStyle(background=PdfImage(seal), background_layout=middle, border_width=0)


class _SignerOf:
    """The key as a context: a PKCS#11 session is closed again."""

    def __init__(self, files: SealFiles) -> None:
        self._files = files
        self._session: Any = None

    def __enter__(self) -> signers.Signer:
        files = self._files
        if files.pkcs11_module:
            return self._token(files)
        with open(files.pkcs12, "rb"):  # a missing file is an OSError; pyHanko would only log it
            pass
        signer = signers.SimpleSigner.load_pkcs12(files.pkcs12, passphrase=files.passphrase)
        if signer is None:
            raise ValueError("the PKCS#12 file does not open with this passphrase")
        return signer

    def __exit__(self, *_: object) -> None:
        if self._session is not None:
            self._session.close()

    def _token(self, files: SealFiles) -> signers.Signer:
        from pyhanko.config.pkcs11 import TokenCriteria  # only a deployment with a token pays for these
        from pyhanko.sign.pkcs11 import PKCS11Signer, open_pkcs11_session

        self._session = open_pkcs11_session(
            files.pkcs11_module, token_criteria=TokenCriteria(label=files.pkcs11_token), user_pin=files.pkcs11_pin
        )
        roots = [asn1_x509.Certificate.load(der) for der in files.roots]
        return PKCS11Signer(self._session, cert_label=files.pkcs11_key, ca_chain=roots)


class _TimeStamper(timestamps.TimeStamper):
    """RFC 3161 over HTTP with a time limit for the whole exchange; no redirects, no proxy from the environment."""

    def __init__(self, job: SealJob) -> None:
        super().__init__()
        self._job = job

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        """As pyHanko's, but an answer that is no time-stamp at all is a fault of the server, not of the file."""
        try:
            return await super().async_timestamp(message_digest, md_algorithm)
        except (ValueError, TypeError, KeyError) as fault:
            raise TimestampRequestError(f"unreadable answer ({type(fault).__name__})") from fault

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        times = httpx.Timeout(self._job.total_seconds, connect=self._job.connect_seconds)
        async with (
            asyncio.timeout(self._job.total_seconds),
            httpx.AsyncClient(timeout=times, trust_env=False, follow_redirects=False, verify=trusted()) as client,
            client.stream("POST", self._job.tsa_url, content=req.dump(), headers=set_tsp_headers({})) as answer,
        ):
            if answer.status_code != 200:
                raise TimestampRequestError(f"HTTP {answer.status_code}")
            stamped = tsp.TimeStampResp.load(await _bounded(answer), strict=True)
            _refuse_wrong_clock(stamped)
            return stamped


def _refuse_wrong_clock(stamped: tsp.TimeStampResp) -> None:
    """A server whose clock is off would date copies wrongly for good; an answer without a token is pyHanko's matter."""
    if stamped["status"]["status"].native not in ("granted", "granted_with_mods"):
        return
    token = stamped["time_stamp_token"]["content"]["encap_content_info"]["content"].parsed
    if abs(token["gen_time"].native - utc_now()) > _TSA_SKEW:
        raise TimestampRequestError("its clock differs from ours")


async def _bounded(answer: httpx.Response) -> bytes:
    body = b""
    async for part in answer.aiter_bytes():
        body += part
        if len(body) > _TSA_BYTES:
            raise TimestampRequestError("answer too long")
    return body
