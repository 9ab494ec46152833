"""Certificates behind the seal: a development CA made under var/dev/pki, or production files; for the seal adapter.

The development CA issues one seal certificate and one time-stamp certificate, publishes one revocation list and then
forgets its own key. Its certificates carry a marker in the subject, and production mode refuses that marker.
"""

import os
import secrets
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from conf.settings import Settings, SettingsError

#: Organisational unit that marks a certificate as good for development only.
DEVELOPMENT_MARK = "Development 测试 EQICHA-DEV"

#: The folder of the sandbox's e-seal platform: a CA, seal and time-stamp authority of its own.
PLATFORM = "eseal"

_UNSET = Path("")
_MARKS = {"pki": "开发测试", PLATFORM: "印章平台"}
_PASSPHRASE = b"eqicha-development"  # only so that every PKCS#12 reader opens the file; the key is worthless


@dataclass(frozen=True, kw_only=True)
class SealFiles:
    """What the local seal works with; plain values, so that a child process can be handed it.

    `roots` and `crls` are DER. Exactly one of `pkcs12` and `pkcs11_module` is set.
    """

    pkcs12: str
    passphrase: bytes = field(repr=False)
    pkcs11_module: str
    pkcs11_token: str
    pkcs11_key: str
    pkcs11_pin: str = field(repr=False)
    roots: tuple[bytes, ...]
    crls: tuple[bytes, ...]


def seal_files(settings: Settings) -> SealFiles:
    """The files a deployment named, or the development CA; raises SettingsError naming each that will not do."""
    made = None if settings.is_production else development_pki(settings.var_dir)
    faults: list[str] = []
    roots = _load("EQICHA_SEAL_CA_FILE", settings.seal_ca_file, made and made / "ca.pem", faults)
    crls = _load("EQICHA_SEAL_CRL_FILE", settings.seal_crl_file, made and made / "crl.pem", faults)
    own = settings.seal_pkcs12_file != _UNSET
    token = settings.seal_pkcs11_module != _UNSET
    store = settings.seal_pkcs12_file if own else (made / "seal.p12" if made and not token else _UNSET)
    passphrase = settings.seal_pkcs12_passphrase.get_secret_value().encode() if own or not made else _PASSPHRASE
    files = SealFiles(
        pkcs12="" if token or store == _UNSET else str(store),
        passphrase=passphrase,
        pkcs11_module=str(settings.seal_pkcs11_module) if token else "",
        pkcs11_token=settings.seal_pkcs11_token,
        pkcs11_key=settings.seal_pkcs11_key,
        pkcs11_pin=settings.seal_pkcs11_pin.get_secret_value(),
        roots=_ders(roots, "EQICHA_SEAL_CA_FILE", faults),
        crls=_crl_ders(crls, "EQICHA_SEAL_CRL_FILE", faults),
    )
    if settings.is_production:
        faults += _development_faults(files)
    if faults:
        raise SettingsError(faults)
    return files


def seal_roots(settings: Settings) -> tuple[bytes, ...]:
    """The roots (DER) any copy of ours may go back to, whoever sealed it: a change of platform leaves old copies valid.

    In development: those of the local seal and of the sandbox's e-seal platform. Raises SettingsError.
    """
    faults: list[str] = []
    if settings.seal_ca_file == _UNSET and not settings.is_production:
        made = [development_pki(settings.var_dir)]
        if settings.seal_provider == "platform" or (made[0].with_name(PLATFORM) / "ca.pem").is_file():
            made.append(development_pki(settings.var_dir, PLATFORM))
        pem = b"".join((folder / "ca.pem").read_bytes() for folder in made)
    else:
        pem = _load("EQICHA_SEAL_CA_FILE", settings.seal_ca_file, None, faults)
    roots = _ders(pem, "EQICHA_SEAL_CA_FILE", faults)
    if settings.is_production and any(is_development(x509.load_der_x509_certificate(der)) for der in roots):
        faults.append("EQICHA_SEAL_CA_FILE: the development CA is refused in production")
    if faults:
        raise SettingsError(faults)
    return roots


def is_development(certificate: x509.Certificate) -> bool:
    """Whether a certificate was issued by, or is, a development CA of this product."""
    names = (*certificate.subject, *certificate.issuer)
    return any(a.oid == NameOID.ORGANIZATIONAL_UNIT_NAME and a.value == DEVELOPMENT_MARK for a in names)


