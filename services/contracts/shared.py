# SPDX-License-Identifier: Apache-2.0
"""Value types that messages of several services use."""

from typing import Annotated

import msgspec

from services.chassis.contract import Answer, Id

ShortText = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
"""A title, a name, a word."""

LongText = Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
"""A paragraph that a person typed."""


class LocalText(msgspec.Struct, frozen=True, kw_only=True):
    """A text of the organisers in the languages of the conference."""

    de: str
    en: str


class Cut(msgspec.Struct, frozen=True, kw_only=True):
    """One page of a long list: `first` items of those behind the item with key `after` and ahead of the one with key
    `before`; `backward`: not the first but the last ones of them, in the order of the list all the same.
    """

    first: Annotated[int, msgspec.Meta(ge=1, le=100)] = 50
    after: str | None = None
    before: str | None = None
    backward: bool = False


class Listed(Answer, frozen=True, kw_only=True):
    """Base of a page: `keys` are those of its items, `more` whether there are others in the direction of reading."""

    keys: tuple[str, ...]
    more: bool = False


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why staff did something to a person: a code from the code of conduct and who did it."""

    code: ShortText
    by: Id
