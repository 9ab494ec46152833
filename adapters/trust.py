"""Whom we trust over TLS: the certificates of the system, to which a network of its own adds its authority."""

import ssl
from functools import cache


@cache
def trusted() -> ssl.SSLContext:
    """One context for every client of a process: reading the system's certificates takes tens of milliseconds."""
    return ssl.create_default_context()
