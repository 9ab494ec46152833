"""What every SmsProvider promises (adapters/sms), checked against the gateway's own protocol in the sandbox."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from adapters.sandbox import sms as vendor
from adapters.sandbox.server import Sandbox
from adapters.sms import SmsProvider
from adapters.sms.gateway import GatewaySms
from adapters.sms.vendors import second_vendor, vendor_names
from conf.clock import utc_now
from conf.errors import ProviderRejected, ProviderUnavailable
from conf.settings import Settings, load_settings
from conf.terms import Notice
from conf.texts import all_texts, sms_parts, text_of
from tests.outside import Run, routed

VALUES = {"order_no": "TH20261120-ABC234", "until": "11月28日10:00"}
READY = text_of(Notice.COPY_READY).template


@pytest.fixture(params=["gateway", *vendor_names()])
def sms(
    request: pytest.FixtureRequest, run: Run, sandbox: Sandbox, sandbox_settings: Settings
) -> Iterator[SmsProvider]:
    """The first vendor, and each that can stand second; one called `x` answers at `/x` of the sandbox."""

    async def opened() -> SmsProvider:
        if request.param == "gateway":
            return GatewaySms(sandbox_settings)
        second = sandbox_settings.model_copy(update={"sms2_url": f"{sandbox.url}/{request.param}"})
        return second_vendor(request.param)(second)

    provider = run(opened())
    yield provider
    run(provider.close())


def box(sandbox: Sandbox, sms: SmsProvider) -> list[dict[str, Any]]:
    """What this provider's counterpart received."""
    return sandbox.state.received[sms.line.system]


def send(run: Run, sms: SmsProvider, *, reference: str = "TH1.sms", **changes: object) -> str:
    values: dict[str, object] = {"phone": "19900000001", "template": READY, "values": VALUES} | changes
    return run(sms.send(reference=reference, **values))  # type: ignore[arg-type]


def test_a_message_arrives_as_the_approved_text_behind_our_signature(
    run: Run, sandbox: Sandbox, sms: SmsProvider
) -> None:
    number = send(run, sms)
    (kept,) = box(sandbox, sms)
    assert (kept["number"], kept["phone"]) == (number, "19900000001")
    assert kept["text"].startswith("【天河e企查】")
    assert VALUES["order_no"] in kept["text"]
    assert "$" not in kept["text"]


def test_the_same_reference_again_is_one_message_and_one_number(run: Run, sandbox: Sandbox, sms: SmsProvider) -> None:
    assert send(run, sms) == send(run, sms) != send(run, sms, reference="TH2.sms")
    assert [row["repeats"] for row in box(sandbox, sms)] == [1, 0]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"phone": "12345"}, "number invalid"),
        ({"phone": "19900000001\r\nX: 1"}, "number invalid"),
        ({"phone": ""}, "number invalid"),
        ({"template": "TH-NONE"}, "template unknown"),
        ({"values": {"order_no": "1"}}, "values do not fit the template"),
        ({"phone": vendor.BLACKLISTED}, "number refuses messages"),
    ],
)
def test_what_no_repeat_will_mend_is_rejected(
    run: Run, sandbox: Sandbox, sms: SmsProvider, changes: dict[str, object], reason: str
) -> None:
    with pytest.raises(ProviderRejected) as raised:
        send(run, sms, **changes)
    assert raised.value.reason == reason
    assert box(sandbox, sms) == []


@pytest.mark.parametrize("phone", [vendor.BUSY])
def test_what_time_will_mend_is_tried_again(run: Run, sms: SmsProvider, phone: str) -> None:
    with pytest.raises(ProviderUnavailable):
        send(run, sms, phone=phone)


def test_a_wrong_key_keeps_the_messages_for_later(run: Run, sandbox: Sandbox, sandbox_settings: Settings) -> None:
    async def with_wrong_key() -> None:
        values = dict(sandbox_settings) | {"sms_app_key": "another key"}
        wrong = GatewaySms(load_settings(**values))
        try:
            await wrong.send(phone="19900000001", template=READY, values=VALUES, reference="TH1.sms")
        finally:
            await wrong.close()

    with pytest.raises(ProviderUnavailable, match="signature refused"):
        run(with_wrong_key())
    assert sandbox.state.received["sms"] == []


def test_a_request_made_long_ago_is_refused_by_the_platform(run: Run, sandbox_settings: Settings) -> None:
    async def with_old_clock() -> None:
        late = GatewaySms(sandbox_settings, clock=lambda: utc_now() - timedelta(minutes=6))
        try:
            await late.send(phone="19900000001", template=READY, values=VALUES, reference="TH1.sms")
        finally:
            await late.close()

    with pytest.raises(ProviderUnavailable, match="clock or nonce refused"):
        run(with_old_clock())


@pytest.mark.parametrize(("length", "parts"), [(1, 1), (70, 1), (71, 2), (134, 2), (135, 3), (201, 3), (202, 4)])
def test_long_texts_are_counted_in_parts_of_67(length: int, parts: int) -> None:
    assert sms_parts("天" * length) == vendor.parts_of("天" * length) == parts


@given(some.text(max_size=400))
def test_parts_hold_every_text_and_none_is_empty(text: str) -> None:
    units = sum(2 if ord(sign) > 0xFFFF else 1 for sign in text)
    parts = sms_parts(text)
    assert parts == vendor.parts_of(text)
    room = 70 if parts == 1 else 67 * parts
    assert units <= room
    assert parts == 1 or units > max(70, 67 * (parts - 1))


@given(some.text(max_size=200), some.text(max_size=200))
def test_more_text_never_costs_less(text: str, more: str) -> None:
    assert sms_parts(text) <= sms_parts(text + more) <= sms_parts(text) + sms_parts(more) + 1


@given(some.text(some.characters(categories=("Cs",)), min_size=1, max_size=100))
def test_halves_of_signs_are_counted_too(text: str) -> None:
    assert sms_parts(text) == sms_parts("天" * len(text))


def test_a_message_is_told_with_its_parts(run: Run, sandbox_settings: Settings) -> None:
    async def parts(signature: str) -> int:
        sms = routed(load_settings(**(dict(sandbox_settings) | {"sms_signature": signature})))
        try:
            taken = await sms.send(
                phone="19900000001", template=READY, values=VALUES, reference=f"TH1.{len(signature)}"
            )
        finally:
            await sms.close()
        return taken.parts

    assert run(parts("天河e企查")) == 1
    assert run(parts("天河" * 20)) == 2, "the signature counts too"


def test_a_character_beyond_the_basic_plane_counts_twice() -> None:
    assert sms_parts("𠮷" * 35) == 1
    assert sms_parts("𠮷" * 36) == 2


def test_every_notice_fits_one_message_and_names_nobody() -> None:
    longest = {
        "order_no": "TH20261120-ABC234",
        "task_no": "TK20261120-ABC234",
        "loan_no": "JY20261120-ABC234",
        "until": "12月28日10:00",
        "code": "123456",
    }
    for text in all_texts():
        assert text.sms_names <= set(longest)
        filled = text.sms
        for name, value in longest.items():
            filled = filled.replace(f"${{{name}}}", value)
        assert sms_parts(f"【天河e企查】{filled}") == 1, filled
        assert "http" not in text.sms
        subject, body = text.mail_text(longest)
        assert "$" not in subject + body
