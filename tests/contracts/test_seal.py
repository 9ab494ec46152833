"""What every SealProvider must do: the local seal with a PKCS#12 file and with a PKCS#11 token, and the platform's."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar

import pikepdf
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm

from adapters.sandbox.server import Sandbox
from adapters.seal.local import LocalSeal
from adapters.seal.pki import development_pki
from adapters.seal.remote import RemoteSeal
from conf.errors import ProviderRejected, ProviderUnavailable
from conf.settings import Settings
from handlers.flows.sealing import SEAL_PLACE
from tests.seal.bench import SealBench, seal_bench, seal_settings, tsa

__all__ = ["seal_bench", "seal_settings", "tsa"]

TOKEN, PIN, LABEL = "eqicha-test", "4711", "seal"


@pytest.fixture(scope="session")
def token(tmp_path_factory: pytest.TempPathFactory, var_dir: Path) -> Path:
    """A SoftHSM token holding the development seal; returns the module's path."""
    home = tmp_path_factory.mktemp("softhsm")
    (home / "tokens").mkdir()
    (home / "softhsm2.conf").write_text(f"directories.tokendir = {home}/tokens\nlog.level = ERROR\n")
    environment = {"SOFTHSM2_CONF": str(home / "softhsm2.conf"), "PATH": "/usr/bin:/bin"}
    store = (development_pki(var_dir) / "seal.p12").read_bytes()
    key, certificate, _ = pkcs12.load_key_and_certificates(store, b"eqicha-development")
    assert key is not None
    assert certificate is not None
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (home / "key.pem").write_bytes(pem)
    for arguments in (
        ["--init-token", "--free", "--label", TOKEN, "--pin", PIN, "--so-pin", PIN],
        ["--import", str(home / "key.pem"), "--token", TOKEN, "--label", LABEL, "--id", "01", "--pin", PIN],
    ):
        subprocess.run(["softhsm2-util", *arguments], env=environment, check=True, capture_output=True)
    _put_certificate(environment, certificate.public_bytes(serialization.Encoding.DER))
    return home


def _put_certificate(environment: dict[str, str], der: bytes) -> None:
    script = (
        "import sys, pkcs11\n"
        "from pkcs11.util.x509 import decode_x509_certificate\n"
        f"token = pkcs11.lib({str(module())!r}).get_token(token_label={TOKEN!r})\n"
        f"with token.open(user_pin={PIN!r}, rw=True) as session:\n"
        "    certificate = decode_x509_certificate(sys.stdin.buffer.read())\n"
        "    session.create_object({**certificate, pkcs11.Attribute.TOKEN: True,\n"
        f"        pkcs11.Attribute.LABEL: {LABEL!r}, pkcs11.Attribute.ID: b'\\x01'}})\n"
    )
    subprocess.run([sys.executable, "-c", script], input=der, env=environment, check=True)


def module() -> Path:
    return next(Path("/usr/lib").rglob("libsofthsm2.so"))


@pytest.fixture(params=["pkcs12", "pkcs11", "platform"])
def provider(
    request: pytest.FixtureRequest, seal_bench: SealBench, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SealBench]:
    """The same suite over each implementation."""
    if request.param == "pkcs12":
        yield seal_bench
        return
    if request.param == "platform":
        yield from platform_bench(seal_bench)
        return
    home = request.getfixturevalue("token")
    monkeypatch.setenv("SOFTHSM2_CONF", str(home / "softhsm2.conf"))
    settings = seal_bench.settings.model_copy(
        update={"seal_pkcs11_module": module(), "seal_pkcs11_token": TOKEN, "seal_pkcs11_key": LABEL}
    )
    settings = settings.model_copy(update={"seal_pkcs11_pin": type(settings.seal_pkcs11_pin)(PIN)})

    # the token's module reads its configuration from the environment, which a running fork server does not see
    seal = LocalSeal(settings, InThisProcess())  # type: ignore[arg-type]
    yield replace(seal_bench, seal=seal)


def platform_bench(bench: SealBench) -> Iterator[SealBench]:
    """The platform of a sandbox; its faults are switched as the time-stamp server's are."""
    settings = bench.settings.model_copy(update={"seal_provider": "platform", "outside_times": "seal=10/20"})
    box = bench.run(Sandbox(settings, slow_seconds=60).start())
    settings = settings.model_copy(update={"seal_url": f"{box.url}/eseal"})
    seal = RemoteSeal(settings, bench.workshop)
    (offer,) = bench.run(seal.seals())
    yield replace(bench, settings=settings, seal=seal, certificate=offer.fingerprint, tsa=PlatformFaults(box))  # type: ignore[arg-type]
    bench.run(seal.close())
    bench.run(box.stop())


