# SPDX-License-Identifier: Apache-2.0
"""Makes an example of a type as JSON: every field filled, every collection with one element."""

from typing import Any

import msgspec
from msgspec import inspect

HEX = "0123456789abcdef" * 2


def example(of: type[msgspec.Struct]) -> Any:
    """An example of a struct, as what `json.decode` would give."""
    return _example(inspect.type_info(of), "")


def _example(info: inspect.Type, field: str) -> Any:
    match info:
        case inspect.Metadata(type=inner):
            return _example(inner, field)
        case inspect.StructType() | inspect.DataclassType() | inspect.TypedDictType() | inspect.NamedTupleType():
            return _fields(info)
        case inspect.UnionType(types=types):
            return _example(next(one for one in types if not isinstance(one, inspect.NoneType)), field)
        case inspect.ListType(item_type=item) | inspect.SetType(item_type=item) | inspect.FrozenSetType(item_type=item):
            return [_example(item, field) for _ in range(info.min_length or 1)]
        case inspect.VarTupleType(item_type=item):
            return [_example(item, field) for _ in range(info.min_length or 1)]
        case inspect.TupleType(item_types=items):
            return [_example(item, field) for item in items]
        case inspect.DictType(key_type=key, value_type=value):
            return {str(_example(key, field)): _example(value, field)}
        case _:
            return _scalar(info, field)


def _fields(info: Any) -> Any:
    fields = {field.encode_name: _example(field.type, field.encode_name) for field in info.fields}
    if getattr(info, "array_like", False) or isinstance(info, inspect.NamedTupleType):
        tag = [] if getattr(info, "tag", None) is None else [info.tag]
        return [*tag, *fields.values()]
    if getattr(info, "tag_field", None) is not None:
        return {info.tag_field: info.tag, **fields}
    return fields


def _scalar(info: inspect.Type, field: str) -> Any:
    match info:
        case inspect.StrType(pattern=pattern):
            if pattern is not None and "0-9a-f" in pattern:
                return HEX
            return field[: info.max_length] if len(field) >= (info.min_length or 0) else "x" * (info.min_length or 0)
        case inspect.IntType() | inspect.FloatType():
            return _number(info)
        case inspect.EnumType(cls=cls):
            return next(iter(cls)).value
        case inspect.LiteralType(values=values):
            return values[0]
        case _:
            return FIXED[type(info)]


def _number(info: inspect.IntType | inspect.FloatType) -> Any:
    """A number in the middle of what is allowed, and not 0 or 1 where that is allowed."""
    step = 1 if isinstance(info, inspect.IntType) else 0.125
    lowest = info.ge if info.ge is not None else None if info.gt is None else info.gt + step
    highest = info.le if info.le is not None else None if info.lt is None else info.lt - step
    wish = 7 if isinstance(info, inspect.IntType) else 7.5
    return min(max(wish, wish if lowest is None else lowest), wish if highest is None else highest)


FIXED: dict[type[inspect.Type], Any] = {
    inspect.BoolType: True,
    inspect.NoneType: None,
    inspect.AnyType: None,
    inspect.DateTimeType: "2026-11-14T17:30:00.250000Z",
    inspect.DateType: "2026-11-14",
    inspect.TimeType: "18:30:00",
    inspect.TimeDeltaType: "PT90S",
    inspect.UUIDType: "01234567-89ab-4def-8123-456789abcdef",
    inspect.DecimalType: "7.25",
    inspect.BytesType: "Ym94",
    inspect.ByteArrayType: "Ym94",
    inspect.RawType: {},
}
