"""Contexts of error pages, shown by the base handler only."""

from views.contexts import Context, context


@context
class Fault(Context):
    """One fault in plain words: what happened, what to do, and the number to quote on the telephone."""

    template = "pages/error.html"
    fragment = "fault"
    status: int
    says: str
    remedy: str = ""
    ground: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    request_id: str = ""
    back: str = "/"
