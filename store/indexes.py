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
    ],
    "pages": [
        IndexModel([("document_id", UP), ("number", UP)], name="of_document"),
    ],
    # -- evidence (orders, copies, outbox, accounts, sessions, ratings, staff, terminals, audit, leases, limits)
}


async def ensure_indexes(db: AsyncDatabase[Row]) -> None:
    """Make the collections and every index of the list; repeating it changes nothing."""
    there = set(await db.list_collection_names())
    for name, models in INDEXES.items():
        if name not in there:  # a transaction cannot always make a collection, so none has to
            await db.create_collection(name)
        if models:
            await db[name].create_indexes(models)


__all__ = ["DOWN", "INDEXES", "UP", "ensure_indexes"]
