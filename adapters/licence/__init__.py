"""Electronic business licence: an enterprise proves itself by scanning a code of ours with its licence app.

Handlers reach it through flows/licence_signin; what the platform tells comes through adapters/licence/platform.py.
"""

import hashlib
from datetime import datetime
from typing import Protocol


class LicenceProvider(Protocol):
    """Makes addresses only; the platform answers of its own accord, by a signed call."""

    def scan_address(self, ticket: str, *, until: datetime) -> str:
        """What the QR code holds: the platform's page that authorises `ticket` (random, ours) before `until`."""
        ...


def scan_id(ticket: str) -> str:
    """What we keep of a ticket, and by which the platform's word is matched: its SHA-256, hex."""
    return hashlib.sha256(ticket.encode()).hexdigest()
