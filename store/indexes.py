"""Every index of the database in one list; `Store.ensure_indexes` and `eqicha.py indexes` bring it about.

One line an index, with the question it answers. A collection that is only read by `_id` has none.
"""

from pymongo import ASCENDING as UP
from pymongo import DESCENDING as DOWN
from pymongo import IndexModel
from pymongo.asynchronous.database import AsyncDatabase

from store.connection import Row

INDEXES: dict[str, list[IndexModel]] = {
    # -- the registry
    "companies": [
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
    # -- visitors, staff, machines
    "accounts": [
        IndexModel([("provider", UP), ("subject", UP)], name="identity", unique=True),  # one account a person
    ],
    "grants": [
        IndexModel([("account_id", UP), ("uscc", UP), ("until", UP)], name="of_account"),
    ],
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
    "terminals": [
        IndexModel([("key_digest", UP)], name="key", unique=True),
    ],
    "leases": [],
    "limits": [
        IndexModel([("expires_at", UP)], name="over", expireAfterSeconds=0),
    ],
    # -- orders and what follows from them
    "orders": [
        IndexModel([("account_id", UP), ("request_key", UP)], name="request", unique=True),  # made once
        IndexModel([("account_id", UP), ("created_at", DOWN), ("_id", DOWN)], name="of_account"),
        IndexModel([("status", UP), ("created_at", UP), ("_id", UP), ("free_at", UP)], name="queue"),  # claim, review
        IndexModel([("expires_at", UP), ("status", UP)], name="expiry", sparse=True),
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
    "ratings": [
        IndexModel([("order_no", UP), ("number", UP)], name="of_order"),
    ],
    "outbox": [
        IndexModel([("reference", UP)], name="reference", unique=True),  # written once
        IndexModel([("status", UP), ("next_at", UP), ("place", UP)], name="queue"),
        IndexModel([("order_no", UP), ("place", UP)], name="of_order"),
        IndexModel([("status", UP), ("done_at", DOWN)], name="ended"),  # what staff look through
    ],
    "inbox": [
        IndexModel([("status", UP), ("received_at", UP)], name="waiting"),
        IndexModel([("subject", UP), ("received_at", UP)], name="of_subject"),
    ],
    "nonces": [
        IndexModel([("expires_at", UP)], name="expiry", expireAfterSeconds=0),
    ],
    # -- evidence
    "audit_events": [
        IndexModel(  # no position twice
            [("position", UP)], name="position", unique=True, partialFilterExpression={"position": {"$gte": 0}}
        ),
        IndexModel([("waiting", UP), ("_id", UP)], name="waiting", partialFilterExpression={"waiting": True}),
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
