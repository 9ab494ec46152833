"""Limits kept in this process, for pages so cheap that asking the database would cost more than the page (search)."""

import time
from collections.abc import Callable

MOST_KEYS = 50_000


class Windows:
    """Counts per key in fixed windows; memory is bounded, the oldest windows go first."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counts: dict[str, tuple[float, int]] = {}  # key → (end of window, hits)

    def hit(self, key: str, limit: int, seconds: int) -> int:
        """Count one hit; 0, or the seconds until `key` is free again."""
        now = self._clock()
        end, hits = self._counts.get(key, (0.0, 0))
        if end <= now:
            end, hits = now + seconds, 0
            self._counts.pop(key, None)  # to the end of the order: oldest windows stand first
            if len(self._counts) >= MOST_KEYS:
                self._forget(now)
        self._counts[key] = (end, hits + 1)
        return 0 if hits < limit else max(1, round(end - now))

    def forget(self) -> None:
        """Everybody starts anew."""
        self._counts.clear()

    def _forget(self, now: float) -> None:
        ended = [key for key, (end, _) in self._counts.items() if end <= now]
        for key in ended or list(self._counts)[: MOST_KEYS // 10]:
            del self._counts[key]
