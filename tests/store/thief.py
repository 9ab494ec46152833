"""Somebody who attacks the audit in the database, and every way of doing so; each way says which position is bad."""

import random
from collections.abc import Callable
from typing import Any

from store.audit_leaf import leaf_of
from store.merkle import Frontier


class Thief:
    """Somebody who can do anything to the database; `keys` only where a test says so."""

    def __init__(self, db: Any, luck: random.Random, sequence: Callable[[], Any], *, size: int) -> None:
        self.db, self.events, self.luck, self.sequence = db, db["audit_events"], luck, sequence
        self.size = size

    def row(self, position: int) -> dict[str, Any]:
        row = self.events.find_one({"position": position})
        assert row is not None
        return row

    def put(self, row: dict[str, Any], **changes: Any) -> None:
        self.events.replace_one({"_id": row["_id"]}, row | changes)

    def shift(self, start: int, by: int) -> None:
        """Renumber everything from `start` on, out of the way of the unique index."""
        self.events.update_many({"position": {"$gte": start}}, {"$inc": {"position": 10**6 + by}})
        self.events.update_many({"position": {"$gte": 10**6}}, {"$inc": {"position": -(10**6)}})

    def forged(self, position: int | None) -> dict[str, Any]:
        row = self.row(self.luck.randrange(self.size)) | {
            "_id": f"{self.luck.getrandbits(120):030x}",
            "position": position,
        }
        row["leaf"] = leaf_of(row)
        return row

    def roll_back(self, size: int, *, checkpoints: bool = True) -> None:
        """The database as a backup of that size has it."""
        self.events.delete_many({"position": {"$gte": size}})
        leaves = [bytes.fromhex(row["leaf"]) for row in self.events.find().sort("position", 1)]
        frontier = Frontier().extend(leaves)
        state = {"size": size, "peaks": [peak.hex() for peak in frontier.peaks]}
        self.db["audit_trees"].update_one({"_id": "audit"}, {"$set": state})
        if checkpoints:
            self.db["audit_checkpoints"].delete_many({"_id": {"$gt": size}})


def edit(thief: Thief, p: int) -> int:
    thief.put(thief.row(p), subject="another page")
    return p


def edit_and_mend_the_leaf(thief: Thief, p: int) -> int:
    row = thief.row(p) | {"outcome": "refused"}
    thief.put(row, leaf=leaf_of(row))
    return p


def edit_a_field_by_one(thief: Thief, p: int) -> int:
    row = thief.row(p)
    thief.put(row, fields=row["fields"] | {"size": "full"})
    return p


def edit_the_type_of_a_field(thief: Thief, p: int) -> int:
    thief.put(thief.row(p), request_id=["r"])
    return p


def edit_the_time(thief: Thief, p: int) -> int:
    row = thief.row(p)
    thief.put(row, at=row["at"].replace(year=2025))
    return p


def add_a_field(thief: Thief, p: int) -> int:
    thief.put(thief.row(p), note="harmless")
    return p


def spoil_the_leaf(thief: Thief, p: int) -> int:
    thief.put(thief.row(p), leaf="0" * 64)
    return p


def delete(thief: Thief, p: int) -> int:
    thief.events.delete_one({"position": p})
    return p


def delete_and_close_the_gap(thief: Thief, p: int) -> int:
    thief.events.delete_one({"position": p})
    thief.shift(p + 1, -1)
    return p


def take_the_position_away(thief: Thief, p: int) -> int:
    thief.put(thief.row(p), position=None)
    return p


def make_it_wait_again(thief: Thief, p: int) -> int:
    thief.put(thief.row(p), position=None, waiting=True)
    return p


def make_the_position_a_fraction(thief: Thief, p: int) -> int:
    thief.put(thief.row(p), position=p + 0.5)
    return p


def swap(thief: Thief, p: int) -> int:
    other = (p + 1 + thief.luck.randrange(thief.size - 1)) % thief.size
    one, two = thief.row(p), thief.row(other)
    thief.put(one, position=-1)
    thief.put(two, position=p)
    thief.put(one, position=other)
    return min(p, other)


def swap_the_contents(thief: Thief, p: int) -> int:
    other = (p + 1 + thief.luck.randrange(thief.size - 1)) % thief.size
    one, two = thief.row(p), thief.row(other)
    thief.put(one, **{name: two[name] for name in two if name not in ("_id", "position")})
    thief.put(two, **{name: one[name] for name in one if name not in ("_id", "position")})
    return min(p, other)


def insert_between(thief: Thief, p: int) -> int:
    row = thief.forged(p)
    thief.shift(p, 1)
    thief.events.insert_one(row)
    return p


def insert_at_a_taken_position(thief: Thief, p: int) -> int:
    thief.events.drop_index("position")
    thief.events.insert_one(thief.forged(p))
    return p


def insert_at_the_end(thief: Thief, p: int) -> int:
    thief.events.insert_one(thief.forged(thief.size))
    return thief.size


def insert_beyond_the_end(thief: Thief, p: int) -> int:
    thief.events.insert_one(thief.forged(thief.size + 1 + p))
    return thief.size + 1 + p


def insert_a_genuine_one_again(thief: Thief, p: int) -> int:
    thief.events.insert_one(thief.row(p) | {"_id": "f" * 30, "position": thief.size})
    return thief.size


def insert_without_position(thief: Thief, p: int) -> int:
    thief.events.insert_one(thief.forged(None))
    return thief.size


def insert_for_the_sequencer(thief: Thief, p: int) -> int:
    thief.events.insert_one(thief.forged(None) | {"waiting": True})
    return thief.size


def insert_for_the_sequencer_who_takes_it(thief: Thief, p: int) -> int:
    thief.events.insert_one(thief.forged(None) | {"_id": "0" * 30, "waiting": True})
    thief.sequence()
    return thief.size


def cut_off_the_end(thief: Thief, p: int) -> int:
    thief.events.delete_many({"position": {"$gte": p}})
    return p


def cut_off_the_end_with_tree_and_checkpoints(thief: Thief, p: int) -> int:
    thief.roll_back(p)
    return p


ATTACKS: list[Callable[[Thief, int], int]] = [
    edit, edit_and_mend_the_leaf, edit_a_field_by_one, edit_the_type_of_a_field, edit_the_time, add_a_field,
    spoil_the_leaf, delete, delete_and_close_the_gap, take_the_position_away, make_it_wait_again,
    make_the_position_a_fraction, swap, swap_the_contents, insert_between, insert_at_a_taken_position,
    insert_at_the_end, insert_beyond_the_end, insert_a_genuine_one_again, insert_without_position,
    insert_for_the_sequencer, insert_for_the_sequencer_who_takes_it, cut_off_the_end,
    cut_off_the_end_with_tree_and_checkpoints,
]  # fmt: skip
