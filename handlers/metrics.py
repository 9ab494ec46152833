"""What is counted about requests and the loop, one registry an application; filled by the access log and watchdog."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

if TYPE_CHECKING:
    from adapters.base import Line

BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 3, 10)


class Metrics:
    """Requests by route pattern, loop lag, ages of queues and of the outbox."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._counted: dict[tuple[str, str, int], tuple[Histogram, Counter]] = {}
        self.requests = Histogram(
            "eqicha_request_seconds", "Time to answer", ("method", "route"), registry=self.registry, buckets=BUCKETS
        )
        self.answers = Counter("eqicha_answers_total", "Answers", ("route", "status"), registry=self.registry)
        self.under_way = Gauge("eqicha_requests_under_way", "Requests being answered", registry=self.registry)
        self.lag = Gauge("eqicha_loop_lag_seconds", "Last measured lag of the loop", registry=self.registry)
        self.worst_lag = Gauge("eqicha_loop_lag_worst_seconds", "Worst lag since start", registry=self.registry)
        self.queue = Gauge("eqicha_order_age_seconds", "Oldest order by status", ("status",), registry=self.registry)
        self.outbox = Gauge("eqicha_outbox_age_seconds", "Oldest message by kind", ("kind",), registry=self.registry)
        self.outside = Histogram(
            "eqicha_outside_seconds", "Calls outside", ("system", "outcome"), registry=self.registry, buckets=BUCKETS
        )
        self.breakers = Gauge("eqicha_breaker_open", "1: no calls go out", ("system",), registry=self.registry)
        self.audit = Gauge("eqicha_audit_unsequenced_seconds", "Oldest event without place", registry=self.registry)

    def count(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """One answered request."""
        found = self._counted.get((method, route, status))
        if found is None:  # looking a label up costs more than counting
            found = self.requests.labels(method, route), self.answers.labels(route, str(status))
            self._counted[method, route, status] = found
        found[0].observe(seconds)
        found[1].inc()

    def lagged(self, seconds: float) -> None:
        """One measurement of the loop."""
        self.lag.set(seconds)
        if seconds > self.worst_lag._value.get():
            self.worst_lag.set(seconds)

    async def read_store(self, store: Any) -> None:
        """Bring the ages of waiting work up to date; called when somebody asks for the figures."""
        for gauge, ages in ((self.queue, await store.orders.queue_ages()), (self.outbox, await store.outbox.ages())):
            gauge.clear()
            for name, age in ages.items():
                gauge.labels(str(name)).set(age)
        self.audit.set(await store.audit.oldest_unsequenced_age() or 0)

    def read_lines(self, lines: Iterable["Line"]) -> None:
        """How the circuit breakers stand in this process."""
        for line in lines:
            self.breakers.labels(line.system).set(line.state().is_open)

    def called_outside(self, system: str, outcome: str, seconds: float) -> None:
        """One call to a counterpart; the adapters' hook."""
        self.outside.labels(system, outcome).observe(seconds)

    def text(self) -> bytes:
        """All figures in the Prometheus text format."""
        return generate_latest(self.registry)
