# SPDX-License-Identifier: Apache-2.0
"""The cost of an operation as a function of its variables.

It is made once, when the document is read, and folded as far as it does not depend on variables; what remains is a
number for most operations, and a handful of sums and products for the others. A fragment is one term however often
it is spread, and is evaluated once.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

CEILING = 1_000_000
"""No figure grows beyond this; the limits are far below."""

Variables = Mapping[str, Any] | None
"""The values of the variables; None asks for the least that the operation may cost."""


class Term(ABC):
    """A part of the cost that depends on variables."""

    __slots__ = ()

    @abstractmethod
    def evaluate(self, variables: Variables, known: dict[int, int]) -> int:
        """Its points.

        Args:
            variables: values.
            known: terms that were evaluated already, by `id`.
        """


Expression = int | Term


def evaluate(expression: Expression, variables: Variables, known: dict[int, int]) -> int:
    """The points of an expression; see `Term.evaluate`."""
    if isinstance(expression, int):
        return expression
    found = known.get(id(expression))
    if found is None:
        found = known[id(expression)] = min(CEILING, expression.evaluate(variables, known))
    return found


class _Sum(Term):
    __slots__ = ("_fixed", "_terms")

    def __init__(self, fixed: int, terms: list[Term]) -> None:
        self._fixed = fixed
        self._terms = terms

    def evaluate(self, variables: Variables, known: dict[int, int]) -> int:
        return self._fixed + sum(evaluate(term, variables, known) for term in self._terms)


class _Greatest(Term):
    __slots__ = ("_fixed", "_terms")

    def __init__(self, fixed: int, terms: list[Term]) -> None:
        self._fixed = fixed
        self._terms = terms

    def evaluate(self, variables: Variables, known: dict[int, int]) -> int:
        return max(self._fixed, *(evaluate(term, variables, known) for term in self._terms))


class Size(NamedTuple):
    """How many items a variable asks for.

    Args:
        variable: its name; it holds a number, or the list of what is asked for.
        assumed: items when it holds neither.
        most: items at most.
        inside: fields of an input object that lead from the variable to there.
    """

    variable: str
    assumed: int
    most: int
    inside: tuple[str, ...] = ()

    def of(self, variables: Mapping[str, Any]) -> int:
        """The number of items."""
        value = variables.get(self.variable)
        for name in self.inside:
            value = value.get(name) if isinstance(value, dict) else None
        if value is None:
            return self.assumed
        return clamped(len(value) if isinstance(value, list) else value, self.most)


def clamped(value: Any, most: int) -> int:
    """A number of items within its bounds; what is no number is not executed, and counts as one."""
    return int(max(1, min(most, value))) if isinstance(value, int | float) else 1


class _Times(Term):
    __slots__ = ("_each", "_size")

    def __init__(self, size: int | Size, each: Expression) -> None:
        self._size = size
        self._each = each

    def evaluate(self, variables: Variables, known: dict[int, int]) -> int:
        each, size = evaluate(self._each, variables, known), self._size
        if isinstance(size, int):
            return size * each
        return each if variables is None else size.of(variables) * each


class Condition(NamedTuple):
    """A directive `@include` or `@skip` whose argument is a variable.

    Args:
        variable: its name.
        wanted: the value with which the selection is there.
    """

    variable: str
    wanted: bool


class _If(Term):
    __slots__ = ("_condition", "_then")

    def __init__(self, condition: Condition, then: Expression) -> None:
        self._condition = condition
        self._then = then

    def evaluate(self, variables: Variables, known: dict[int, int]) -> int:
        if variables is None or variables.get(self._condition.variable) is (not self._condition.wanted):
            return 0
        return evaluate(self._then, variables, known)


def total(parts: Iterable[Expression]) -> Expression:
    """All of them together."""
    fixed, terms = _folded(parts)
    if not terms:
        return min(CEILING, sum(fixed))
    return terms[0] if len(terms) == 1 and not any(fixed) else _Sum(min(CEILING, sum(fixed)), terms)


def greatest(parts: Iterable[Expression]) -> Expression:
    """The dearest of them; 0 of none."""
    fixed, terms = _folded(parts)
    return _Greatest(max(fixed, default=0), terms) if terms else max(fixed, default=0)


def times(size: int | Size, each: Expression) -> Expression:
    """So many of them."""
    if each == 0 or size == 1:
        return each
    if isinstance(size, int) and isinstance(each, int):
        return min(CEILING, size * each)
    return _Times(size, each)


def provided(conditions: Iterable[Condition], then: Expression) -> Expression:
    """Nothing, unless all conditions hold."""
    for condition in conditions:
        then = then if then == 0 else _If(condition, then)
    return then


def _folded(parts: Iterable[Expression]) -> tuple[list[int], list[Term]]:
    fixed: list[int] = []
    terms: list[Term] = []
    for part in parts:
        if isinstance(part, int):
            fixed.append(part)
        else:
            terms.append(part)
    return fixed, terms


class CostFunction:
    """What an operation costs.

    Args:
        expression: of its variables.
        defaults: values of variables that a request leaves out.
    """

    __slots__ = ("_defaults", "_expression", "least")

    def __init__(self, expression: Expression, defaults: Mapping[str, Any]) -> None:
        self._expression = expression
        self._defaults = defaults
        self.least = max(1, evaluate(expression, None, {}))
        """Points that it costs with any variables."""

    def __call__(self, variables: Mapping[str, Any] | None) -> int:
        """Points that it costs with these variables."""
        if isinstance(self._expression, int):
            return self.least
        values = {**self._defaults, **(variables or {})}
        return max(1, evaluate(self._expression, values, {}))
