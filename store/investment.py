"""Shareholdings between companies, from the register's shareholder data. Called by the page of investment."""

import asyncio
from datetime import date
from typing import Any

from conf.terms import PersonRole
from store.connection import Base, Row
from store.records.investment import Holding, Side

#: Roles that hold a part of the company.
HOLDERS = tuple(str(role) for role in (PersonRole.SHAREHOLDER, PersonRole.INVESTOR, PersonRole.MANAGING_PARTNER))
#: More than a district's register has; a bound, so that no page can grow without end.
_AT_MOST = 50_000
_SIDE = {"name": 1, "street_code": 1, "street": 1, "industry": 1}


class Investment:
    """Reads collection `companies`."""

    def __init__(self, base: Base) -> None:
        self._companies, self._vault = base["companies"], base.vault

    async def holdings(self) -> tuple[Holding, ...]:
        """Every holding of a body in a company of the register. Two database calls.

        A holder is known by the keyed hash of its code (nothing is decrypted), without a code by its exact name; one
        that is in neither way in this register is a body from elsewhere.
        """
        shown = _SIDE | {"established_on": 1, "updated_at": 1, "persons": 1}
        asked = {"persons.is_body": True}
        rows = await self._companies.find(asked, shown).limit(_AT_MOST).to_list()
        held = [(row, person) for row in rows for person in row["persons"] if _holds(person)]
        marks = sorted({person["id_number"]["b"] for _, person in held if person.get("id_number")})
        names = sorted({person["name"] for _, person in held if not person.get("id_number")})
        either = {"$or": [{"own": {"$in": marks}}, {"name": {"$in": names}}]}
        known = await self._companies.find(either, _SIDE).to_list()
        return await asyncio.to_thread(self._joined, held, known)

    async def places(self) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
        """Streets (code, name) and industries of the register, for choosing. One database call."""
        steps: list[Row] = [
            {"$group": {"_id": {"code": "$street_code", "street": "$street", "industry": "$industry"}}},
        ]
        rows = [row["_id"] for row in await (await self._companies.aggregate(steps)).to_list()]
        streets = {row["code"]: row["street"] for row in rows if row.get("code")}
        return tuple(sorted(streets.items())), tuple(sorted({row["industry"] for row in rows if row.get("industry")}))

    def _joined(self, held: list[tuple[Row, Row]], known: list[Row]) -> tuple[Holding, ...]:
        by_mark = {self._vault.blind(row["_id"]): row for row in known}
        by_name = {row["name"]: row for row in known}
        return tuple(
            Holding(
                investor=_side(_investor(person, by_mark, by_name), person["name"]),
                investee=_side(row, row["name"]),
                amount=person.get("amount", ""),
                share=person.get("share", ""),
                since=date.fromisoformat(row["established_on"]),
                as_of=row.get("updated_at"),
            )
            for row, person in held
        )


def _holds(person: Row) -> bool:
    return bool(person.get("is_body")) and person["role"] in HOLDERS


def _investor(person: Row, by_mark: dict[str, Row], by_name: dict[str, Row]) -> Row | None:
    number = person.get("id_number")
    return by_mark.get(number["b"]) if number else by_name.get(person["name"])


def _side(row: Any, name: str) -> Side:
    if row is None:
        return Side(name=name)
    return Side(
        name=row["name"], uscc=row["_id"], street_code=row["street_code"], street=row["street"],
        industry=row["industry"],
    )  # fmt: skip
