"""A circuit breaker: after repeated failures an outside system is left alone for a while. Used by adapters/base.py."""

import time
from collections.abc import Callable


class Breaker:
    """Opens after `threshold` failures in a row; `rest_seconds` later lets one trial call through (half open)."""

    def __init__(
        self, *, threshold: int = 5, rest_seconds: float = 10, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.threshold, self.rest_seconds, self._monotonic = threshold, rest_seconds, monotonic
        self._failures = 0
        self._trial_at = 0.0

    @property
    def is_open(self) -> bool:
        """Too many failures in a row, and no success since."""
        return self._failures >= self.threshold

    def admits(self) -> bool:
        """True when a call may go out now. While open, only the one trial per rest is admitted."""
        if not self.is_open:
            return True
        if self._monotonic() < self._trial_at:
            return False
        self._trial_at = self._monotonic() + self.rest_seconds
        return True

    def succeeded(self) -> None:
        """The system answered, be it with a no: everything may pass again."""
        self._failures = 0

    def failed(self) -> None:
        """The system gave no proper answer; the rest begins anew."""
        self._failures += 1
        if self.is_open:
            self._trial_at = self._monotonic() + self.rest_seconds
