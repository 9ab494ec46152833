"""A certificate as the seal it makes: facts for the register, and the line `eqicha.py check` shows. For both seals."""

import hashlib
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from adapters.seal import SealOffer
from adapters.seal.pki import is_development
from conf.errors import ProviderRejected, ProviderUnavailable

SYSTEM = "seal"


def offer_of(certificate: bytes, *, seal_id: str, name: str) -> SealOffer:
    """The seal of a certificate in DER or PEM. Raises ValueError when it is neither."""
    is_pem = b"-----BEGIN" in certificate
    found = x509.load_pem_x509_certificate(certificate) if is_pem else x509.load_der_x509_certificate(certificate)
    names = [str(each.value) for each in found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    der = found.public_bytes(Encoding.DER)
    return SealOffer(
        seal_id=seal_id,
        name=name,
        signer=" ".join(names),
        certificate=der,
        fingerprint=hashlib.sha256(der).hexdigest(),
        cert_sn=f"{found.serial_number:x}",
        valid_from=found.not_valid_before_utc,
        valid_until=found.not_valid_after_utc,
    )


def readiness(offer: SealOffer, *, now: datetime, is_production: bool) -> str:
    """Subject, serial and days left. ProviderUnavailable when it has ended, ProviderRejected for a development one."""
    certificate = x509.load_der_x509_certificate(offer.certificate)
    if offer.valid_until <= now:
        raise ProviderUnavailable(SYSTEM, f"certificate ended on {offer.valid_until:%Y-%m-%d}")
    if is_production and is_development(certificate):
        raise ProviderRejected(SYSTEM, "the development certificate is refused in production")
    days = (offer.valid_until - now).days
    return f"{certificate.subject.rfc4514_string()} · {offer.cert_sn} · {days} days left"
