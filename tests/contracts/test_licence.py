"""The licence platform's calls: only its own key, issuer, audience, time and shape are believed; a QR names nobody."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import given
from hypothesis import strategies as st

from adapters.callbacks import Call, CallbackRefused
from adapters.licence import scan_id
from adapters.licence.development import platform_keys
from adapters.licence.platform import LicencePlatform
from conf.settings import load_settings

NOW = datetime(2026, 11, 21, 2, 5, tzinfo=UTC)
TICKET = "t" * 43
SKEW = 180
PEM, PUBLIC = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo


@pytest.fixture(scope="session")
def platform(var_dir: Path) -> LicencePlatform:
    return LicencePlatform(load_settings(var_dir=var_dir))


def claims(**changes: Any) -> dict[str, Any]:
    """The platform's word as its document says, written here once more on purpose."""
    said = {
        "iss": "https://licence.sandbox.example", "aud": "eqicha-dev", "jti": "EL0000000001", "nonce": TICKET,
        "iat": int(NOW.timestamp()), "exp": int(NOW.timestamp()) + 120, "result": "authorised",
        "sub": "91440106MA9W00010Y", "entname": "广州样例有限公司", "operator": "梁予安",
    } | changes  # fmt: skip
    return {name: value for name, value in said.items() if value is not None}


def sealed(said: Any, key: Any, algorithm: str = "ES256", **headers: Any) -> bytes:
    return json.dumps({"token": jwt.encode(said, key, algorithm=algorithm, headers=headers or None)}).encode()


def read(platform: LicencePlatform, body: bytes, *, now: datetime = NOW) -> Call:
    return platform.read({}, body, now=now, skew=SKEW)


def ground(platform: LicencePlatform, body: bytes, *, now: datetime = NOW) -> str:
    with pytest.raises(CallbackRefused) as caught:
        read(platform, body, now=now)
    return caught.value.ground


@pytest.fixture(scope="session")
def key(var_dir: Path) -> bytes:
    return platform_keys(var_dir)[0].read_bytes()


def test_an_authorisation_is_read_with_the_operator_masked(platform: LicencePlatform, key: bytes) -> None:
    call = read(platform, sealed(claims(), key))
    (event,) = call.events
    assert (event.subject, event.key, call.nonce) == (scan_id(TICKET), "EL0000000001", "EL0000000001")
    assert event.values == {
        "result": "authorised", "uscc": "91440106MA9W00010Y", "company": "广州样例有限公司", "operator": "**安",
        "code": "",
    }  # fmt: skip
    assert event.happened_at == NOW
    assert TICKET not in str(event)


def test_a_refusal_names_nobody(platform: LicencePlatform, key: bytes) -> None:
    said = claims(result="declined", sub=None, entname=None, operator=None)
    assert read(platform, sealed(said, key)).events[0].values == {"result": "declined"}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"iss": "https://evil.example"}, "unknown"),
        ({"aud": "another-app"}, "unknown"),
        ({"aud": ["eqicha-dev", "another-app"]}, "unknown"),
        ({"iss": None}, "garbled"),
        ({"aud": None}, "garbled"),
        ({"nonce": None}, "garbled"),
        ({"jti": None}, "garbled"),
        ({"exp": None}, "garbled"),
        ({"iat": None}, "garbled"),
        ({"exp": int(NOW.timestamp()) + 86400}, "garbled"),
        ({"exp": int(NOW.timestamp()) - 1}, "garbled"),
        ({"iat": int(NOW.timestamp()) - 1000, "exp": int(NOW.timestamp()) - 900}, "clock"),
        ({"iat": int(NOW.timestamp()) + 400, "exp": int(NOW.timestamp()) + 500}, "clock"),
        ({"nonce": "short"}, "garbled"),
        ({"sub": "91440106MA9W00010X"}, "garbled"),
        ({"sub": None}, "garbled"),
        ({"entname": ""}, "garbled"),
        ({"operator": 7}, "garbled"),
        ({"result": "maybe"}, "garbled"),
        ({"code": "12345"}, "garbled"),
        ({"code": 123456}, "garbled"),
    ],
)
def test_any_claim_that_is_not_right_is_refused(
    platform: LicencePlatform, key: bytes, changes: dict[str, Any], why: str
) -> None:
    assert ground(platform, sealed(claims(**changes), key)) == why


