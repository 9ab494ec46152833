"""Visitors: one account a platform identity, personal values encrypted, permissions that end."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

from pymongo import MongoClient

from conf.terms import AccountKind, IdentityLevel
from store import Store
from store.records import Account, Grant
from tests.conftest import Clock
from tests.store.conftest import DATABASE

WHO: dict[str, Any] = {
    "provider": "tyrz",
    "subject": "u-1",
    "kind": AccountKind.NATURAL,
    "name": "李样例",
    "id_type": "身份证",
    "id_number": "440106199001010016",
    "level": IdentityLevel.L2,
    "phone": "13800138000",
    "mail": "li@example.com",
}


def test_a_visitor_keeps_one_account_and_the_newest_facts(store: Store, run: Any, store_clock: Clock) -> None:
    first = run(store.accounts.remember(**WHO))
    store_clock.forward(days=1)
    again = run(store.accounts.remember(**WHO | {"level": IdentityLevel.L3, "phone": "", "mail": ""}))
    assert (again.id, again.created_at) == (first.id, first.created_at)
    assert (again.level, again.phone, again.signed_in_at) == (IdentityLevel.L3, None, store_clock())
    assert run(store.accounts.by_id(first.id)) == again
    other = run(store.accounts.remember(**WHO | {"subject": "u-2"}))
    assert other.id != first.id, "the same name and telephone do not make the same person"


def test_parallel_first_sign_ins_make_one_account(store: Store, run: Any) -> None:
    async def all_of_them() -> list[Account]:
        return await asyncio.gather(
            *(store.atomically(lambda tx: store.accounts.remember(**WHO, tx=tx)) for _ in range(10))
        )

    assert len({account.id for account in run(all_of_them())}) == 1


def test_numbers_and_addresses_are_stored_encrypted_only(store: Store, run: Any, mongo_url: str) -> None:
    account = run(store.accounts.remember(**WHO))
    assert store.vault.reveal(account.id_number) == WHO["id_number"]
    assert store.vault.reveal(account.phone) == WHO["phone"]
    with MongoClient(mongo_url) as client:
        raw = str(client[DATABASE]["accounts"].find_one({}))
    assert not any(WHO[name] in raw for name in ("id_number", "phone", "mail"))
    assert account.id_number.masked not in ("", WHO["id_number"])


def test_only_an_enterprise_account_carries_a_company(store: Store, run: Any) -> None:
    body = WHO | {"subject": "b", "kind": AccountKind.LEGAL, "id_type": "统一社会信用代码"}
    assert run(store.accounts.remember(**body | {"id_number": "91440106ma5test001"})).uscc == "91440106MA5TEST001"
    assert run(store.accounts.remember(**WHO)).uscc == ""


def test_a_permission_is_there_until_its_time_and_for_its_company_only(
    store: Store, run: Any, store_clock: Clock
) -> None:
    grant = Grant(
        id="g1",
        account_id="acc-1",
        uscc="U1",
        document_ids=frozenset({"d1", "d2"}),
        order_no="o1",
        rule_id="lawyer",
        until=store_clock() + timedelta(days=30),
    )
    run(store.accounts.grant(grant))
    run(store.accounts.grant(replace(grant, document_ids=frozenset({"d1", "d2", "d3"}))))
    assert run(store.accounts.grants("acc-1", "U1")) == (grant,)
    assert run(store.accounts.grants("acc-1", "U2")) == run(store.accounts.grants("acc-2", "U1")) == ()
    store_clock.forward(days=30)
    assert run(store.accounts.grants("acc-1", "U1")) == ()


def test_what_another_door_does_not_say_of_a_sub_account_stays(store: Store, run: Any) -> None:
    """An app's ticket names neither operator nor main account; the platform does, and may take both back."""
    sub = WHO | {"subject": "sub-1", "kind": AccountKind.LEGAL, "id_number": "91440106MA9W00010Y"}
    run(store.accounts.remember(**sub, operator_name="样例乙", parent_subject="main-1"))
    quiet = run(store.accounts.remember(**sub, operator_name=None))
    assert (quiet.parent_subject, quiet.operator_name) == ("main-1", "样例乙")
    assert run(store.accounts.remember(**sub, parent_subject="")).parent_subject == ""