def development_pki(var_dir: Path, name: str = "pki") -> Path:
    """The folder with ca.pem, crl.pem, seal.p12, tsa.pem and tsa-key.pem, made when absent; `name` tells CAs apart.

    All files appear at once by renaming a folder, so two processes that start together end with one and the same set.
    """
    folder = var_dir / "dev" / name
    if (folder / "ca.pem").is_file():
        return folder
    draft = folder.with_name(f".{name}-{os.getpid()}-{secrets.token_hex(4)}")
    draft.mkdir(parents=True, mode=0o700)
    for file, content in _fresh(_MARKS.get(name, name)).items():
        path = draft / file
        path.touch(mode=0o600)
        path.write_bytes(content)
    try:
        draft.rename(folder)
    except OSError:  # another process was first
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def development_tsa(var_dir: Path) -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    """Key and certificate of the development time-stamp authority, for the sandbox."""
    folder = development_pki(var_dir)
    key = serialization.load_pem_private_key((folder / "tsa-key.pem").read_bytes(), password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key, x509.load_pem_x509_certificate((folder / "tsa.pem").read_bytes())


# -- reading


def _load(name: str, path: Path, fallback: Path | None, faults: list[str]) -> bytes:
    chosen = path if path != _UNSET else fallback
    try:
        return chosen.read_bytes() if chosen else b""
    except OSError as fault:
        faults.append(f"{name}: cannot be read ({fault.strerror})")
        return b""


def _ders(pem: bytes, name: str, faults: list[str]) -> tuple[bytes, ...]:
    if not pem:
        return ()
    try:
        certificates = x509.load_pem_x509_certificates(pem)
    except ValueError:
        faults.append(f"{name}: holds no PEM certificate")
        return ()
    return tuple(c.public_bytes(serialization.Encoding.DER) for c in certificates)


def _crl_ders(content: bytes, name: str, faults: list[str]) -> tuple[bytes, ...]:
    """One or more PEM lists, or a single DER one."""
    if not content:
        return ()
    end = b"-----END X509 CRL-----"
    try:
        if end in content:
            parts = [part + end for part in content.split(end)[:-1]]
            lists = [x509.load_pem_x509_crl(part) for part in parts]
        else:
            lists = [x509.load_der_x509_crl(content)]
    except ValueError:
        faults.append(f"{name}: holds no revocation list in PEM or DER")
        return ()
    return tuple(crl.public_bytes(serialization.Encoding.DER) for crl in lists)


def _development_faults(files: SealFiles) -> list[str]:
    faults = []
    if any(is_development(x509.load_der_x509_certificate(der)) for der in files.roots):
        faults.append("EQICHA_SEAL_CA_FILE: the development CA is refused in production")
    if files.pkcs12:
        try:
            _, certificate, _ = pkcs12.load_key_and_certificates(Path(files.pkcs12).read_bytes(), files.passphrase)
        except (OSError, ValueError) as fault:
            return [*faults, f"EQICHA_SEAL_PKCS12_FILE: cannot be opened ({fault})"]
        if certificate is None or is_development(certificate):
            faults.append("EQICHA_SEAL_PKCS12_FILE: the development seal is refused in production")
    return faults


# -- making


def _fresh(mark: str) -> dict[str, bytes]:
    """The files of one CA; `mark` stands in every name, so that two of them are told apart."""
    now = datetime.now(UTC).replace(microsecond=0)
    ca_key, ca = _authority(now, mark)
    seal_key, seal = _issue(ca_key, ca, now, f"天河区企业登记档案查询专用章（{mark}）", stamping=False)
    tsa_key, tsa = _issue(ca_key, ca, now, f"e企查 时间戳（{mark}）", stamping=True)
    crl = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(ca.subject)
        .last_update(now - timedelta(hours=1))
        .next_update(now + timedelta(days=3650))
        .add_extension(x509.CRLNumber(1), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    store = pkcs12.serialize_key_and_certificates(
        b"seal", seal_key, seal, [ca], serialization.BestAvailableEncryption(_PASSPHRASE)
    )
    return {
        "ca.pem": ca.public_bytes(pem),
        "crl.pem": crl.public_bytes(pem),
        "seal.p12": store,
        "tsa.pem": tsa.public_bytes(pem),
        "tsa-key.pem": tsa_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    }


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "天河 e企查（样例，无法律效力）"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, DEVELOPMENT_MARK),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _authority(now: datetime, mark: str) -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    name = _name(f"e企查 根证书（{mark}）")
    builder = _builder(name, name, key, now).add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
    return key, builder.sign(key, hashes.SHA256())


def _issue(
    ca_key: rsa.RSAPrivateKey, ca: x509.Certificate, now: datetime, common: str, *, stamping: bool
) -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    builder = (
        _builder(_name(common), ca.subject, key, now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True, content_commitment=not stamping), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
    )
    if stamping:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    return key, builder.sign(ca_key, hashes.SHA256())


def _builder(subject: x509.Name, issuer: x509.Name, key: rsa.RSAPrivateKey, now: datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=3650))  # trials and tests set their clocks back, too
        .not_valid_after(now + timedelta(days=3650))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(**given: bool) -> x509.KeyUsage:
    names = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{name: given.get(name, False) for name in names})