def test_no_other_key_and_no_other_algorithm_is_believed(platform: LicencePlatform, key: bytes, var_dir: Path) -> None:
    foreign = ec.generate_private_key(ec.SECP256R1())
    assert ground(platform, sealed(claims(), foreign)) == "signature"
    assert ground(platform, sealed(claims(), foreign, jwk={"kty": "EC"}, kid="mine")) == "signature"
    assert ground(platform, sealed(claims(), ed25519.Ed25519PrivateKey.generate(), "EdDSA")) == "signature"
    assert ground(platform, sealed(claims(), "", "none")) == "signature"
    public = platform_keys(var_dir)[1].read_bytes()
    forged = jwt.api_jws.PyJWS()  # the public key as an HMAC secret: the oldest trick
    head, body = jwt.encode(claims(), "x" * 32, algorithm="HS256").rsplit(".", 1)[0], b""
    signature = forged._algorithms["HS256"].sign(head.encode(), public)
    body = json.dumps({"token": f"{head}.{jwt.utils.base64url_encode(signature).decode()}"}).encode()
    assert ground(platform, body) == "signature"


@given(place=st.integers(min_value=0), turn=st.integers(min_value=1, max_value=255))
def test_one_changed_bit_anywhere_is_noticed(platform: LicencePlatform, key: bytes, place: int, turn: int) -> None:
    token = json.loads(sealed(claims(), key))["token"]
    head, body, signature = (bytearray(jwt.utils.base64url_decode(part)) for part in token.split("."))
    part = (head, body, signature)[place % 3]
    part[place % len(part)] ^= turn
    altered = b".".join(jwt.utils.base64url_encode(bytes(each)) for each in (head, body, signature)).decode()
    with pytest.raises(CallbackRefused):
        read(platform, json.dumps({"token": altered}).encode())


@given(
    body=st.one_of(
        st.binary(max_size=100), st.text(max_size=40).map(lambda text: json.dumps({"token": text}).encode()),
        st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda each: st.lists(each, max_size=3)).map(
            lambda value: json.dumps(value).encode()),
    )
)  # fmt: skip
def test_what_is_no_token_is_refused_never_a_breakdown(platform: LicencePlatform, body: bytes) -> None:
    assert ground(platform, body) in {"unsigned", "garbled", "signature"}


@given(
    name=st.sampled_from(["sub", "entname", "operator", "nonce", "jti", "iat", "exp", "result", "iss", "aud"]),
    value=st.none() | st.integers() | st.booleans() | st.text(max_size=6) | st.lists(st.text(max_size=3), max_size=2),
)
def test_whatever_a_signed_claim_holds_it_is_read_or_refused(
    platform: LicencePlatform, key: bytes, name: str, value: Any
) -> None:
    said = {**claims(), name: value}
    try:
        body = sealed(said, key)
    except TypeError:  # PyJWT itself will not sign it
        return
    try:
        call = read(platform, body)
    except CallbackRefused:
        return
    assert call.events[0].subject == scan_id(TICKET)


def test_the_clock_is_the_one_given_not_the_machines(platform: LicencePlatform, key: bytes) -> None:
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    said = claims(iat=int(long_ago.timestamp()), exp=int(long_ago.timestamp()) + 60)
    assert read(platform, sealed(said, key), now=long_ago + timedelta(seconds=30)).events
    assert ground(platform, sealed(said, key), now=long_ago + timedelta(seconds=60 + SKEW + 1)) == "clock"


@pytest.mark.parametrize("make", [ed25519.Ed25519PrivateKey.generate, lambda: ec.generate_private_key(ec.SECP256R1())])
def test_either_kind_of_key_will_do(tmp_path: Path, make: Callable[[], Any]) -> None:
    private = make()
    (tmp_path / "key.pem").write_bytes(private.public_key().public_bytes(PEM, PUBLIC))
    platform = LicencePlatform(load_settings(var_dir=tmp_path, licence_key_file=tmp_path / "key.pem"))
    algorithm = "EdDSA" if isinstance(private, ed25519.Ed25519PrivateKey) else "ES256"
    assert read(platform, sealed(claims(), private, algorithm)).events


def test_a_key_of_another_kind_stops_the_start(tmp_path: Path) -> None:
    weak = ec.generate_private_key(ec.SECP192R1()).public_key()
    (tmp_path / "key.pem").write_bytes(weak.public_bytes(PEM, PUBLIC))
    with pytest.raises(ValueError, match="P-256 or Ed25519"):
        LicencePlatform(load_settings(var_dir=tmp_path, licence_key_file=tmp_path / "key.pem"))


def test_the_qr_holds_the_ticket_and_nothing_else_of_the_visit(platform: LicencePlatform) -> None:
    address = urlsplit(platform.scan_address(TICKET, until=NOW))
    query = {"client_id": ["eqicha-dev"], "ticket": [TICKET], "until": [str(int(NOW.timestamp()))]}
    assert parse_qs(address.query) == query
