"""Two vendors behind one door: shared out by weight, moved away from the one that fails or is slow, and back again.

A message that may have arrived at a vendor is in doubt and stays with it: the vendor recognises our reference, another
one would send it a second time. Called by flows/outgoing.
"""

import random
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from adapters.base import Line
from adapters.sms import SmsProvider, SmsTaken
from conf.errors import ProviderRejected, ProviderUnavailable
from conf.logs import get_log
from conf.settings import Settings
from conf.texts import sms_parts, text_by_template

log = get_log("sms")

WINDOW = 60.0  # seconds a call counts for
LEAST = 3  # calls in the window before a vendor is judged


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """When a vendor is left: share of failed calls, seconds from which a call counts as failed; how long it rests."""

    error_share: float
    slow_seconds: float
    rest_seconds: float
    signature: str = ""  # counts among the signs of each text

    @classmethod
    def of(cls, settings: Settings) -> "Rules":
        return cls(
            error_share=settings.sms_error_share,
            slow_seconds=settings.sms_slow_seconds,
            rest_seconds=settings.sms_rest_seconds,
            signature=settings.sms_signature,
        )


@dataclass
class Route:
    """One vendor with its weight, its last calls (when, whether well) and until when it rests."""

    name: str
    provider: SmsProvider
    weight: int
    calls: deque[tuple[float, bool]] = field(default_factory=deque)
    rests_until: float = 0.0

    def note(self, now: float, *, is_well: bool, rules: Rules) -> None:
        """Remember a call; a vendor that fails too often rests, one that answers well after its rest is back."""
        if is_well and self.rests_until and now >= self.rests_until:
            log.info("sms_vendor_back", vendor=self.name)
            self.calls.clear()
            self.rests_until = 0.0
        self.calls.append((now, is_well))
        while self.calls and self.calls[0][0] < now - WINDOW:
            self.calls.popleft()
        failed = sum(not well for _, well in self.calls)
        if len(self.calls) >= LEAST and failed >= rules.error_share * len(self.calls):
            if not self.rests_until:
                log.error("sms_vendor_left", vendor=self.name, failed=failed, calls=len(self.calls))
            if not is_well:
                self.rests_until = now + rules.rest_seconds

    def is_resting(self, now: float) -> bool:
        return now < self.rests_until


class RoutedSms:
    """`send` through the vendor the rules choose; `vendor` names the one that may hold the message already."""

    def __init__(
        self,
        routes: Sequence[Route],
        rules: Rules,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        chance: random.Random | None = None,
    ) -> None:
        self.routes, self._rules, self._now = tuple(routes), rules, monotonic
        self._chance = chance or random.Random()  # noqa: S311  spreads load

    async def send(
        self, *, phone: str, template: str, values: dict[str, str], reference: str, vendor: str = ""
    ) -> SmsTaken:
        """Which vendor took it, and its number there.

        Raises ProviderRejected, or ProviderUnavailable: `in_doubt` with the vendor as its `system` when that one must
        be asked again, otherwise when none could be reached.
        """
        fault: ProviderUnavailable | None = None
        for route in self._order(vendor):
            started = self._now()
            try:
                number = await route.provider.send(phone=phone, template=template, values=values, reference=reference)
            except ProviderRejected:
                self._note(route, started, is_well=True)
                raise
            except ProviderUnavailable as missed:
                self._note(route, started, is_well=False)
                fault = ProviderUnavailable(route.name, missed.reason, in_doubt=missed.in_doubt)
                if missed.in_doubt:
                    raise fault from None
            else:
                self._note(route, started, is_well=True)
                parts = self._parts(template, values)
                log.info("sms_taken", vendor=route.name, template=template, parts=parts)
                return SmsTaken(vendor=route.name, number=number, parts=parts)
        raise fault or ProviderUnavailable("sms", "no vendor", in_doubt=False)

    @property
    def lines(self) -> tuple[Line, ...]:
        """The line of each vendor."""
        return tuple(route.provider.line for route in self.routes)

    async def close(self) -> None:
        for route in self.routes:
            await route.provider.close()

    def _parts(self, template: str, values: dict[str, str]) -> int:
        text = text_by_template(template)
        return sms_parts(text.sms_text(values, signature=self._rules.signature)) if text else 1

    def _order(self, vendor: str) -> list[Route]:
        """The vendors to try, the chosen one first; only the one in doubt when there is one."""
        held = [route for route in self.routes if route.name == vendor]
        if held:
            return held
        now = self._now()
        well = [route for route in self.routes if not route.is_resting(now)]
        back = [route for route in well if route.rests_until]  # its rest is over: one message shows how it is
        if back:
            return [*back[:1], *(route for route in self.routes if route is not back[0])]
        if not well:
            return sorted(self.routes, key=lambda route: route.rests_until)
        first = self._chance.choices(well, [route.weight for route in well])[0]
        return [first, *(route for route in well if route is not first)]

    def _note(self, route: Route, started: float, *, is_well: bool) -> None:
        now = self._now()
        route.note(now, is_well=is_well and now - started < self._rules.slow_seconds, rules=self._rules)
