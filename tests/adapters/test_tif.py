"""The gateway's signature: what we sign is taken, everything else is refused with its ground."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters import tif

NOW = datetime(2026, 11, 21, 2, 5, tzinfo=UTC)
TOKENS = {"portal": "token-of-the-portal", "other": "token-of-another"}
words = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)


def refused(headers: dict[str, str], *, now: datetime = NOW) -> str:
    with pytest.raises(tif.SignatureRefused) as caught:
        tif.check(headers, TOKENS, now=now, skew=180)
    return caught.value.ground


def test_the_signature_is_the_gateways() -> None:
    """SHA-256 of "1700000000tokennonce12341700000000", computed with sha256sum."""
    assert (
        tif.signature("token", timestamp="1700000000", nonce="nonce1234")
        == "20e46032bac659490484cece521faa8f6070055ee558c770abad2a013bcf0a55"
    )


@given(token=words, seconds=st.integers(-180, 180))
def test_what_is_signed_is_taken_within_the_skew(token: str, seconds: int) -> None:
    headers = tif.sign("portal", token, now=NOW)
    taken = tif.check(headers, {"portal": token}, now=NOW + timedelta(seconds=seconds), skew=180)
    assert (taken.id, taken.nonce) == ("portal", headers[tif.NONCE])


def test_the_signature_is_read_in_either_case_and_so_are_header_names() -> None:
    headers = {name.title(): value for name, value in tif.sign("portal", TOKENS["portal"], now=NOW).items()}
    headers["X-Tif-Signature"] = headers["X-Tif-Signature"].upper()
    assert tif.check(headers, TOKENS, now=NOW, skew=180).id == "portal"


def test_every_refusal_has_its_ground() -> None:
    good = tif.sign("portal", TOKENS["portal"], now=NOW)
    assert refused({}) == "unsigned"
    assert refused({**good, tif.NONCE: "short"}) == "unsigned"
    assert refused({**good, tif.TIMESTAMP: "１７００００００００"}) == "unsigned"
    assert refused(good, now=NOW + timedelta(seconds=181)) == "clock"
    assert refused(good, now=NOW - timedelta(hours=1)) == "clock"
    assert refused({**good, tif.ID: "stranger"}) == "unknown"
    assert refused({**good, tif.ID: "other"}) == "signature"
    assert refused({**good, tif.NONCE: "0" * 32}) == "signature"
    assert refused({**good, tif.SIGNATURE: ""}) == "signature"
    assert refused({**good, tif.SIGNATURE: "é" * 64}) == "signature"


def test_two_calls_never_share_a_nonce() -> None:
    assert len({tif.sign("portal", "t", now=NOW)[tif.NONCE] for _ in range(100)}) == 100
