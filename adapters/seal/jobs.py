"""The sealing work children do, for seal/local.py: pyHanko is loaded there, not in the process that serves pages."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from adapters.seal import SealCheck, SealPlace
from adapters.seal.pki import SealFiles


@dataclass(frozen=True, kw_only=True)
class SealJob:
    """All a child needs to seal: files, picture, time-stamp server and its time-outs in seconds."""

    files: SealFiles
    picture: str
    tsa_url: str
    connect_seconds: float
    total_seconds: float


@dataclass(frozen=True, kw_only=True)
class SealOutcome:
    """What became of it. `fault` is empty when sealed; `final` says that trying again will not help."""

    pdf: bytes = b""
    sha256: str = ""
    signed_at: datetime | None = None
    cert_sn: str = ""
    signer: str = ""
    fault: str = ""
    final: bool = False


def seal_pdf(pdf: bytes, job: SealJob, place: SealPlace, reason: str) -> SealOutcome:
    """Sealed and checked; what went wrong otherwise (adapters/seal/signing.py)."""
    from adapters.seal import signing

    return signing.seal_pdf(pdf, job, place, reason)


def certificate_der(files: SealFiles) -> bytes:
    """The seal's certificate; OSError or ValueError when key or token cannot be opened."""
    from adapters.seal import signing

    return signing.certificate_der(files)


def inspect_pdf(pdf: bytes, roots: Iterable[bytes]) -> SealCheck:
    """What a validator finds in these bytes (adapters/seal/inspecting.py)."""
    from adapters.seal import inspecting

    return inspecting.inspect_pdf(pdf, roots)
