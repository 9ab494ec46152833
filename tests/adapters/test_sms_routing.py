"""Two SMS vendors: shared by weight, left when they fail or dawdle, taken back when well; nothing sent twice."""

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from adapters.sandbox.server import Sandbox
from adapters.sms.routing import Route, RoutedSms, Rules
from conf.errors import ProviderRejected, ProviderUnavailable
from conf.settings import Settings
from conf.terms import Notice
from conf.texts import text_of
from tests.outside import Run, routed

RULES = Rules(error_share=0.5, slow_seconds=2, rest_seconds=45)
READY = text_of(Notice.COPY_READY).template
VALUES = {"order_no": "TH20261120-ABC234", "until": "11月28日10:00"}


class Vendor:
    """A vendor by word of the test: how each call ends, and how long it takes."""

    line: Any = None

    def __init__(self, clock: "Clock") -> None:
        self.clock, self.sent, self.fault, self.takes = clock, Counter[str](), None, 0.1

    async def send(self, *, phone: str, template: str, values: dict[str, str], reference: str) -> str:
        self.clock.now += self.takes
        if isinstance(self.fault, ProviderUnavailable) and not self.fault.in_doubt:
            raise self.fault
        self.sent[reference] += 1
        if self.fault:
            raise self.fault
        return f"n-{reference}"

    async def close(self) -> None: ...


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Pair:
    def __init__(self) -> None:
        self.clock = Clock()
        self.one, self.two = Vendor(self.clock), Vendor(self.clock)
        routes = [Route("one", self.one, 3), Route("two", self.two, 1)]
        self.sms = RoutedSms(routes, RULES, monotonic=self.clock, chance=random.Random(1))

    async def send(self, reference: str, vendor: str = "") -> str:
        taken = await self.sms.send(phone="1", template="t", values={}, reference=reference, vendor=vendor)
        return taken.vendor


@pytest.fixture
def pair() -> Pair:
    return Pair()


def test_messages_are_shared_by_weight(run: Run, pair: Pair) -> None:
    used = Counter(run(pair.send(f"m{n}")) for n in range(400))
    assert 0.65 < used["one"] / 400 < 0.85


def test_a_vendor_that_cannot_be_reached_costs_nobody_a_message(run: Run, pair: Pair) -> None:
    pair.one.fault = ProviderUnavailable("one", "no connection", in_doubt=False)
    assert {run(pair.send(f"m{n}")) for n in range(20)} == {"two"}
    pair.one.sent.clear()
    assert run(pair.send("m99")) == "two", "it rests: it is not even asked"


def test_what_may_have_arrived_stays_with_its_vendor(run: Run, pair: Pair) -> None:
    pair.one.fault = ProviderUnavailable("one", "no answer in time")
    pair.sms.routes[1].weight = 0
    with pytest.raises(ProviderUnavailable) as caught:
        run(pair.send("m1"))
    assert (caught.value.system, caught.value.in_doubt) == ("one", True)
    pair.two.sent.clear()
    pair.one.fault = None
    assert run(pair.send("m1", vendor="one")) == "one"
    assert pair.two.sent["m1"] == 0


@pytest.mark.parametrize("trouble", ["fails", "dawdles"])
def test_it_is_left_within_a_minute_and_taken_back_when_well(run: Run, pair: Pair, trouble: str) -> None:
    if trouble == "fails":
        pair.one.fault = ProviderUnavailable("one", "HTTP 500", in_doubt=False)
    else:
        pair.one.takes = 2.5
    began = pair.clock.now
    route = pair.sms.routes[0]
    while not route.is_resting(pair.clock.now):
        run(pair.send("m"))
        pair.clock.now += 1
    assert pair.clock.now - began < 60
    assert {run(pair.send(f"a{n}")) for n in range(20)} == {"two"}
    pair.one.fault, pair.one.takes = None, 0.1
    pair.clock.now += RULES.rest_seconds + 1
    assert run(pair.send("trial")) == "one", "one message shows how it is"
    assert Counter(run(pair.send(f"b{n}")) for n in range(100))["one"] > 50


def test_a_refused_number_is_refused_whoever_is_asked(run: Run, pair: Pair) -> None:
    pair.one.fault = pair.two.fault = ProviderRejected("x", "number invalid")
    for n in range(10):
        with pytest.raises(ProviderRejected):
            run(pair.send(f"m{n}"))
    assert not any(route.is_resting(pair.clock.now) for route in pair.sms.routes), "a no is an answer"


@pytest.fixture
def both(run: Run, sandbox_settings: Settings) -> Iterator[RoutedSms]:
    async def opened() -> RoutedSms:
        return routed(sandbox_settings, both=True)

    made = run(opened())
    yield made
    run(made.close())


@pytest.mark.parametrize("fault", ["refuse", "500", "html", "garbage", "truncated", "lost"])
def test_against_the_sandbox_every_message_arrives_exactly_once(
    run: Run, sandbox: Sandbox, both: RoutedSms, fault: str
) -> None:
    """The first vendor misbehaves; what is in doubt is asked of it again once it is well."""
    sandbox.state.faults.switch("sms", fault)
    doubtful: dict[str, str] = {}

    async def send(reference: str, vendor: str = "") -> None:
        try:
            await both.send(phone="19900000001", template=READY, values=VALUES, reference=reference, vendor=vendor)
        except ProviderUnavailable as missed:
            doubtful[reference] = missed.system if missed.in_doubt else ""

    for n in range(12):
        run(send(f"m{n}"))
    sandbox.state.faults.clear()
    both.routes[0].provider.line.breaker.succeeded()
    for reference, vendor in list(doubtful.items()):
        doubtful.pop(reference)
        run(send(reference, vendor))
    assert doubtful == {}
    arrived = Counter(row["key"] for system in ("sms", "sms2") for row in sandbox.state.received[system])
    assert arrived == Counter(f"m{n}" for n in range(12))
