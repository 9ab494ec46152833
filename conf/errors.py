"""Every fault the service names. Only the base handler turns one into a page, a fragment or JSON.

EqichaError
├── NotFound              absent, or another's: the two are told apart nowhere
├── Forbidden             a decision refused; carries the Decision
├── SignInNeeded          nobody is signed in, or the level is too low
├── Conflict              the thing moved on meanwhile
├── Invalid               input; {field: message in the visitor's language}
├── TooMany               a limit; carries seconds until it is free again
├── IntegrityFault        stored bytes do not match their digest
├── BackupRefused         a backup file or its database will not do; the text says what to do
├── StoreUnavailable      the database did not answer in time; nothing was half done
├── WorkFault             a child process died, ran out of time or memory
├── ProviderRejected      an outside system said no, for good
└── ProviderUnavailable   an outside system did not answer properly; try again later
"""

from typing import Any


class EqichaError(Exception):
    """Base of every named fault. Survives the way out of a child process whatever its initialiser takes."""

    def __reduce__(self) -> Any:
        return _revive, (type(self), self.args, self.__dict__)


def _revive(kind: type[EqichaError], args: tuple[Any, ...], state: dict[str, Any]) -> EqichaError:
    made = kind.__new__(kind)
    made.args = args
    made.__dict__.update(state)
    return made


class NotFound(EqichaError):
    """Absent, or not this visitor's: the answer is the same."""


class Forbidden(EqichaError):
    """A decision refused. `decision` is a store.records.Decision; it says which rule and what would change it."""

    def __init__(self, decision: Any) -> None:
        super().__init__(str(getattr(decision, "rule_id", "")))
        self.decision = decision


class SignInNeeded(EqichaError):
    """The step needs identity level `level` (conf.terms.IdentityLevel)."""

    def __init__(self, level: int) -> None:
        super().__init__(f"level {level} needed")
        self.level = level


class Conflict(EqichaError):
    """A guarded move found another state than it expected."""


class Invalid(EqichaError):
    """Input that cannot be taken: `fields` maps a field name to a sentence for the visitor."""

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__(", ".join(sorted(fields)))
        self.fields = fields


class TooMany(EqichaError):
    """A limit was met; free again in `retry_after` seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"retry after {retry_after} s")
        self.retry_after = retry_after


class IntegrityFault(EqichaError):
    """Bytes read do not match the digest recorded when they were stored."""


class BackupRefused(EqichaError):
    """A backup file, or the database it is for, will not do; the text is one line saying why and what to do."""


class StoreUnavailable(EqichaError):
    """The database is away or too slow just now; what was asked was either done wholly or not at all."""


class WorkFault(EqichaError):
    """A job in a child process failed. `reason` is a sentence fit to show staff."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ProviderRejected(EqichaError):
    """Final: the outside system `system` refused; `reason` is ours, mapped from the vendor's."""

    def __init__(self, system: str, reason: str) -> None:
        super().__init__(f"{system}: {reason}")
        self.system, self.reason = system, reason


class ProviderUnavailable(EqichaError):
    """Again later: the outside system `system` gave no proper answer.

    `in_doubt`: the request may have arrived all the same, so only that system may be asked again with our reference.
    """

    def __init__(self, system: str, reason: str, *, in_doubt: bool = True) -> None:
        super().__init__(f"{system}: {reason}")
        self.system, self.reason, self.in_doubt = system, reason, in_doubt
