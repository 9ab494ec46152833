"""A page claim proves itself: nobody else can make one, and none survives a changed character."""

import base64
from datetime import date

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from adapters.seal.claims import LONGEST, Claim, ClaimRefused, public_keys, read_claim, sign_claim

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KNOWN = [KEY.public_key()]
CLAIM = Claim(copy_no="THC20261121-7K3M9Q", page=7, pages=61, digest="ab" * 16, issued_on=date(2026, 11, 21))
SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def test_a_claim_reads_as_it_was_signed_from_text_or_address() -> None:
    text = sign_claim(CLAIM, KEY)
    assert len(text) <= LONGEST
    assert read_claim(text, KNOWN) == CLAIM
    assert read_claim(f"https://eqicha.example/p/{text}", KNOWN) == CLAIM


def test_any_changed_character_is_refused() -> None:
    text = sign_claim(CLAIM, KEY)
    for place, sign in enumerate(text):
        for other in SIGNS:
            if other != sign:
                with pytest.raises(ClaimRefused):
                    read_claim(text[:place] + other + text[place + 1 :], KNOWN)


def test_a_claim_of_another_key_is_refused() -> None:
    forged = sign_claim(CLAIM, Ed25519PrivateKey.generate())
    with pytest.raises(ClaimRefused):
        read_claim(forged, KNOWN)


def test_a_signature_put_under_other_words_is_refused() -> None:
    raw = base64.urlsafe_b64decode(sign_claim(CLAIM, KEY) + "==="[: -len(sign_claim(CLAIM, KEY)) % 4])
    other = base64.urlsafe_b64decode(
        sign_claim(Claim(copy_no=CLAIM.copy_no, page=8, pages=61, digest=CLAIM.digest, issued_on=CLAIM.issued_on), KEY)
        + "==="[: -len(raw) % 3]
    )
    mixed = base64.urlsafe_b64encode(other[:-64] + raw[-64:]).rstrip(b"=").decode()
    with pytest.raises(ClaimRefused):
        read_claim(mixed, KNOWN)


@given(st.text(max_size=300))
def test_no_text_makes_the_reader_stumble(text: str) -> None:
    with pytest.raises(ClaimRefused):
        read_claim(text, KNOWN)


@given(
    page=st.integers(1, 500),
    digest=st.binary(min_size=16, max_size=32),
    day=st.dates(date(2020, 1, 1), date(2099, 1, 1)),
)
def test_every_claim_survives_the_way_to_paper_and_back(page: int, digest: bytes, day: date) -> None:
    claim = Claim(copy_no="THC20261121-7K3M9Q", page=page, pages=500, digest=digest[:16].hex(), issued_on=day)
    assert read_claim(sign_claim(claim, KEY), KNOWN) == claim


def test_a_page_outside_its_copy_is_not_signed() -> None:
    with pytest.raises(ValueError, match="out of range"):
        sign_claim(Claim(copy_no=CLAIM.copy_no, page=9, pages=8, digest="00" * 16, issued_on=CLAIM.issued_on), KEY)


def test_the_published_key_checks_a_claim_without_us() -> None:
    published = public_keys(KNOWN)["keys"][0]
    key = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(published["x"] + "="))
    raw = base64.urlsafe_b64decode(sign_claim(CLAIM, KEY) + "=")
    key.verify(raw[-64:], raw[:-64])
    assert published["kty"] == "OKP"
    assert raw[1:5].hex() == published["kid"]
