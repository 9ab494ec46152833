"""The sealing work children do, for seal/local.py and seal/remote.py.

PyHanko is loaded there, not in the process that serves pages.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from adapters.seal import Place, SealCheck, SealPlace
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
    fingerprint: str = ""
    signer: str = ""
    fault: str = ""
    final: bool = False


@dataclass(frozen=True, kw_only=True)
class SealExpected:
    """How a file sealed elsewhere must be sealed: roots (DER), the certificate's fingerprint, the place asked for."""

    roots: tuple[bytes, ...]
    certificate: str
    place: Place


@dataclass(frozen=True, kw_only=True)
class SealFound:
    """`check` when the file is ours and sealed as expected; else `fault` in words, and what is wrong: `kind`."""

    check: SealCheck | None = None
    fault: str = ""
    kind: Literal["", "document", "seal", "certificate"] = ""


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


def check_sealed(original: bytes, sealed: bytes, expected: SealExpected) -> SealFound:
    """Whether `sealed` is `original` with the expected seal and nothing else (adapters/seal/comparing.py)."""
    from adapters.seal import comparing

    return comparing.check_sealed(original, sealed, expected)
