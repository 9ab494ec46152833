"""Every index of the database in one list; `Store.ensure_indexes` and `eqicha.py indexes` bring it about.

One line an index, with the question it answers. A collection that is only read by `_id` has none.
"""

import pymongo
from pymongo import ASCENDING as UP
from pymongo import DESCENDING as DOWN
from pymongo import IndexModel
from pymongo.asynchronous.database import AsyncDatabase

from store.connection import Row

INDEXES: dict[str, list[IndexModel]] = {
    # -- the registry
    "companies": [
        IndexModel(  # who holds shares in whom
            [("persons.is_body", UP)], name="with_bodies", partialFilterExpression={"persons.is_body": True}
        ),
        IndexModel([("name", UP)], name="name"),  # a shareholder known by name only
        IndexModel(
            [("ended_on", UP)], name="ended", partialFilterExpression={"ended_on": {"$gt": ""}}
        ),  # whose term is over
        IndexModel([("own", UP)], name="own", sparse=True),  # owned_by: blind indexes of those named in the register
    ],
    "name_search": [
        IndexModel([("g", UP), ("r", UP)], name="grams_by_rank"),  # the one index of name search
    ],
    "filings": [
        IndexModel([("uscc", UP), ("number", UP)], name="of_company"),
        IndexModel([("documents.id", UP)], name="of_document", unique=True, sparse=True),  # an id names one document
    ],
    "pages": [
        IndexModel([("document_id", UP), ("number", UP)], name="of_document"),
    ],
    "page_sizes": [],
    "scans.files": [
        IndexModel([("filename", UP)], name="digest", unique=True),  # one file a digest, see store/blobs.py
    ],
    "renditions.files": [
        IndexModel([("filename", UP)], name="digest", unique=True),
    ],
    "move_outs": [
        IndexModel([("is_open", UP), ("due_at", UP)], name="due"),  # paper dossiers still here, the most urgent first
        IndexModel([("is_open", UP), ("handed_on", DOWN)], name="ended"),
    ],
    "tasks": [
        IndexModel([("is_open", UP), ("due_at", UP), ("_id", UP)], name="due"),
        IndexModel([("is_open", UP), ("ended_at", DOWN)], name="ended"),
        IndexModel([("account_id", UP), ("opened_at", DOWN)], name="of_account"),
        IndexModel(  # one open task of a visitor about one thing
            [("account_id", UP), ("kind", UP), ("document_id", UP), ("page", UP)],
            name="open",
            unique=True,
            partialFilterExpression={"is_open": True},
        ),
    ],
    # -- visitors, staff, machines
    "accounts": [
        IndexModel([("provider", UP), ("subject", UP)], name="identity", unique=True),  # one account a person
        IndexModel([("id_number.b", UP)], name="number"),  # the auditor's search by exact number
        IndexModel([("created_at", UP)], name="by_time"),  # recount of a day
    ],
    "grants": [
        IndexModel([("account_id", UP), ("uscc", UP), ("until", UP)], name="of_account"),
    ],
    "links": [],
    "sessions": [
        IndexModel([("expires_at", UP)], name="over", expireAfterSeconds=0),
        IndexModel([("account_id", UP)], name="of_account"),  # drop_of
        IndexModel([("staff_id", UP)], name="of_staff"),
    ],
    "staff": [
        IndexModel([("login", UP)], name="login", unique=True),
    ],
    "proposals": [
        IndexModel([("status", UP), ("proposed_at", DOWN)], name="listed"),
        IndexModel(  # one open proposal about one thing
            [("kind", UP), ("about", UP)], name="open", unique=True, partialFilterExpression={"status": "open"}
        ),
    ],
    "tuned": [
        IndexModel([("what", UP)], name="current", unique=True, partialFilterExpression={"is_current": True}),
        IndexModel([("what", UP), ("at", DOWN)], name="history"),
    ],
    "signatories": [
        IndexModel([("first_day", DOWN)], name="by_day"),
    ],
    "rule_sets": [],
    "rule_drafts": [],
    "front_notices": [
        IndexModel([("ends_at", UP)], name="not_over"),
    ],
    # -- government users
    "units": [
        IndexModel([("uscc", UP)], name="uscc", unique=True),
    ],
    "unit_users": [
        IndexModel([("login", UP)], name="login", unique=True),
        IndexModel([("unit_id", UP)], name="of_unit"),
    ],
    "organ_cases": [
        IndexModel([("unit_id", UP), ("no", UP)], name="number", unique=True),  # a case number once a unit
        IndexModel([("unit_id", UP), ("closed_at", UP), ("opened_at", DOWN)], name="of_unit"),
        IndexModel([("check", UP), ("due_at", UP)], name="to_check"),  # overdue first
    ],
    "organ_views": [
        IndexModel([("case_id", UP), ("_id", DOWN)], name="of_case"),
    ],
    "letters.files": [
        IndexModel([("filename", UP)], name="digest", unique=True),
    ],
    "batch_lookups": [
        IndexModel([("case_id", UP), ("created_at", DOWN)], name="of_case"),
        IndexModel([("status", UP), ("created_at", UP)], name="queue"),
        IndexModel([("sha256", UP)], name="file"),
        IndexModel([("code.b", UP)], name="code", unique=True, sparse=True),  # whoever verifies a result
    ],
    "batch_files.files": [
        IndexModel([("filename", UP)], name="digest", unique=True),
    ],
    "terminals": [
        IndexModel([("key_digest", UP)], name="key", unique=True),
    ],
    "leases": [],
    "limits": [
        IndexModel([("expires_at", UP)], name="over", expireAfterSeconds=0),
    ],
    "codes": [
        IndexModel([("drop_at", UP)], name="over", expireAfterSeconds=0),
    ],
    "code_counts": [
        IndexModel([("drop_at", UP)], name="over", expireAfterSeconds=0),
    ],
    # -- orders and what follows from them
    "orders": [
        IndexModel([("account_id", UP), ("request_key", UP)], name="request", unique=True),  # made once
        IndexModel([("account_id", UP), ("created_at", DOWN), ("_id", DOWN)], name="of_account"),
        IndexModel([("status", UP), ("created_at", UP), ("_id", UP), ("free_at", UP)], name="queue"),  # claim, review
        IndexModel(  # which rules sent something that waits
            [("status", UP), ("decision.rule_id", UP)],
            name="waiting_by_rule",
            partialFilterExpression={"status": "under_review"},
        ),
        IndexModel([("expires_at", UP), ("status", UP)], name="expiry", sparse=True),
        IndexModel([("created_at", UP)], name="by_time"),  # recount of a day
        IndexModel([("unrated_since", UP)], name="unrated", sparse=True),  # default ratings
    ],
    "answers.files": [
        IndexModel([("filename", UP)], name="digest", unique=True),  # what visitors sent with an answer
    ],
    "copies": [
        IndexModel([("order_no", UP)], name="order", unique=True),  # one copy an order
        IndexModel([("code.b", UP)], name="code", unique=True),
        IndexModel([("sha256", UP)], name="file"),
        IndexModel([("file_removed_at", UP), ("valid_until", UP)], name="over"),  # whose file retention removes
    ],
    "copy_files.files": [
        IndexModel([("filename", UP)], name="digest", unique=True),
    ],
    "seals": [
        IndexModel([("seal_id", UP), ("version", UP)], name="of_seal", unique=True),
        IndexModel([("fingerprint", UP)], name="certificate"),
    ],
    "ratings": [
        IndexModel([("order_no", UP), ("number", UP)], name="of_order"),
        IndexModel([("at", UP)], name="lately"),  # the figures of the last days
    ],
    "followups": [
        IndexModel([("is_open", UP), ("next_due", UP), ("_id", UP)], name="due"),  # the most urgent first
        IndexModel([("is_open", UP), ("feedback_at", DOWN)], name="closed"),
    ],
    "outbox": [
        IndexModel([("reference", UP)], name="reference", unique=True),  # written once
        IndexModel([("status", UP), ("next_at", UP), ("place", UP)], name="queue"),
        IndexModel([("order_no", UP), ("place", UP)], name="of_order"),
        IndexModel([("status", UP), ("done_at", DOWN)], name="ended"),  # what staff look through
        IndexModel(
            [("receipt_at", DOWN)], name="unreceived", partialFilterExpression={"receipt": "failed"}
        ),  # likewise: taken, and reported as not received
    ],
    "inbox": [
        IndexModel([("status", UP), ("received_at", UP)], name="waiting"),
        IndexModel([("subject", UP), ("received_at", UP)], name="of_subject"),
    ],
    "nonces": [
        IndexModel([("expires_at", UP)], name="expiry", expireAfterSeconds=0),
    ],
    # -- papers on the shelves
    "paper_volumes": [
        IndexModel([("parts.uscc", UP)], name="of_company"),  # where a company's papers are
        IndexModel([("handover_no", UP), ("_id", UP)], name="of_list"),
        IndexModel([("location", UP), ("state", UP), ("_id", UP)], name="at"),  # what stands there, or nowhere yet
        IndexModel([("state", UP), ("_id", UP)], name="kept"),  # what may be old enough
    ],
    "paper_locations": [],
    "paper_handovers": [
        IndexModel([("made_at", DOWN)], name="newest"),
    ],
    "paper_loans": [
        IndexModel([("is_out", UP), ("due_at", UP)], name="out"),  # the longest due first; reminders
        IndexModel([("is_out", UP), ("returned_at", DOWN)], name="back"),
    ],
    "paper_destructions": [
        IndexModel([("made_at", DOWN)], name="newest"),
    ],
    # -- what other registers say
    "differences": [
        IndexModel([("uscc", UP), ("state", UP), ("seen_at", DOWN)], name="of_company"),
    ],
    "comparisons": [
        IndexModel(  # what staff look through
            [("at", DOWN)], name="with_open", partialFilterExpression={"open": {"$gt": 0}}
        ),
    ],
    "licence_scans": [
        IndexModel([("expires_at", UP)], name="over", expireAfterSeconds=0),
    ],
    # -- numbers
    "tallies": [],
    "buckets": [],  # read by ranges of _id
    "company_buckets": [
        # top companies of one period, or of several summed without reading a row
        IndexModel([("period", UP), ("n", DOWN), ("uscc", UP)], name="most_of"),
    ],
    "served": [],
    "recounts": [],
    # -- evidence
    "audit_events": [
        IndexModel(  # no position twice
            [("position", UP)], name="position", unique=True, partialFilterExpression={"position": {"$gte": 0}}
        ),
        IndexModel([("waiting", UP), ("_id", UP)], name="waiting", partialFilterExpression={"waiting": True}),
        # the auditor's search and the list of who looked into a dossier, newest first
        IndexModel([("at", DOWN), ("_id", DOWN)], name="by_time"),  # also the recount of a day
        IndexModel([("who", UP), ("at", DOWN), ("_id", DOWN)], name="by_who"),
        IndexModel([("subject", UP), ("at", DOWN), ("_id", DOWN)], name="by_subject"),
        IndexModel([("tag", UP), ("at", DOWN), ("_id", DOWN)], name="by_tag"),
        IndexModel([("outcome", UP), ("at", DOWN), ("_id", DOWN)], name="by_outcome"),
        IndexModel([("channel", UP), ("at", DOWN), ("_id", DOWN)], name="by_channel"),
        IndexModel(
            [("fields.uscc", UP), ("at", DOWN), ("_id", DOWN)],
            name="by_company",
            partialFilterExpression={"fields.uscc": {"$exists": True}},
        ),
        IndexModel(
            [("fields.order_no", UP), ("at", DOWN), ("_id", DOWN)],
            name="by_order",
            partialFilterExpression={"fields.order_no": {"$exists": True}},
        ),
    ],
    "audit_blocks": [],
    "audit_checks": [
        IndexModel([("started_at", DOWN)], name="newest"),
    ],
    "audit_trees": [],
    "audit_checkpoints": [
        IndexModel([("at", UP)], name="signed"),  # the last one older than the term, for retention
    ],
    "audit_trims": [],
    # -- keeping it running
    "backups": [
        IndexModel([("made_at", DOWN)], name="made"),
    ],
    "jobs": [],
    "inspections": [
        IndexModel([("made_at", DOWN)], name="made"),
    ],
}


#: What the driver makes at the first upload into an empty bucket; one that was restored was never empty.
_CHUNKS = IndexModel([("files_id", UP), ("n", UP)], name="files_id_1_n_1", unique=True)


async def ensure_indexes(db: AsyncDatabase[Row], *, only_grid: bool = False) -> None:
    """Make the collections and every index of the list; repeating it changes nothing. `only_grid`: of chunks only."""
    with pymongo.timeout(_LONGEST):
        await _ensure(db, only_grid=only_grid)


#: Seconds: an index over millions of rows takes longer than a page's question may.
_LONGEST = 6 * 3600


async def _ensure(db: AsyncDatabase[Row], *, only_grid: bool) -> None:
    for bucket in (name.removesuffix(".files") for name in INDEXES if name.endswith(".files")):
        await db[f"{bucket}.chunks"].create_indexes([_CHUNKS])
    if only_grid:
        return
    there = set(await db.list_collection_names())
    for name, models in INDEXES.items():
        if name not in there:  # a transaction cannot always make a collection, so none has to
            await db.create_collection(name)
        if models:
            await db[name].create_indexes(models)


__all__ = ["DOWN", "INDEXES", "UP", "ensure_indexes"]
