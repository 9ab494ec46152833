"""Checking a sealed PDF against the roots we trust, in a child process; called by sealing and by verification.

Stricter than a viewer: exactly one certification seal and one archive time-stamp, in that order, nothing behind them,
and signature containers spelled exactly as they were written.
"""

import asyncio
import hashlib
import logging
from collections.abc import Iterable
from datetime import datetime
from io import BytesIO
from typing import Any

from asn1crypto import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESPassed
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation.ades import AdESLTAValidationResult, ades_lta_validation
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.policy_decl import (
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager

from adapters.seal import SealCheck

_UNSEALED = SealCheck(
    sealed=False, intact=False, trusted=False, signer="", signed_at=None, cert_sn="", whole_file=False, problem=""
)


def inspect_pdf(pdf: bytes, roots: Iterable[bytes]) -> SealCheck:
    """What a validator finds in these bytes; never raises on a bad file, the problem says what is wrong with it."""
    hush()
    try:
        return asyncio.run(_inspect(pdf, roots))
    except Exception as fault:
        # every parser fault means the same: this is not a file we sealed
        return _with(_UNSEALED, problem=f"cannot be read as a sealed PDF ({type(fault).__name__})")


def hush() -> None:
    """Keep pyHanko's own warnings out of a child's error stream: what matters is returned, and a log is one line."""
    for name in ("pyhanko", "pyhanko_certvalidator"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


async def _inspect(pdf: bytes, roots: Iterable[bytes]) -> SealCheck:
    reader = PdfFileReader(BytesIO(pdf), strict=True)
    seals, stamps = reader.embedded_regular_signatures, reader.embedded_timestamp_signatures
    if not seals:
        return _with(_UNSEALED, problem="carries no seal")
    seal = seals[0]
    problems = _shape_problems(pdf, seals, stamps)
    result = await ades_lta_validation(seal, PdfSignatureValidationSpec(_policy(roots)))
    status: Any = result.api_status
    intact = bool(status and status.intact and status.valid and status.docmdp_ok) and not problems
    if status and not (status.intact and status.valid):
        problems.append("the signed bytes were changed")
    if result.ades_subindic != AdESPassed.OK:
        problems.append(result.failure_msg or f"not trusted: {result.ades_subindic}")
    whole = bool(stamps) and stamps[-1].evaluate_signature_coverage() == SignatureCoverageLevel.ENTIRE_FILE
    return SealCheck(
        sealed=True,
        intact=intact,
        trusted=result.ades_subindic == AdESPassed.OK and _is_archived(result),
        signer=_signer(seal),
        signed_at=_stamped_at(status),
        cert_sn=f"{seal.signer_cert.serial_number:x}",
        fingerprint=hashlib.sha256(seal.signer_cert.dump()).hexdigest(),
        whole_file=whole,
        problem="; ".join(problems),
    )


def _shape_problems(pdf: bytes, seals: list[EmbeddedPdfSignature], stamps: list[EmbeddedPdfSignature]) -> list[str]:
    problems = []
    if len(seals) != 1 or len(stamps) != 1:
        problems.append(f"{len(seals)} seals and {len(stamps)} time-stamps where one of each belongs")
    for signature in (*seals, *stamps):
        signature.compute_integrity_info()
        if not _is_canonical(pdf, signature):
            problems.append("a signature container is not spelled as it was written")
    if seals[0].docmdp_level != MDPPerm.NO_CHANGES:
        problems.append("the seal does not forbid changes")
    change: Any = seals[0].diff_result
    if getattr(change, "modification_level", ModificationLevel.OTHER) > ModificationLevel.LTA_UPDATES:
        problems.append("the file was changed by an update after sealing")
    if stamps and stamps[-1].evaluate_signature_coverage() != SignatureCoverageLevel.ENTIRE_FILE:
        problems.append("something follows the archive time-stamp")
    return problems


def _is_canonical(pdf: bytes, signature: EmbeddedPdfSignature) -> bool:
    """The gap between the signed ranges holds the container in upper-case hex, padded with zeros, and nothing else.

    No signature covers its own container, so this is what finds a byte changed in the padding.
    """
    start, length, resume, _ = (int(number) for number in signature.byte_range)
    gap, content = pdf[start + length : resume], bytes(signature.pkcs7_content)
    return gap == b"<" + content.hex().upper().encode() + b">" and not content[_der_length(content) :].strip(b"\0")


def _der_length(der: bytes) -> int:
    """Bytes of the first DER value, header included."""
    first = der[1]
    if first < 0x80:
        return 2 + first
    return 2 + (first & 0x7F) + int.from_bytes(der[2 : 2 + (first & 0x7F)], "big")


def _policy(roots: Iterable[bytes]) -> SignatureValidationSpec:
    """Our roots only, revocation data required, nothing fetched."""
    return SignatureValidationSpec(
        CertValidationPolicySpec(
            trust_manager=SimpleTrustManager.build([x509.Certificate.load(der) for der in roots]),
            revinfo_policy=CertRevTrustPolicy(REQUIRE_REVINFO),
        ),
        revinfo_gathering_policy=RevocationInfoGatheringSpec(online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY),
    )


def _is_archived(result: AdESLTAValidationResult) -> bool:
    stamp = result.signature_timestamp_status
    return (
        result.oldest_evidence_record_timestamp is not None
        and stamp is not None
        and stamp.ades_subindic == AdESPassed.OK
    )


def _signer(seal: EmbeddedPdfSignature) -> str:
    name = seal.signer_cert.subject.native.get("common_name", "")
    return name if isinstance(name, str) else " ".join(name)


def _stamped_at(status: Any) -> datetime | None:
    stamp = status.timestamp_validity if status else None
    return stamp.timestamp if stamp else None


def _with(check: SealCheck, *, problem: str) -> SealCheck:
    return SealCheck(**{name: getattr(check, name) for name in SealCheck.__slots__} | {"problem": problem})
