"""Terms as pages tell them; used by the contexts of orders, reviews, tasks, companies."""

from datetime import datetime, timedelta


def last_day(due_at: datetime | None) -> datetime | None:
    """The last moment of a term; `due_at` is the midnight that ends it."""
    return due_at and due_at - timedelta(seconds=1)
