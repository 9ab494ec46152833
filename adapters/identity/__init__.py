"""Unified identity: who the visitor is. Handlers reach it through flows/signin only."""

from dataclasses import dataclass
from typing import Protocol

from conf.terms import AccountKind, IdentityLevel


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """What the platform says about a person or body. Missing values are empty, never `-1`."""

    provider: str
    subject: str  # useridcode, the stable key
    kind: AccountKind
    name: str
    id_type: str  # 身份证, 统一社会信用代码 …
    id_number: str
    level: IdentityLevel
    phone: str = ""
    mail: str = ""
    operator_name: str = ""  # 经办人 of a legal account
    parent_subject: str = ""  # main account of a sub-account


class IdentityProvider(Protocol):
    def authorize_url(self, *, state: str, redirect_uri: str, level: IdentityLevel | None = None) -> str:
        """Where to send the browser; with `level` the platform is asked to raise the account to it."""
        ...

    async def exchange(self, code: str, *, redirect_uri: str) -> Identity:
        """One-time code → identity. Raises ProviderRejected (code used, forged) or ProviderUnavailable."""
        ...

    def logout_url(self, *, redirect_uri: str) -> str: ...
