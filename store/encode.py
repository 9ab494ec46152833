"""Records to BSON and back, by the types a record declares; every store module converts through here.

`id` becomes `_id` (or the field named by `key`). Enums are stored by value, dates as ISO text (they sort), datetimes
as BSON dates, sets (sorted) and tuples as arrays, a Secret as `{b: blind, m: masked, t: token}`. A value of a type
other than declared is refused, so no dict (and no `$operator`) gets in where a text or number belongs.
"""

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, date, datetime
from enum import Enum
from functools import lru_cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from conf.errors import Invalid
from store.records import Secret

T = TypeVar("T")
Convert = Callable[[Any], Any]


def to_bson(record: Any, *, key: str = "id") -> dict[str, Any]:
    """The record as a BSON document; `key` names the field that becomes `_id`. Raises TypeError on a wrong type."""
    return {
        ("_id" if name == key else name): _checked(convert, getattr(record, name), f"{type(record).__name__}.{name}")
        for name, (convert, _, _) in _plan(type(record)).items()  # type: ignore[arg-type]
    }


def from_bson(kind: type[T], raw: Mapping[str, Any], *, key: str = "id") -> T:
    """A record of `kind` from a BSON document; fields the record does not know are left out."""
    values = {}
    for name, (_, restore, required) in _plan(kind).items():  # type: ignore[arg-type]
        stored = "_id" if name == key else name
        if stored in raw:
            values[name] = restore(raw[stored])
        elif required:
            raise KeyError(f"{kind.__name__}: stored document lacks {stored}")
    return kind(**values)


def changes_to_bson(kind: type, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Named fields of `kind` as `$set` takes them; an unknown name is a TypeError."""
    plan = _plan(kind)
    unknown = sorted(set(changes) - set(plan))
    if unknown:
        raise TypeError(f"{kind.__name__} has no field {', '.join(unknown)}")
    return {name: _checked(plan[name][0], value, f"{kind.__name__}.{name}") for name, value in changes.items()}


def text(value: Any, name: str = "value") -> str:
    """`value` when it is a text, for use in a filter. Else Invalid is raised: no operator gets into a query."""
    if type(value) is str or isinstance(value, str):
        return str(value)
    raise Invalid({name: "请输入文字。"})


def whole(value: Any, name: str = "value") -> int:
    """`value` when it is a whole number; Invalid otherwise."""
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    raise Invalid({name: "请输入整数。"})


def secret_to_bson(secret: Secret) -> dict[str, Any]:
    """How a concealed value stands in a row."""
    return {"b": secret.blind, "m": secret.masked, "t": secret.token}


def _checked(convert: Convert, value: Any, where: str) -> Any:
    try:
        return convert(value)
    except (TypeError, ValueError, AttributeError) as fault:
        raise TypeError(f"{where}: {fault}") from None


@lru_cache(maxsize=256)
def _plan(kind: Any) -> dict[str, tuple[Convert, Convert, bool]]:
    """Field name → (to BSON, from BSON, required), worked out once a record type."""
    hints = get_type_hints(kind)
    return {
        f.name: (_writer(hints[f.name]), _reader(hints[f.name]), f.default is MISSING and f.default_factory is MISSING)
        for f in fields(kind)
    }


def _split(hint: Any) -> tuple[Any, Any, bool]:
    """(origin or type, item type, may be None) of a declared type."""
    optional = False
    if get_origin(hint) in (Union, types.UnionType):
        rest = [arm for arm in get_args(hint) if arm is not type(None)]
        assert len(rest) == 1, f"a record field is one type or None, not {hint}"
        hint, optional = rest[0], True
    origin = get_origin(hint) or hint
    arguments = get_args(hint)
    return origin, (arguments[0] if arguments else Any), optional


def _writer(hint: Any) -> Convert:
    origin, item, optional = _split(hint)
    write = _writer_of(origin, item)
    return (lambda value: None if value is None else write(value)) if optional else write


def _writer_of(origin: Any, item: Any) -> Convert:
    if origin in (tuple, list):
        inner = _writer(item)
        return lambda value: [inner(one) for one in _is(value, (tuple, list))]
    if origin in (frozenset, set):
        inner = _writer(item)
        return lambda value: sorted(inner(one) for one in _is(value, (frozenset, set)))
    if origin is dict:
        return lambda value: loose(_is(value, dict))
    if origin is Any:
        return loose
    if origin is Secret:
        return secret_to_bson
    if origin is datetime:
        return _aware
    if origin is date:
        return lambda value: _is(value, date).isoformat()
    if isinstance(origin, type) and issubclass(origin, Enum):
        return lambda value: origin(value).value
    if is_dataclass(origin):
        return lambda value: to_bson(_is(value, origin), key="")
    return lambda value: _scalar(value, origin)


def _reader(hint: Any) -> Convert:
    origin, item, optional = _split(hint)
    read = _reader_of(origin, item)
    return (lambda value: None if value is None else read(value)) if optional else read


def _reader_of(origin: Any, item: Any) -> Convert:
    if origin in (tuple, list, frozenset, set):
        inner = _reader(item)
        return lambda value: origin(inner(one) for one in value)
    if origin is Secret:
        return lambda value: Secret(blind=value["b"], masked=value["m"], token=bytes(value["t"]))
    if origin is date:
        return date.fromisoformat
    if isinstance(origin, type) and issubclass(origin, Enum):
        return origin
    if is_dataclass(origin):
        return lambda value: from_bson(origin, value, key="")  # type: ignore[arg-type,type-var]
    return lambda value: value


def loose(value: Any) -> Any:
    """A free value (facts, outbox bodies, session values): JSON-like, tuples as arrays, no `$` keys. Enums by value."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        for name in value:
            if not isinstance(name, str) or name.startswith("$") or "\0" in name:
                raise TypeError(f"{name!r} cannot be a key")
        return {name: loose(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [loose(one) for one in value]
    if isinstance(value, (set, frozenset)):
        return sorted(loose(one) for one in value)
    if isinstance(value, datetime):
        return _aware(value)
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, (str, int, float, bool, bytes)):
        return value
    raise TypeError(f"a {type(value).__name__} cannot be stored")


def _aware(value: Any) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise TypeError("a time must be an aware datetime")
    return value.astimezone(UTC)


def _is(value: Any, kind: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"a {type(value).__name__} cannot stand here")
    return value


def _scalar(value: Any, kind: Any) -> Any:
    if isinstance(value, bool) and kind is not bool:
        raise TypeError("a bool cannot stand here")
    if kind is float and isinstance(value, int):
        return float(value)
    return _is(value, kind)
