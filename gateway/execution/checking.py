# SPDX-License-Identifier: Apache-2.0
"""What becomes of the text of a document: parsed, weighed and validated, or wrong for good reasons."""

import re
from collections.abc import Iterable
from typing import NamedTuple
from weakref import WeakKeyDictionary

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    get_introspection_query,
    parse,
    validate,
)
from graphql.validation import recommended_rules, specified_rules

from gateway.execution.weight import Limits, Weighed, too_much, weigh
from gateway.schema.costs import Prices

RULES = (*specified_rules, *recommended_rules)


_TOKENS = re.compile(
    r'#[^\n\r]*|("""(?:\\"""|[^"]|"(?!""))*(?:""")?|"(?:\\.|[^"\\\n])*"?|\.\.\.|\w[\w.+-]*|[!$&()\[\]{}:=@|])'
)
"""Roughly the words of a document, in the group, and never more than there are: to parse them takes milliseconds."""


class Wrong:
    """A document that is rejected. It is no exception: one that is raised again keeps every frame it saw.

    Args:
        errors: why; they hold on to nothing of the document.
    """

    __slots__ = ("errors",)

    def __init__(self, errors: Iterable[GraphQLError]) -> None:
        self.errors = list(errors)
        for error in self.errors:
            error.nodes = error.source = error.positions = error.__traceback__ = None


class Checked(NamedTuple):
    """A document that can be executed.

    Args:
        document: parsed and validated.
        weighed: its operations, in their order.
    """

    document: DocumentNode
    weighed: list[Weighed]


_TRUSTED: WeakKeyDictionary[GraphQLSchema, dict[bytes, Checked | Wrong]] = WeakKeyDictionary()
"""What was found about trusted documents."""


class Checker:
    """Checks documents for one schema.

    Args:
        schema: for which they are written.
        limits: what a document may weigh; of trusted ones only the cost is limited, when it is known.
        introspection: whether the schema may be asked for.
    """

    def __init__(self, schema: GraphQLSchema, limits: Limits | None = None, *, introspection: bool = True) -> None:
        self._schema = schema
        self.prices = Prices(schema)
        self.limits = limits or Limits(introspection=2 * self._usual_introspection())
        self._introspection = introspection

    def trusted(self, key: bytes, text: str) -> Checked | Wrong:
        """A trusted document, checked once for all doors with this schema.

        Args:
            key: SHA-256 of its text.
            text: of the document.
        """
        known = _TRUSTED.setdefault(self._schema, {})
        if key not in known:
            known[key] = self._checked(text, None)
        return self._told(known[key])

    def free(self, text: str) -> Checked | Wrong:
        """A document that anybody may have written."""
        return self._told(self._checked(text, self.limits))

    def _told(self, checked: Checked | Wrong) -> Checked | Wrong:
        if self._introspection or isinstance(checked, Wrong) or not any(one.introspection for one in checked.weighed):
            return checked
        return _no_introspection()

    def _checked(self, text: str, limits: Limits | None) -> Checked | Wrong:
        if limits is not None and len(text) > limits.length:
            return _heavy(too_much("length", len(text), limits.length))
        if limits is not None and (lines := text.count("\n") + text.count("\r")) >= limits.lines:
            return _heavy(too_much("number of lines", lines + 1, limits.lines))
        if (
            limits is not None
            and (tokens := sum(found.lastindex is not None for found in _TOKENS.finditer(text))) > limits.tokens
        ):
            return _heavy(too_much("number of tokens", tokens, limits.tokens))
        try:
            document = parse(text, max_tokens=None if limits is None else limits.tokens)
        except GraphQLSyntaxError as error:
            return Wrong([error])
        if limits is not None and (too_often := limits.repeated(document)) is not None:
            return _heavy(too_often)
        try:
            weighed = weigh(self._schema, document, self.prices)
        except RecursionError:
            return _heavy("The fragments of this document are nested too deeply.")
        if limits is not None:
            too_heavy = next(filter(None, map(limits.exceeded, weighed)), None)
            if too_heavy is not None:
                return _heavy(too_heavy)
        errors = validate(self._schema, document, RULES, max_errors=20, hide_suggestions=True)
        return Wrong(errors) if errors else Checked(document, weighed)

    def _usual_introspection(self) -> int:
        usual = get_introspection_query(
            specified_by_url=True, directive_is_repeatable=True, input_value_deprecation=True
        )
        return weigh(self._schema, parse(usual), self.prices)[0].introspection


def _no_introspection() -> Wrong:
    return Wrong([GraphQLError("The schema cannot be asked for here.", extensions={"code": "INTROSPECTION_IS_OFF"})])


def _heavy(reason: str) -> Wrong:
    return Wrong([GraphQLError(reason, extensions={"code": "DOCUMENT_TOO_HEAVY"})])
