"""One suite over every implementation of sessions: MongoDB and a real Redis."""

import secrets
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from redis import Redis

from conf.errors import ProviderUnavailable
from conf.terms import Channel
from store.records import Session
from store.sessions import new_token, session_id
from tests.contracts.caches import RedisServer, Room
from tests.store.things import a_session


def opened(room: Room, **changes: Any) -> Session:
    now = room.clock()
    changes = {"created_at": now, "seen_at": now, "expires_at": now + timedelta(hours=8)} | changes
    session = a_session(**changes)
    room.run(room.sessions.create(session))
    return session


def test_a_session_comes_back_as_it_was_made(room: Room) -> None:
    values = {"back": "/companies/样例?q=𠮷", "states": [{"state": "s", "level": 2}], "n": 3, "yes": True}
    session = opened(room, account_id="acc-1", channel=Channel.KIOSK, terminal_id="hall-1", values=values)
    assert room.run(room.sessions.load(session.id)) == session
    assert room.run(room.sessions.load("0" * 64)) is None


def test_a_token_has_256_bits_and_only_its_digest_names_the_session() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(token) >= 43 for token in tokens)
    token = tokens.pop()
    assert len(session_id(token)) == 64
    assert token not in session_id(token)


@pytest.mark.parametrize(
    ("changes", "idle"),
    [
        ({}, timedelta(minutes=30)),
        ({"channel": Channel.KIOSK, "account_id": "acc-1"}, timedelta(seconds=60)),
        ({"channel": Channel.KIOSK}, timedelta(minutes=30)),  # on the platform's page, not yet signed in
        ({"staff_id": "staff-1", "channel": Channel.STAFF}, timedelta(minutes=15)),
    ],
)
def test_a_session_ends_when_it_rests_too_long(room: Room, changes: dict[str, Any], idle: timedelta) -> None:
    session = opened(room, **changes)
    room.clock.now += idle - timedelta(milliseconds=1)
    assert room.run(room.sessions.load(session.id)) is not None
    room.clock.now += timedelta(milliseconds=1)
    assert room.run(room.sessions.load(session.id)) is None
    room.clock.now -= timedelta(seconds=30)
    assert room.run(room.sessions.load(session.id)) is None, "it was dropped, not only hidden"


def test_a_session_ends_at_its_absolute_limit_however_busy(room: Room) -> None:
    session = opened(room)
    for _ in range(24):
        room.clock.forward(minutes=20)
        room.run(room.sessions.touch(session.id, room.clock()))
        if room.clock() < session.expires_at:
            assert room.run(room.sessions.load(session.id)) is not None
    assert room.clock() >= session.expires_at
    assert room.run(room.sessions.load(session.id)) is None


def test_being_seen_keeps_a_session_and_is_not_written_at_every_click(room: Room) -> None:
    session = opened(room)
    room.clock.forward(seconds=3)
    room.run(room.sessions.touch(session.id, room.clock()))
    assert room.run(room.sessions.load(session.id)).seen_at == session.seen_at
    room.clock.forward(seconds=30)
    room.run(room.sessions.touch(session.id, room.clock()))
    assert room.run(room.sessions.load(session.id)).seen_at == room.clock()
    room.run(room.sessions.touch(session.id, session.seen_at))
    assert room.run(room.sessions.load(session.id)).seen_at == room.clock(), "never back in time"


def test_saved_values_stay_and_a_dropped_session_stays_dropped(room: Room) -> None:
    session = opened(room)
    changed = replace(session, values={"back": "/orders"})
    assert room.run(room.sessions.save(changed)) is True
    assert room.run(room.sessions.load(session.id)) == changed
    room.run(room.sessions.drop(session.id))
    assert room.run(room.sessions.save(changed)) is False
    room.run(room.sessions.touch(session.id, room.clock() + timedelta(minutes=5)))
    assert room.run(room.sessions.load(session.id)) is None


