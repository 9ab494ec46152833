"""Context of the page a visitor of another app reads when its ticket lets nobody in."""

from views.contexts import Context, context


@context
class EntryFailed(Context):
    """Why nobody came in, in plain words, the next step, and the way in that always works."""

    template = "pages/entry_failed.html"
    says: str
    remedy: str