class PlatformFaults:
    """The one switch of tests/seal/tsa.py, at the platform: what it leans on is its own affair."""

    names: ClassVar = {
        "": "",
        "http500": "500",
        "garbage": "garbage",
        "refuse": "refuse",
        "slow": "truncated",
        "clock": "clock",
    }

    def __init__(self, box: Sandbox) -> None:
        self._box = box

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "fault":
            self._box.state.faults.switch("seal", self.names[value])
        else:
            super().__setattr__(name, value)


class InThisProcess:
    """The workshop's one call, without its process."""

    async def run(self, function: Any, *args: Any, **_: Any) -> Any:
        return await asyncio.to_thread(function, *args)


def a_pdf(pages: int = 2) -> bytes:
    target = BytesIO()
    with pikepdf.new() as pdf:
        for _ in range(pages):
            pdf.add_blank_page(page_size=(595.28, 841.89))
        pdf.save(target, deterministic_id=True)
    return target.getvalue()


def test_a_seal_is_long_lived_certified_and_forbids_every_change(provider: SealBench) -> None:
    before = datetime.now(UTC)
    sealed = provider.sign(a_pdf())
    reader = PdfFileReader(BytesIO(sealed.pdf))
    assert reader.embedded_regular_signatures[0].docmdp_level == MDPPerm.NO_CHANGES
    assert len(reader.embedded_timestamp_signatures) == 1, "an archive time-stamp makes it B-LTA"
    assert reader.root["/DSS"]["/CRLs"], "revocation data is embedded"
    check = provider.run(provider.seal.check(sealed.pdf))
    assert (check.sealed, check.intact, check.trusted, check.whole_file, check.problem) == (True, True, True, True, "")
    assert check.cert_sn == sealed.cert_sn
    (offer,) = provider.run(provider.seal.seals())
    assert check.signer == sealed.signer == offer.signer
    assert check.fingerprint == sealed.fingerprint == offer.fingerprint
    assert sealed.signer.startswith("天河区企业登记档案查询专用章")
    assert check.signed_at == sealed.signed_at
    assert before <= sealed.signed_at.replace(microsecond=999999)


def test_the_seal_stands_where_it_was_put(provider: SealBench) -> None:
    sealed = provider.sign(a_pdf())
    with pikepdf.open(BytesIO(sealed.pdf)) as pdf:
        widget = next(note for note in pdf.pages[0].Annots if note.Subtype == pikepdf.Name.Widget and "/FT" in note)
        left, bottom, right, top = (float(side) * 25.4 / 72 for side in widget.Rect)
    assert (left, 297 - top) == pytest.approx((SEAL_PLACE.x_mm, SEAL_PLACE.y_mm), abs=0.3)
    assert (right - left, top - bottom) == pytest.approx((40, 40), abs=0.4)


def test_asking_twice_at_once_for_one_copy_seals_once(provider: SealBench) -> None:
    async def twice() -> list[Any]:
        more = {"reason": "样例", "biz_no": "THC-9", "certificate": provider.certificate}
        return await asyncio.gather(*(provider.seal.sign(a_pdf(), place=SEAL_PLACE, **more) for _ in range(2)))

    first, second = provider.run(twice())
    assert first.sha256 == second.sha256


@pytest.mark.parametrize("fault", ["http500", "garbage", "refuse", "slow", "clock"])
def test_without_a_time_stamp_there_is_no_file(provider: SealBench, fault: str) -> None:
    provider.tsa.fault = fault
    try:
        with pytest.raises(ProviderUnavailable):
            provider.sign(a_pdf())
    finally:
        provider.tsa.fault = ""
    assert provider.sign(a_pdf()).pdf


def test_a_file_that_is_no_pdf_is_refused_for_good(provider: SealBench) -> None:
    with pytest.raises(ProviderRejected):
        provider.sign(b"<html>not a PDF</html>")


def test_a_seal_of_another_certificate_than_the_register_s_is_never_handed_out(provider: SealBench) -> None:
    with pytest.raises(ProviderUnavailable):
        replace(provider, certificate="0" * 64).sign(a_pdf())


def test_readiness_names_the_certificate_and_its_days(provider: SealBench) -> None:
    line = provider.run(provider.seal.ready())
    assert "EQICHA-DEV" in line
    assert "days left" in line


def test_a_server_that_is_away_leaves_no_file(seal_bench: SealBench) -> None:
    away: Settings = seal_bench.settings.model_copy(update={"tsa_url": "http://127.0.0.1:9/tsa"})

    async def sign() -> Any:
        return await LocalSeal(away, seal_bench.workshop).sign(a_pdf(), place=SEAL_PLACE, reason="样例", biz_no="x")

    with pytest.raises(ProviderUnavailable):
        seal_bench.run(sign())


def test_what_is_not_sealed_is_told_apart(seal_bench: SealBench) -> None:
    check = seal_bench.run(seal_bench.seal.check(a_pdf()))
    assert (check.sealed, check.intact, check.trusted) == (False, False, False)
    assert check.problem
