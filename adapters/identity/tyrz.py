"""The provincial unified identity platform (OAuth2 code flow over GET). Chosen by `identity_provider = tyrz`."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import httpx

from adapters.base import Observe, observe_nothing, open_web
from adapters.identity import Identity
from adapters.identity.tyrz_account import identity_from
from conf.errors import ProviderRejected, ProviderUnavailable
from conf.settings import Settings
from conf.terms import IdentityLevel

SYSTEM = "identity"
SERVICE, SCOPE = "initService", "all"

#: How the platform spells the field of its error code (without _ and -), and the values that stand for none.
ERROR_FIELDS = frozenset({"errcode", "errorcode", "error"})
NO_ERROR = frozenset({"", "0", "0.0", "-1", "none", "null", "false", "ok", "success"})

#: The platform's error codes that no repeat will mend: our code was used, forged, too old, or not ours.
FINAL_ERRORS = {
    "invalid_grant": "code refused",
    "invalid_code": "code refused",
    "expired_code": "code refused",
    "invalid_token": "token refused",
    "access_denied": "visitor declined",
    "invalid_client": "client refused",
    "redirect_uri_mismatch": "redirect address refused",
}


class TyrzIdentity:
    """IdentityProvider over `{identity_url}/authorize`, `/access_token`, `/tokeninfo`."""

    def __init__(
        self,
        settings: Settings,
        *,
        observe: Observe = observe_nothing,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._settings, self._base = settings, settings.identity_url.rstrip("/")
        self.line = open_web(SYSTEM, settings, observe=observe, transport=transport)

    def authorize_url(self, *, state: str, redirect_uri: str, level: IdentityLevel | None = None) -> str:
        """Where to send the browser; `level` asks the platform to raise the account first."""
        query = {
            "service": SERVICE,
            "response_type": "code",
            "scope": SCOPE,
            "client_id": self._settings.identity_client_id,
            "redirect_uri": redirect_uri,
            "state": state,
        }
        if level is not None:
            query["level"] = f"L{int(level)}"
        return f"{self._base}/authorize?{urlencode(query)}"

    async def exchange(self, code: str, *, redirect_uri: str) -> Identity:
        """One-time code → identity, both calls within one deadline."""
        async with self.line.call("exchange"):
            token = await self._access_token(code, redirect_uri)
            return identity_from(await self._ask("tokeninfo", access_token=token))

    def logout_url(self, *, redirect_uri: str) -> str:
        """Where the browser ends the platform's own session."""
        return f"{self._settings.identity_logout_url}?{urlencode({'redirect_uri': redirect_uri})}"

    async def close(self) -> None:
        """Close the kept connections."""
        await self.line.close()

    async def _access_token(self, code: str, redirect_uri: str) -> str:
        answer = await self._ask(
            "access_token",
            client_id=self._settings.identity_client_id,
            client_secret=self._settings.identity_client_secret.get_secret_value(),
            code=code,
            scope=SCOPE,
            grant_type="authorization_code",
            redirect_uri=redirect_uri,
        )
        token = answer["access_token"]
        if not isinstance(token, str) or not token:
            raise TypeError("access_token")
        return token

    async def _ask(self, path: str, **params: str) -> dict[str, Any]:
        """One GET; the platform reports its errors with status 200 and an `errcode`."""
        answer = (await self.line.send("GET", f"{self._base}/{path}", params=params)).json()
        errors = errors_in(answer)
        for error in errors:
            if error in FINAL_ERRORS:
                raise ProviderRejected(SYSTEM, FINAL_ERRORS[error])
        if errors:
            raise ProviderUnavailable(SYSTEM, "platform reports an error")
        return answer


def errors_in(answer: Mapping[str, Any]) -> list[str]:
    """The error codes of an answer with status 200, in lower case; empty when it reports none.

    The field comes as errcode, errCode, err_code, error_code or error, its value as a text or a number.
    """
    found = []
    for name, value in answer.items():
        if re.sub(r"[_-]", "", name).lower() in ERROR_FIELDS:
            code = str(value).strip().lower() if isinstance(value, str | int | float | None) else "of another kind"
            if code not in NO_ERROR:
                found.append(code)
    return found
