"""What every ProgressProvider promises (adapters/entry), against a portal that knows the order of steps."""

from collections.abc import Iterator

import pytest

from adapters.entry import Progress, ProgressProvider
from adapters.entry.progress import STATES, PortalProgress
from adapters.sandbox.server import Sandbox
from conf.errors import ProviderRejected, ProviderUnavailable
from conf.settings import Settings, load_settings
from conf.terms import EntryPoint, OrderStatus
from tests.outside import Run, a_step

CODES = {"1": "已受理", "2": "准予提供", "3": "已办结", "4": "不予提供", "5": "办理终止", "6": "领取期已过"}
GOOD_WAYS = [
    (OrderStatus.SUBMITTED, OrderStatus.PERMITTED, OrderStatus.READY, OrderStatus.EXPIRED),
    (OrderStatus.SUBMITTED, OrderStatus.PERMITTED, OrderStatus.FAILED),
    (OrderStatus.SUBMITTED, OrderStatus.REFUSED),
]


@pytest.fixture(params=[PortalProgress])
def progress(request: pytest.FixtureRequest, run: Run, sandbox_settings: Settings) -> Iterator[ProgressProvider]:
    async def opened() -> PortalProgress:
        return request.param(sandbox_settings)

    provider = run(opened())
    yield provider
    run(provider.close())


@pytest.mark.parametrize("way", GOOD_WAYS, ids=lambda way: way[-1].value)
def test_every_way_a_case_may_go_is_shown_step_by_step(
    run: Run, sandbox: Sandbox, progress: ProgressProvider, way: tuple[OrderStatus, ...]
) -> None:
    for status in way:
        run(progress.report(a_step(status)))
    case = sandbox.state.portal_cases["TH20261120-ABC234"]
    assert case["states"] == [STATES[status] for status in way]
    assert case["stateName"] == CODES[case["states"][-1]], "both sides read a code alike"
    assert case["detailUrl"].endswith("/orders/TH20261120-ABC234")
    assert case["stateTime"] == "2026-11-20 09:02:03", "Beijing time"


def test_a_repeat_is_recognised(run: Run, sandbox: Sandbox, progress: ProgressProvider) -> None:
    for status in (OrderStatus.SUBMITTED, OrderStatus.SUBMITTED, OrderStatus.PERMITTED, OrderStatus.SUBMITTED):
        run(progress.report(a_step(status)))
    assert sandbox.state.portal_cases["TH20261120-ABC234"]["states"] == ["1", "2"]
    assert [row["repeats"] for row in sandbox.state.received["portal"]] == [2, 0]


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (a_step(OrderStatus.READY), "step out of order"),
        (a_step(OrderStatus.EXPIRED), "step out of order"),
        (a_step(OrderStatus.PERMITTED, subject="sample-0002"), "case of another user"),
        (a_step(OrderStatus.PERMITTED, task_code="EQC-NO-SUCH"), "task unknown"),
        (a_step(OrderStatus.PERMITTED, entry=EntryPoint.YST), "task unknown"),
        (a_step(OrderStatus.PERMITTED, subject=""), "record refused"),
    ],
)
def test_what_the_portal_will_never_take_is_refused_for_good(
    run: Run, sandbox: Sandbox, progress: ProgressProvider, step: Progress, reason: str
) -> None:
    run(progress.report(a_step()))
    with pytest.raises(ProviderRejected, match=reason):
        run(progress.report(step))
    assert sandbox.state.portal_cases["TH20261120-ABC234"]["states"] == ["1"]


def test_a_wrong_key_is_ours_to_mend_and_kept_for_later(run: Run, sandbox: Sandbox, sandbox_settings: Settings) -> None:
    async def attempt() -> None:
        provider = PortalProgress(load_settings(**(dict(sandbox_settings) | {"progress_key": "wrong"})))
        try:
            await provider.report(a_step())
        finally:
            await provider.close()

    with pytest.raises(ProviderUnavailable, match="signature refused"):
        run(attempt())
    assert sandbox.state.portal_cases == {}
