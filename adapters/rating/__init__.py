"""好差评: cases, services and ratings go to the national platform through this door."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from conf.terms import Channel, Satisfaction


@dataclass(frozen=True, kw_only=True, slots=True)
class RatingReport:
    """One rating with the case it belongs to, in our own terms; the adapter maps both norms' code tables."""

    order_no: str
    task_name: str
    company_name: str
    visitor_name: str
    visitor_is_body: bool
    id_number: str
    accepted_at: datetime
    finished_at: datetime
    channel: Channel
    satisfaction: Satisfaction
    tags: tuple[str, ...]
    text: str
    rated_at: datetime
    number: int  # 1 or 2
    is_default: bool = False  # nobody said it: the time for rating was over
    is_on_the_spot: bool = True  # no person had to review the case


@dataclass(frozen=True, kw_only=True, slots=True)
class RatingVisit:
    """A case whose visitor is about to rate it on the platform's own page."""

    order_no: str
    task_name: str
    company_name: str
    visitor_name: str
    visitor_is_body: bool
    id_number: str
    finished_at: datetime
    channel: Channel


class RatingProvider(Protocol):
    async def report(self, rating: RatingReport) -> None:
        """Push case, service, rating in that order; a repeat of (order_no, number) is recognised."""
        ...


class RatingPage(Protocol):
    """The platform's page, for the redirect style; what is said there comes back by callback."""

    def address(self, visit: RatingVisit) -> str:
        """Where the visitor's browser is sent. Holds name and number: neither logged nor kept."""
        ...
