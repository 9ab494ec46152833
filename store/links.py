"""Which account of ours a user of another app is: written once, never moved. Called by flows/entering."""

from store.connection import Base, Tx
from store.encode import from_bson, text, to_bson
from store.records import Link


class Links:
    """Links by "<provider>:<external id>"."""

    def __init__(self, base: Base) -> None:
        self._links = base["links"]

    async def of(self, provider: str, external_id: str, tx: Tx | None = None) -> Link | None:
        found = await self._links.find_one({"_id": link_id(provider, external_id)}, session=tx)
        return None if found is None else from_bson(Link, found)

    async def make(self, link: Link, tx: Tx) -> bool:
        """Keep a link; False when there is one already, which stays as it is.

        Of two at the same moment the transaction lets one through.
        """
        row = to_bson(link)
        key = {"_id": row.pop("_id")}
        done = await self._links.update_one(key, {"$setOnInsert": row}, upsert=True, session=tx)
        return done.upserted_id is not None


def link_id(provider: str, external_id: str) -> str:
    """The key of a link."""
    return f"{text(provider)}:{text(external_id)}"
