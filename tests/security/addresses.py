"""Every address of the service with something standing in each of its groups, and a picture of all that is stored;
for the tests here that walk over all routes."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from bson import json_util
from pymongo import MongoClient

from conf.settings import Settings
from handlers.guards import VERBS, guard_of
from handlers.routes import all_routes

#: Collections any request may write to: evidence, sessions, counters.
WRITTEN_BY_ASKING = {"organ_views", "audit_events", "tallies", "sessions", "limits", "leases", "audit_trees"}
#: What stands in a group of a pattern, by the group: the name it has in the table of tests/security/matrix_rows.py.
GROUPS = {
    r"([0-9A-HJ-NP-RTUW-Y]{18})": "uscc", r"([0-9A-Z]{18})": "uscc", r"(TH\d{8}-[0-9A-Z]{6})": "order",
    r"(THC\d{8}-[0-9A-Z]{6})": "copy", r"(TK\d{8}-[0-9A-Z]{6})": "task", r"(ZWP\d{8}-[0-9A-Z]{6})": "batch",
    r"([0-9a-f]{30})": "key", r"([A-Za-z0-9_.-]{1,80})": "id", r"([A-Za-z0-9_-]{1,400})": "token",
    r"([a-z0-9-]{2,30})": "system", r"([0-9]{1,5})": "n", r"([12])": "turn",
}  # fmt: skip
#: Words out of which an address takes one: `(thumb|view|full)`.
CHOICE = re.compile(r"\(([\w-]+(?:\|[\w-]+)+)\)")


def address_of(pattern: str) -> str:
    """A route's pattern for people: `/orders/{order}/copy`, `/enter/(shb|yst)`. A ValueError names what is new."""
    path = pattern.removesuffix("$")
    for group, name in GROUPS.items():
        path = path.replace(group, f"{{{name}}}")
    path = path.replace("\\", "")
    if "(" in CHOICE.sub("", path):
        raise ValueError(f"{pattern}: name its group in GROUPS")
    return path


def filled(address: str, values: Mapping[str, str]) -> str:
    """The address with `values` in its groups, by name; of words to choose from, the first."""
    return CHOICE.sub(lambda found: found[1].split("|")[0], address).format_map(values)


def verbs() -> Iterator[tuple[str, str, type]]:
    """(method, address, handler) of every verb that any handler of the router knows."""
    for spec in all_routes():
        for verb in VERBS:
            if guard_of(spec.handler_class, verb) is not None:
                yield verb.upper(), address_of(spec.regex.pattern), spec.handler_class


def picture(settings: Settings) -> dict[str, str]:
    """A digest of everything stored that not just any request may write, by collection."""
    with MongoClient[Any](settings.mongo_url) as client:
        database = client[settings.mongo_database]
        names = database.list_collection_names(filter={"name": {"$regex": "^(?!system\\.)"}})
        return {
            name: hashlib.sha256(json_util.dumps(list(database[name].find().sort("_id", 1))).encode()).hexdigest()
            for name in names
            if name not in WRITTEN_BY_ASKING
        }
