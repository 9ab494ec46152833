"""One suite over every implementation of limits: MongoDB, a real Redis, and what is left while Redis is away."""

import secrets

import pytest

from adapters.cache.limits import ProcessLimits
from tests.contracts.caches import RedisServer, Room


def at_the_start_of_a_window(room: Room, seconds: int) -> str:
    """A key of its own, and the clock at the beginning of a window."""
    past = room.clock().timestamp() % seconds
    room.clock.forward(seconds=seconds - past)
    return secrets.token_hex(8)


def test_tries_up_to_the_limit_are_free_and_the_next_learns_how_long_to_wait(room: Room) -> None:
    key = at_the_start_of_a_window(room, 60)
    assert [room.run(room.limits.hit(key, 3, 60)) for _ in range(3)] == [0, 0, 0]
    room.clock.forward(seconds=20)
    assert room.run(room.limits.hit(key, 3, 60)) == 40
    room.clock.forward(seconds=39.5)
    assert room.run(room.limits.hit(key, 3, 60)) == 1
    room.clock.forward(seconds=0.5)
    assert room.run(room.limits.hit(key, 3, 60)) == 0


def test_keys_and_windows_do_not_mix(room: Room) -> None:
    key = at_the_start_of_a_window(room, 3600)
    assert room.run(room.limits.hit(key, 1, 60)) == 0
    assert room.run(room.limits.hit(key, 1, 3600)) == 0
    assert room.run(room.limits.hit(key + "x", 1, 60)) == 0
    assert room.run(room.limits.hit(key, 1, 60)) > 0


def test_of_many_parallel_tries_exactly_the_limit_passes(room: Room) -> None:
    key = at_the_start_of_a_window(room, 60)
    waits = room.gather(lambda: room.limits.hit(key, 10, 60), 40)
    assert waits.count(0) == 10
    assert set(waits) == {0, 60}


def test_without_redis_the_limit_still_holds(redis_room: Room, redis_server: RedisServer) -> None:
    key = at_the_start_of_a_window(redis_room, 60)
    redis_server.stop()
    try:
        waits = redis_room.gather(lambda: redis_room.limits.hit(key, 5, 60), 12)
        assert waits.count(0) == 5
    finally:
        redis_server.start()
    redis_room.clock.forward(seconds=5)
    assert redis_room.run(redis_room.limits.hit(key, 5, 60)) == 0, "Redis counts again"


def test_a_redis_that_does_not_answer_is_left_alone_for_a_while_and_the_limit_holds(
    redis_room: Room, redis_server: RedisServer
) -> None:
    key = at_the_start_of_a_window(redis_room, 60)
    redis_server.freeze()
    try:
        waits = [redis_room.run(redis_room.limits.hit(key, 5, 60)) for _ in range(12)]
        assert waits.count(0) == 5
    finally:
        redis_server.thaw()
    assert redis_room.run(redis_room.limits.hit(key, 5, 60)) > 0, "still counted here"


@pytest.mark.parametrize("strangers", [120_000])
def test_strangers_cannot_fill_the_memory(room: Room, strangers: int) -> None:
    limits = ProcessLimits(room.clock)

    async def many() -> None:
        for n in range(strangers):
            await limits.hit(str(n), 1, 60)

    room.run(many())
    assert len(limits._counts) <= 50_000


def test_no_network_address_is_kept(room: Room) -> None:
    room.run(room.limits.hit("search:192.0.2.77", 5, 60))
    kept = str(room.run(room.store._base["limits"].find({}).to_list()))
    kept += str(room.run(room.redis.keys("*")))
    assert "192.0.2.77" not in kept
    assert "limit" in kept or "count" in kept
