"""What goes into the database: encoding refuses what does not belong, the vault keeps personal values."""

import gc
import warnings
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import bson
import pytest
from bson.codec_options import CodecOptions
from hypothesis import given
from hypothesis import strategies as st

from conf.errors import IntegrityFault, Invalid
from conf.keys import Keys, load_keys
from conf.settings import SettingsError, load_settings
from conf.terms import Channel, CompanyStatus, IdentityLevel
from store import open_store
from store.encode import changes_to_bson, from_bson, loose, text, to_bson, whole
from store.records import Company, Secret, Session
from store.vault import Vault
from tests.store.conftest import Run
from tests.store.generated import companies


@pytest.fixture(scope="module")
def keys(store_settings: Any) -> Keys:
    return load_keys(store_settings)


def there_and_back(record: Any, key: str = "id") -> Any:
    raw = bson.decode(bson.encode(to_bson(record, key=key)), CodecOptions(tz_aware=True))
    return from_bson(type(record), raw, key=key)


@dataclass(frozen=True, kw_only=True)
class Everything:
    id: str
    number: int
    part: float
    yes: bool
    day: date | None
    at: datetime
    level: IdentityLevel
    states: frozenset[CompanyStatus]
    secret: Secret | None
    names: tuple[str, ...]
    free: dict[str, Any]


everything = st.builds(
    Everything,
    id=st.text(),
    number=st.integers(-(2**63), 2**63 - 1),
    part=st.floats(allow_nan=False),
    yes=st.booleans(),
    day=st.none() | st.dates(),
    at=st.datetimes(min_value=datetime(1, 1, 2), timezones=st.just(UTC)).map(lambda t: t.replace(microsecond=0)),  # noqa: DTZ001
    level=st.sampled_from(IdentityLevel),
    states=st.frozensets(st.sampled_from(CompanyStatus)),
    secret=st.none() | st.builds(Secret, blind=st.text(), masked=st.text(), token=st.binary()),
    names=st.lists(st.text(), max_size=4).map(tuple),
    free=st.dictionaries(st.sampled_from("abc"), st.none() | st.booleans() | st.text() | st.lists(st.integers(0, 9))),
)


@given(record=everything)
def test_a_record_comes_back_as_it_went_in(record: Everything) -> None:
    assert there_and_back(record) == record


def test_companies_come_back_as_they_went_in() -> None:
    for one in companies(50):
        assert there_and_back(one, "uscc") == one


@pytest.mark.parametrize("field", ["id", "number", "yes", "day", "at", "level", "states", "secret", "names"])
@pytest.mark.parametrize("value", [{"$gt": ""}, {"a": 1}, ["x", {"$ne": 1}], object()])
def test_a_value_of_another_type_never_gets_in(field: str, value: Any) -> None:
    good = {"id": "1", "number": 1, "part": 1.0, "yes": True, "day": None, "at": datetime(2026, 1, 1, tzinfo=UTC)}
    good |= {"level": IdentityLevel.L1, "states": frozenset(), "secret": None, "names": (), "free": {}}
    with pytest.raises(TypeError, match=field):
        to_bson(Everything(**(good | {field: value})))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=field):
        changes_to_bson(Everything, {field: value})


def test_a_free_value_cannot_hold_an_operator_or_a_naive_time() -> None:
    for bad in ({"$where": "1"}, {"a": {"$ne": 1}}, [{"$gt": 1}], {1: "a"}, {"a\0b": 1}, datetime(2026, 1, 1)):  # noqa: DTZ001
        with pytest.raises(TypeError):
            loose(bad)
    assert loose({"a": (1, date(2026, 1, 2), Channel.PC)}) == {"a": [1, "2026-01-02", "pc"]}


def test_an_unknown_field_cannot_be_changed_and_a_missing_one_is_named() -> None:
    with pytest.raises(TypeError, match="colour"):
        changes_to_bson(Company, {"colour": "red"})
    with pytest.raises(KeyError, match="account_id"):
        from_bson(Session, {"_id": "x"})


