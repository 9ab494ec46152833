"""Makes the fixtures of tests/outside.py and of caches.py known in this folder."""

from tests.contracts.caches import redis_room, redis_server, room
from tests.outside import outside, run, runner, sandbox, sandbox_settings

__all__ = ["outside", "redis_room", "redis_server", "room", "run", "runner", "sandbox", "sandbox_settings"]
