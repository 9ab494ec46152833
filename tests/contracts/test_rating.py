"""What every RatingProvider promises (adapters/rating), against a platform that decrypts and checks every record."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from adapters.rating import RatingProvider
from adapters.rating.national import NationalRating
from adapters.sandbox.server import Sandbox
from conf.clock import utc_now
from conf.errors import ProviderRejected, ProviderUnavailable
from conf.settings import Settings, load_settings
from conf.terms import Channel, Satisfaction
from tests.outside import Run, a_report


@pytest.fixture(params=[NationalRating])
def rating(request: pytest.FixtureRequest, run: Run, sandbox_settings: Settings) -> Iterator[RatingProvider]:
    async def opened() -> NationalRating:
        return request.param(sandbox_settings)

    provider = run(opened())
    yield provider
    run(provider.close())


def test_case_service_and_rating_arrive_decrypted_and_complete(
    run: Run, sandbox: Sandbox, rating: RatingProvider
) -> None:
    run(rating.report(a_report(channel=Channel.KIOSK, text="很好𠮷")))
    case = sandbox.state.cases["TH20261120-ABC234"]
    assert (case["proStatus"], case["acceptDate"]) == ("3", "2026-11-20 09:02:03"), "Beijing time, 已办结"
    assert list(sandbox.state.services) == [("TH20261120-ABC234", "1")]
    (kept,) = sandbox.state.received["rating"]
    wanted = {"satisfaction": "4", "evalDetail": "406", "writingEvaluation": "很好𠮷", "pf": "5", "assessNumber": "1"}
    assert wanted.items() <= kept.items()
    assert (kept["userProp"], kept["certKey"]) == ("1", "440106199001010011")


def test_a_body_is_reported_as_one(run: Run, sandbox: Sandbox, rating: RatingProvider) -> None:
    run(rating.report(a_report(visitor_is_body=True, id_number="91440106MA9W00010Y")))
    (kept,) = sandbox.state.received["rating"]
    assert (kept["userProp"], kept["certKeyGOV"]) == ("2", "91440106MA9W00010Y")
    assert "certKey" not in kept


@pytest.mark.parametrize("level", Satisfaction)
def test_every_level_arrives_in_the_platforms_direction(
    run: Run, sandbox: Sandbox, rating: RatingProvider, level: Satisfaction
) -> None:
    run(rating.report(a_report(satisfaction=level, tags=(), text="说明")))
    assert sandbox.state.received["rating"][0]["satisfaction"] == str(int(level))


def test_a_repeat_is_recognised_and_the_follow_up_is_a_second_rating(
    run: Run, sandbox: Sandbox, rating: RatingProvider
) -> None:
    for number in (1, 1, 2):
        run(rating.report(a_report(number=number)))
    assert [(row["assessNumber"], row["repeats"]) for row in sandbox.state.received["rating"]] == [("1", 1), ("2", 0)]


def test_a_low_rating_without_a_reason_is_refused_for_good(run: Run, sandbox: Sandbox, rating: RatingProvider) -> None:
    with pytest.raises(ProviderRejected, match="low rating without a reason"):
        run(rating.report(a_report(satisfaction=Satisfaction.BAD, tags=())))
    assert sandbox.state.received["rating"] == []


def refused(run: Run, settings: Settings, **changes: object) -> BaseException:
    """What a provider with other settings (or clock) meets."""
    clock = changes.pop("clock", utc_now)

    async def attempt() -> None:
        provider = NationalRating(load_settings(**(dict(settings) | changes)), clock=clock)  # type: ignore[arg-type]
        try:
            await provider.report(a_report())
        finally:
            await provider.close()

    with pytest.raises((ProviderRejected, ProviderUnavailable)) as raised:
        run(attempt())
    return raised.value


def test_a_wrong_word_or_an_old_envelope_is_not_believed_and_kept_for_later(
    run: Run, sandbox: Sandbox, sandbox_settings: Settings
) -> None:
    for changes in ({"rating_app_word": "another word"}, {"clock": lambda: utc_now() - timedelta(minutes=6)}):
        fault = refused(run, sandbox_settings, **changes)  # type: ignore[arg-type]
        assert isinstance(fault, ProviderUnavailable)
        assert fault.reason == "signature refused"
    assert sandbox.state.cases == {}


def test_an_unknown_task_is_refused_for_good(run: Run, sandbox_settings: Settings) -> None:
    fault = refused(run, sandbox_settings, rating_task_code="11440106000000000X0000000000000")
    assert isinstance(fault, ProviderRejected)
    assert fault.reason == "task unknown"