def test_a_save_of_what_was_loaded_earlier_does_not_undo_being_seen(room: Room) -> None:
    session = opened(room)
    room.clock.forward(minutes=20)
    room.run(room.sessions.touch(session.id, room.clock()))
    room.run(room.sessions.save(replace(session, values={"a": 1})))
    kept = room.run(room.sessions.load(session.id))
    assert (kept.seen_at, kept.values) == (room.clock(), {"a": 1})


def test_one_of_many_who_drop_a_session_is_told_so(room: Room) -> None:
    session = opened(room)
    assert room.gather(lambda: room.sessions.drop(session.id), 20).count(True) == 1


def test_all_sessions_of_a_person_end_together(room: Room) -> None:
    who = secrets.token_hex(4)
    mine = [opened(room, account_id=who) for _ in range(3)]
    other, staff = opened(room, account_id=who + "x"), opened(room, staff_id=who, channel=Channel.STAFF)
    anonymous = opened(room)
    assert room.run(room.sessions.drop_of()) == 0
    assert room.run(room.sessions.drop_of(account_id=who)) == 3
    assert [room.run(room.sessions.load(session.id)) for session in mine] == [None] * 3
    for session in (other, staff, anonymous):
        assert room.run(room.sessions.load(session.id)) == session
    assert room.run(room.sessions.drop_of(staff_id=who)) == 1
    assert room.run(room.sessions.load(staff.id)) is None


def test_the_living_sessions_of_one_of_our_people_are_listed_the_last_seen_first(room: Room) -> None:
    who = secrets.token_hex(4)
    old = opened(room, staff_id=who, channel=Channel.STAFF)
    opened(room, staff_id=who + "x", channel=Channel.STAFF)
    room.clock.forward(minutes=5)
    fresh = opened(room, staff_id=who, channel=Channel.STAFF)
    assert room.run(room.sessions.list_of(who)) == (fresh, old)
    assert room.run(room.sessions.list_of("")) == ()
    room.clock.forward(minutes=11)
    assert room.run(room.sessions.list_of(who)) == (fresh,), "the other has rested too long"
    room.run(room.sessions.drop(fresh.id))
    assert room.run(room.sessions.list_of(who)) == ()


def test_what_began_before_a_sign_out_ends_and_what_began_later_stays(room: Room) -> None:
    who = secrets.token_hex(4)
    old = [opened(room, account_id=who) for _ in range(3)]
    other = opened(room, account_id=who + "x")
    moment = room.clock() + timedelta(seconds=1)
    room.clock.forward(seconds=2)
    fresh = opened(room, account_id=who)
    assert room.run(room.sessions.drop_account("", before=moment)) == 0
    assert room.run(room.sessions.drop_account(who, before=moment)) == 3
    assert room.run(room.sessions.drop_account(who, before=moment)) == 0
    assert [room.run(room.sessions.load(session.id)) for session in old] == [None] * 3
    for session in (other, fresh):
        assert room.run(room.sessions.load(session.id)) == session


def test_redis_forgets_a_session_at_its_limit_and_keeps_no_key_without_one(
    redis_room: Room, redis_server: RedisServer
) -> None:
    with Redis.from_url(redis_server.url) as client:
        client.flushall()
        session = opened(redis_room, account_id="acc-1")
        redis_room.run(redis_room.sessions.save(session))
        redis_room.run(redis_room.sessions.touch(session.id, redis_room.clock() + timedelta(minutes=1)))
        keys = client.keys("*")
        assert len(keys) == 2
        assert all(7 * 3600 < client.ttl(key) <= 8 * 3600 for key in keys)


def test_sessions_say_so_when_redis_is_away_and_go_on_when_it_is_back(
    redis_room: Room, redis_server: RedisServer
) -> None:
    session = opened(redis_room)
    redis_server.stop()
    for work in (redis_room.sessions.load, redis_room.sessions.drop):
        with pytest.raises(ProviderUnavailable):
            redis_room.run(work(session.id))
    with pytest.raises(ProviderUnavailable):
        opened(redis_room)
    redis_server.start()
    fresh = opened(redis_room)
    assert redis_room.run(redis_room.sessions.load(fresh.id)) == fresh
