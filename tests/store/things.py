"""Small records for the tests of orders, copies, messages and the audit; every name is fictional (样例)."""

import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from conf.terms import (
    AuditTag,
    Channel,
    CopyStatus,
    OrderStatus,
    OutboxKind,
    OutboxStatus,
    Outcome,
    PurposeCode,
    Satisfaction,
)
from store import Store
from store.ids import copy_no_of, new_order_no
from store.records import Copy, CopyPage, Decision, Order, OrderItem, OutboxMessage, Purpose, Rating, Session, Step

T0 = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
USCC = "91440106MA5TEST001"


def an_order(**changes: Any) -> Order:
    order = Order(
        no=new_order_no(T0),
        account_id="acc-1",
        request_key=secrets.token_hex(8),
        request_digest="body",
        uscc=USCC,
        company_name="广州样例𠮷贸易有限公司",
        requester_masked="*三",
        items=(
            OrderItem(
                document_id="d1", filing_id="f1", filing_title="设立登记", document_title="公司章程", page_count=3
            ),
        ),
        with_extract=False,
        page_count=3,
        purpose=Purpose(code=PurposeCode.OWN_AFFAIRS),
        consent_version="1",
        channel=Channel.PC,
        decision=Decision(
            outcome=Outcome.PERMIT,
            rule_id="own",
            rule_version="1",
            ground="",
            says="",
            remedy="",
            facts={"own": True},
            documents=(),
            decided_at=T0,
        ),
        status=OrderStatus.SUBMITTED,
        history=(Step(status=OrderStatus.SUBMITTED, at=T0, by="visitor"),),
        created_at=T0,
        updated_at=T0,
        due_at=None,
        copy_no="",
        refusal="",
        fault="",
        attempts=0,
        version=0,
        document_ids_permitted=frozenset(),
    )
    return replace(order, **changes)


def a_copy(store: Store, order: Order, **changes: Any) -> Copy:
    code = changes.pop("plain_code", secrets.token_hex(10).upper())
    copy = Copy(
        no=copy_no_of(order.no),
        order_no=order.no,
        account_id=order.account_id,
        uscc=order.uscc,
        company_name=order.company_name,
        issued_at=T0,
        valid_until=T0 + timedelta(days=90),
        download_until=T0 + timedelta(days=30),
        code=store.vault.conceal(code, code[:4] + "…"),
        status=CopyStatus.VALID,
        withdrawn_reason="",
        sha256="0" * 64,
        size=10,
        pages=(
            CopyPage(
                number=1,
                kind="certificate",
                document_id="",
                document_title="",
                original_page=0,
                digest="",
                content_digest="c",
            ),
        ),
        cert_sn="01",
        signer="样例专用章",
        filing_number=2,
        filed_on=None,
    )
    return replace(copy, **changes)


def a_message(reference: str, order_no: str = "", **changes: Any) -> OutboxMessage:
    message = OutboxMessage(
        id=f"m-{reference}",
        kind=OutboxKind.SMS,
        reference=reference,
        order_no=order_no,
        body={"template": "copy_ready"},
        recipient=None,
        status=OutboxStatus.WAITING,
        attempts=0,
        next_at=T0,
        created_at=T0,
        done_at=None,
        fault="",
    )
    return replace(message, **changes)


def a_session(**changes: Any) -> Session:
    session = Session(
        id=secrets.token_hex(32),
        account_id="",
        staff_id="",
        channel=Channel.PC,
        terminal_id="",
        created_at=T0,
        seen_at=T0,
        expires_at=T0 + timedelta(hours=8),
        values={},
    )
    return replace(session, **changes)


def a_rating(order_no: str, number: int = 1) -> Rating:
    return Rating(
        order_no=order_no,
        number=number,
        satisfaction=Satisfaction.GOOD,
        tags=("快",),
        text="",
        channel=Channel.PC,
        at=T0,
    )


def an_event(n: int = 0, **changes: Any) -> dict[str, Any]:
    """Arguments of store.audit.append."""
    event = {
        "tag": AuditTag.PAGE_VIEWED,
        "who": f"acc-{n % 7}",
        "role": "visitor",
        "channel": Channel.PC,
        "request_id": f"r-{n}",
        "address": "192.0.2.7",
        "subject": f"page-{n}",
        "outcome": "done",
        "fields": {"size": "view", "rule": "own"},
    }
    return event | changes
