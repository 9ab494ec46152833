"""Every CallbackReader: what is signed is read, anything else is refused with its ground; over HTTP, exactly once."""

import hashlib
import hmac
import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from adapters.callbacks import CallbackRefused
from adapters.sms import SmsAccess
from adapters.sms.receipts import GatewayReceipts

NOW = datetime(2026, 11, 21, 2, 5, tzinfo=UTC)
KEY = "fictional-key"
READER = GatewayReceipts(SmsAccess(url="", app_id="us", app_key=SecretStr(KEY), signature="样例"))
BODY = json.dumps(
    {"receipts": [{"msgId": "n1", "extRef": "TH1.sms", "status": "DELIVRD", "doneTime": "2026-11-21 10:04:00"}]}
).encode()


def signed(body: bytes, *, at: datetime = NOW, key: str = KEY, id: str = "us", nonce: str = "a" * 16) -> dict[str, str]:
    """The headers as the platform's document says, written here once more on purpose."""
    moment = str(int(at.timestamp()))
    text = "\n".join((id, moment, nonce, hashlib.sha256(body).hexdigest()))
    right = hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()
    return {"X-App-Id": id, "X-Timestamp": moment, "X-Nonce": nonce, "X-Signature": right}


def test_a_receipt_is_read_with_its_beijing_time() -> None:
    call = READER.read(signed(BODY), BODY, now=NOW, skew=180)
    (event,) = call.events
    assert (event.subject, event.values, call.nonce) == ("TH1.sms", {"receipt": "arrived"}, "a" * 16)
    assert event.happened_at == datetime(2026, 11, 21, 2, 4, tzinfo=UTC)


def test_any_other_status_is_a_failure() -> None:
    body = BODY.replace(b"DELIVRD", b"UNDELIV")
    assert READER.read(signed(body), body, now=NOW, skew=180).events[0].values == {"receipt": "failed"}


@pytest.mark.parametrize(
    ("headers", "ground"),
    [
        ({}, "unsigned"),
        (signed(BODY, at=NOW - timedelta(hours=1)), "clock"),
        (signed(BODY, at=NOW + timedelta(hours=1)), "clock"),
        (signed(BODY, key="another"), "signature"),
        (signed(BODY, id="them"), "signature"),
        (signed(BODY + b" "), "signature"),
        ({**signed(BODY), "X-Nonce": "b" * 16}, "signature"),
        ({**signed(BODY), "X-Timestamp": "１７９５２２６７００"}, "unsigned"),
    ],
)
def test_what_is_forged_or_stale_is_refused(headers: dict[str, str], ground: str) -> None:
    with pytest.raises(CallbackRefused) as caught:
        READER.read(headers, BODY, now=NOW, skew=180)
    assert caught.value.ground == ground


@given(body=st.one_of(st.binary(max_size=200), st.recursive(
    st.none() | st.integers() | st.text(max_size=8), lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["receipts", "msgId", "extRef", "status", "doneTime"]), inner, max_size=5),
    max_leaves=12,
).map(lambda value: json.dumps(value).encode())))  # fmt: skip
def test_a_signed_call_that_says_nothing_is_garbled_never_a_breakdown(body: bytes) -> None:
    ground = ""
    try:
        call = READER.read(signed(body), body, now=NOW, skew=180)
    except CallbackRefused as refused:
        ground = refused.ground
    assert ground == "garbled" or all(event.subject for event in call.events)


def test_the_clock_of_this_machine_is_taken_as_it_is() -> None:
    now = datetime.now(UTC)
    assert READER.read(signed(BODY, at=now), BODY, now=now, skew=180).events
    assert abs(time.time() - now.timestamp()) < 60
