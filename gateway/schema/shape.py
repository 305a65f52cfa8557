# SPDX-License-Identifier: Apache-2.0
"""How a struct of the contracts becomes a GraphQL object, without being copied field by field.

A GraphQL type names the fields it shows; an instance only holds the answer of the service (`view`) and the
conference it belongs to. A field without a resolver is read from the view.
"""

from collections.abc import Callable, Iterable
from functools import wraps
from inspect import cleandoc, iscoroutinefunction
from typing import Any, NamedTuple, Protocol, TypeVar, dataclass_transform, overload

import strawberry

from gateway.schema.permissions import Needs, directive_of

T = TypeVar("T", bound="Shown")
AnyType = TypeVar("AnyType", bound=type)
Function = TypeVar("Function", bound=Callable[..., Any])


AT_HAND = "at_hand"
"""In the metadata of a field: how it is read without waiting, from the object and a `Reading`."""


Person = tuple[str, str]
"""Conference and participant, or conference and person of its staff."""


class Missing(NamedTuple):
    """A name that must be asked for.

    Args:
        person: whose.
    """

    person: Person


class Reading(Protocol):
    """What an object's fields are read with when nothing may wait."""

    def name(self, person: Person) -> str | Missing | None:
        """The display name of somebody; `Missing` when it must be asked for."""

    answer: Callable[[Any], Any]
    """From a question of a service to its answer in memory; None when it must be asked."""


class Shown:
    """Base of every GraphQL object that wraps an answer of a service.

    Attributes:
        view: the answer, or the part of one.
        conference: id (32 hex digits) of the conference it belongs to; empty when it belongs to none.
    """

    view: Any
    conference: str


def show(kind: type[T], view: object, conference: str = "") -> T:
    """The GraphQL object of `kind` for an answer.

    Args:
        kind: a class declared with `graphql_type`.
        view: what the service answered.
        conference: id of the conference it belongs to.
    """
    shown = kind.__new__(kind)  # the fields are read from the view, there is nothing to construct
    shown.view = view
    shown.conference = conference
    return shown


def show_all(kind: type[T], views: Iterable[object], conference: str = "") -> list[T]:
    """The GraphQL objects of `kind` for many answers, in their order."""
    return [show(kind, view, conference) for view in views]


def read(source: Any, name: str) -> object:
    """The value of a field without a resolver: of the wrapped view, or of the object itself."""
    view = getattr(source, "view", None)
    return getattr(source if view is None else view, name)


def first_sentence(text: str | None) -> str:
    """The first sentence of a docstring, on one line."""
    paragraph = cleandoc(text or "").split("\n\n", maxsplit=1)[0].replace("\n", " ")
    sentence, full_stop, _ = paragraph.partition(". ")
    return sentence + "." if full_stop else paragraph


def description_of(thing: type | Callable[..., Any]) -> str:
    """The docstring of a class or function as the description in the schema."""
    return " ".join(cleandoc(thing.__doc__ or "").split())


@dataclass_transform(kw_only_default=True, field_specifiers=(strawberry.field,))
def graphql_type(
    *, interfaces: bool = False, name: str | None = None, needs: Needs | None = None
) -> Callable[[AnyType], AnyType]:
    """Declares a GraphQL object type (or an interface); the docstring is its description.

    Args:
        interfaces: whether it is an interface.
        name: in the schema; None: that of the class.
        needs: who may see such an object at all, by whatever way they come to it.
    """

    def declare(cls: AnyType) -> AnyType:
        make = strawberry.interface if interfaces else strawberry.type
        directives = () if needs is None else (directive_of(needs),)
        return make(cls, name=name, description=description_of(cls), directives=directives)

    return declare


def shown(description: str) -> Any:
    """A field that is read from the view.

    Args:
        description: what it means, for the readers of the schema.
    """
    return strawberry.field(description=description)


@overload
def computed(function: Function) -> Any: ...
@overload
def computed(
    function: None = None,
    *,
    at_hand: Callable[[Any, Reading], Any] | None = None,
    needs: Needs | None = None,
    told: Needs | None = None,
) -> Callable[[Function], Any]: ...
def computed(
    function: Function | None = None,
    *,
    at_hand: Callable[[Any, Reading], Any] | None = None,
    needs: Needs | None = None,
    told: Needs | None = None,
) -> Any:
    """A field that a method computes; the first paragraph of the docstring is its description.

    Args:
        function: the method.
        at_hand: the same without waiting, for a method that waits.
        needs: who may ask; checked before the method is called, which then takes `info`.
        told: the same for what is cut to each viewer before it is shown (live changes): it is declared, not checked.
    """

    def declare(method: Function) -> Any:
        paragraph = cleandoc(method.__doc__ or "").split("\n\n", maxsplit=1)[0]
        metadata = {} if at_hand is None else {AT_HAND: at_hand}
        says = needs or told
        return strawberry.field(
            resolver=method if needs is None or "public" in needs.roles else _checked(method, needs),
            description=" ".join(paragraph.split()),
            metadata=metadata,
            directives=() if says is None else (directive_of(says),),
        )

    return declare if function is None else declare(function)


def _checked(method: Callable[..., Any], needs: Needs) -> Callable[..., Any]:
    """The method behind the question who asks; on the object's conference where it has one."""
    if iscoroutinefunction(method):

        @wraps(method)
        async def wait(self: Any, info: Any, *args: Any, **given: Any) -> Any:
            info.context.require(needs, getattr(self, "conference", None))
            return await method(self, info, *args, **given)

        return wait

    @wraps(method)
    def call(self: Any, info: Any, *args: Any, **given: Any) -> Any:
        info.context.require(needs, getattr(self, "conference", None))
        return method(self, info, *args, **given)

    return call
