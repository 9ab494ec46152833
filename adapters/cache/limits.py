"""How often something may be tried, counted in Redis as store/limits.py does; in process while Redis is away."""

import hashlib
import math
from collections import OrderedDict

from redis.asyncio import Redis
from redis.exceptions import RedisError

from conf.clock import Clock
from conf.logs import get_log

log = get_log("cache")
#: Windows remembered in process; the oldest go first, so that strangers cannot fill the memory.
REMEMBERED = 50_000
#: Seconds until a Redis that was away is asked again.
LEFT_ALONE = 5


class ProcessLimits:
    """Fixed windows counted in this process alone."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._counts: OrderedDict[str, int] = OrderedDict()

    async def hit(self, key: str, limit: int, seconds: int) -> int:
        """Count one try of `key`: 0 up to `limit` in this window of `seconds`, beyond it the seconds to its end."""
        name, left = _window(key, seconds, self._clock().timestamp())
        self._counts[name] = count = self._counts.get(name, 0) + 1
        while len(self._counts) > REMEMBERED:
            self._counts.popitem(last=False)
        return 0 if count <= limit else left


class RedisLimits:
    """Fixed windows shared by all processes. A Redis that is away makes the limits local, never absent."""

    def __init__(self, redis: Redis, clock: Clock) -> None:
        self._redis, self._clock = redis, clock
        self._local = ProcessLimits(clock)
        self._away_until = 0.0  # Redis is left alone so long, so that not every visitor waits for its time-out

    async def hit(self, key: str, limit: int, seconds: int) -> int:
        """As ProcessLimits.hit, over all processes."""
        now = self._clock().timestamp()
        if now < self._away_until:
            return await self._local.hit(key, limit, seconds)
        name, left = _window(key, seconds, now)
        try:
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.incr(f"eqicha:limit:{name}")
                pipe.expire(f"eqicha:limit:{name}", seconds + 60, nx=True)
                count = (await pipe.execute())[0]
        except RedisError as fault:
            log.warning("limits_local", fault=type(fault).__name__, seconds=LEFT_ALONE)
            self._away_until = now + LEFT_ALONE
            return await self._local.hit(key, limit, seconds)
        return 0 if count <= limit else left


def _window(key: str, seconds: int, now: float) -> tuple[str, int]:
    """Name of the window (a digest: the key may hold a network address) and whole seconds to its end."""
    number, passed = divmod(now, seconds)
    name = hashlib.sha256(f"{key}\n{seconds}\n{int(number)}".encode()).hexdigest()
    return name, max(1, math.ceil(seconds - passed))