def test_filters_take_texts_and_numbers_only() -> None:
    assert (text("a"), whole(3)) == ("a", 3)
    for bad in ({"$gt": ""}, None, 3, ["a"], b"a"):
        with pytest.raises(Invalid):
            text(bad)
    for bad in ({"$gt": 0}, None, "3", True):
        with pytest.raises(Invalid):
            whole(bad)


@given(plain=st.text(max_size=60))
def test_a_secret_opens_to_what_was_put_in_and_shows_nothing_of_it(keys: Keys, plain: str) -> None:
    vault = Vault(keys)
    first, second = vault.conceal(plain, "***"), vault.conceal(plain, "***")
    assert vault.reveal(first) == vault.reveal(second) == plain
    assert first.token != second.token
    assert first.blind == second.blind == vault.blind(plain)
    assert "token" not in repr(first)
    assert len(plain.encode()) < 4 or plain.encode() not in first.token


def test_every_changed_byte_of_a_secret_is_noticed(keys: Keys) -> None:
    vault = Vault(keys)
    secret = vault.conceal("440106199001010013", "440***********0013")
    for at in range(len(secret.token)):
        changed = bytearray(secret.token)
        changed[at] ^= 1
        with pytest.raises(IntegrityFault):
            vault.reveal(Secret(blind=secret.blind, masked=secret.masked, token=bytes(changed)))
    other = vault.conceal("440106198502280025", "")
    for broken in (
        Secret(other.blind, "", secret.token),
        Secret(secret.blind, "", b""),
        Secret(secret.blind, "", b"\x09k"),
    ):
        with pytest.raises(IntegrityFault):
            vault.reveal(broken)


def test_a_new_key_encrypts_anew_while_old_secrets_still_open(keys: Keys) -> None:
    from dataclasses import replace

    old = Vault(keys).conceal("13800138000", "138****8000")
    changed = replace(keys, fields={**keys.fields, "k2": b"2" * 32}, field_current="k2")
    new = Vault(changed).conceal("13800138000", "138****8000")
    assert Vault(changed).reveal(old) == Vault(changed).reveal(new) == "13800138000"
    assert old.blind == new.blind
    with pytest.raises(IntegrityFault, match="EQICHA_KEYS_FILE"):
        Vault(keys).reveal(new)


def test_the_blind_index_sees_through_width_case_and_spaces_only(keys: Keys) -> None:
    vault = Vault(keys)
    assert vault.blind("44010619900101001x") == vault.blind("４４０１０６ 19900101001X")
    assert vault.blind("440106199001010013") != vault.blind("440106199001010014")
    assert vault.person_key("a") not in ("", vault.blind("a"))


@pytest.mark.parametrize("weak", ["w=1", "journal=false", "retryWrites=false", "readConcernLevel=local", "w=0"])
def test_an_address_that_asks_for_less_safety_is_refused(
    run: Run[Any], store_settings: Any, keys: Keys, weak: str
) -> None:
    address = store_settings.mongo_url.partition("&")[0] + "&" + weak
    with pytest.raises(SettingsError, match="EQICHA_MONGO_URL"):
        run(open_store(load_settings(mongo_url=address, var_dir=store_settings.var_dir), keys))


def test_a_missing_or_silent_database_is_named(run: Run[Any], store_settings: Any, keys: Keys) -> None:
    for address in ("", "mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=200"):
        with pytest.raises(SettingsError, match="EQICHA_MONGO_URL"):
            run(open_store(load_settings(mongo_url=address, var_dir=store_settings.var_dir), keys))
    forget_half_open()


def forget_half_open() -> None:
    """The driver leaves the socket of a connection that was being made when its client closed to the collector."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def test_the_store_knows_its_server_and_writes_are_journalled_by_the_majority(store: Any, run: Run[Any]) -> None:
    facts = run(store.server())
    assert facts.replica_set == "rs0"
    assert facts.write_concern == "w=majority j=true"
    assert run(store.ping())
    run(store.ensure_indexes())
