"""Redis for sessions and limits: `connect_cache` makes the client; eqicha.py wires it when EQICHA_REDIS_URL is set."""

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff


def connect_cache(url: str) -> Redis:
    """A client that gives up within half a second: a slow Redis must not make a visitor wait. Close with `aclose()`."""
    return Redis.from_url(
        url, socket_connect_timeout=0.5, socket_timeout=0.5, retry=Retry(NoBackoff(), 1), health_check_interval=30
    )
