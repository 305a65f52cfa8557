# SPDX-License-Identifier: Apache-2.0
"""What is known of documents: each is parsed, weighed and validated once and then remembered by its SHA-256.

Trusted documents are known from the start and never forgotten. Of all others the latest are kept, those that were
rejected in a place of their own, so that nonsense drives nothing useful out. Both are bounded by number and bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakValueDictionary

from graphql import DocumentNode, GraphQLError, GraphQLSchema, OperationDefinitionNode, OperationType

from gateway.execution.checking import Checker, Wrong
from gateway.execution.compiled import Compiled
from gateway.execution.cost import CostFunction
from gateway.execution.fragments import Fragments
from gateway.execution.latest import Latest
from gateway.execution.params import Params, Rejected, rejected
from gateway.execution.trusted import Trusted, digest, digest_of_id
from gateway.execution.weight import Limits, Weighed, too_much
from gateway.schema.costs import WATCHED

INTROSPECTION_POINTS = 10
"""Points of an operation that asks for the schema alone: it is executed once, and then answered from memory."""
OTHER = "other"
"""The name in metrics of every operation that is not trusted."""
NAMES = 200
"""Names of operations in metrics."""
BYTES_PER_CHARACTER = 60
"""Memory of a document that was read, by the length of its text (measured with the client's own operations)."""


@dataclass(slots=True, eq=False)
class Operation:
    """One operation of a document that was parsed and validated, and whatever was made of it since.

    Args:
        key: SHA-256 of the document's text.
        document: parsed and validated.
        node: the operation.
        kind: query, mutation or subscription.
        cost: points, by its variables.
        label: its name in metrics and logs: of trusted documents alone, clients choose the others.
        trusted: whether its document is a trusted one.
        introspection: points of the introspection in it.
        only_introspection: whether it asks for the schema and nothing else, without variables.
        compiled: the operations of its document, compiled.

    Attributes:
        said: of a subscription: its words with the variables that shape them, as long as somebody listens.
        shaping: of a subscription: the variables on which the form of what is told depends; None: not looked for yet.
        slots: the objects in its results, for `spent`; None: not looked for yet.
    """

    key: bytes
    document: DocumentNode
    node: OperationDefinitionNode
    kind: OperationType
    cost: CostFunction
    label: str
    trusted: bool
    introspection: int
    only_introspection: bool
    compiled: Compiled
    said: "WeakValueDictionary[bytes, Any]" = field(default_factory=WeakValueDictionary)
    shaping: frozenset[str] | None = None
    slots: Any = None

    @property
    def name(self) -> str | None:
        """Its name in the document."""
        return self.node.name.value if self.node.name else None


class _Document:
    """The operations of a document that was read.

    Args:
        operations: in their order.
    """

    __slots__ = ("_by_name", "_only")

    def __init__(self, operations: list[Operation]) -> None:
        self._only = operations[0] if len(operations) == 1 else None
        self._by_name = {operation.name: operation for operation in operations}

    def operation(self, name: str | None) -> Operation:
        """The operation of this name, or the only one there is.

        Raises:
            Rejected: there is none of this name, or several without one.
        """
        if name is None:
            if self._only is None:
                raise Rejected([GraphQLError("Must provide operation name if query contains multiple operations.")])
            return self._only
        found = self._by_name.get(name)
        if found is None:
            raise Rejected([GraphQLError(f"Unknown operation named '{name}'.")])
        return found


class Registry:
    """The documents of one schema.

    Args:
        schema: for which they are written.
        limits: what a document may weigh; of trusted ones only the cost is limited.
        trusted: documents that may be addressed by their hash; those that do not fit this schema are left out.
        prepared: whether they are read at once; else each when it is first asked for.
        only_trusted: whether all others are refused.
        introspection: whether the schema may be asked for.
        fragments: where entities that are written are kept, by all doors together.
        number: how many other documents are remembered.
        size: bytes for which they are.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        limits: Limits | None = None,
        *,
        trusted: Trusted | None = None,
        prepared: bool = True,
        only_trusted: bool = False,
        introspection: bool = True,
        fragments: Fragments | None = None,
        number: int = 1000,
        size: int = 64 << 20,
    ) -> None:
        self.schema = schema
        self._checker = Checker(schema, limits, introspection=introspection)
        self.prices, self.limits = self._checker.prices, self._checker.limits
        self.fragments = Fragments() if fragments is None else fragments
        self._only_trusted = only_trusted
        self._known: Latest[_Document] = Latest(number, size)
        self._wrong: Latest[Wrong] = Latest(number, size // 8)
        self._labels: set[str] = set()
        self._texts = dict(trusted or {})
        self._trusted: dict[bytes, _Document] = {}
        if prepared:
            for key in list(self._texts):
                self.takes(key)

    def __len__(self) -> int:
        """Documents that are remembered, the trusted ones among them."""
        return len(self._trusted) + len(self._known) + len(self._wrong)

    def takes(self, key: bytes) -> bool:
        """Whether a trusted document fits this schema.

        Args:
            key: SHA-256 of its text.
        """
        return self._known_to_be_trusted(key) is not None

    def operation(self, params: Params) -> Operation:
        """The operation that a request asks for.

        Raises:
            Rejected: its document is not valid, too heavy, or not trusted where it must be.
        """
        if params.document_id is not None:
            key = digest_of_id(params.document_id)
            found = self._known_to_be_trusted(key) if key else None
            if found is None:
                raise rejected("DOCUMENT_NOT_FOUND", "No trusted document has this id.", status=404)
            return found.operation(params.operation_name)
        key = digest(params.query)
        document = self._known_to_be_trusted(key) or self._free(key, params.query)
        return document.operation(params.operation_name)

    def _known_to_be_trusted(self, key: bytes) -> _Document | None:
        document = self._trusted.get(key)
        if document is None and key in self._texts:
            read = self._read(key, self._texts.pop(key), trusted=True)
            if isinstance(read, _Document):
                document = self._trusted[key] = read
        return document

    def _free(self, key: bytes, text: str) -> _Document:
        """A document that is not trusted."""
        if self._only_trusted:
            raise rejected("ONLY_TRUSTED_DOCUMENTS", "Only trusted documents are executed here.", status=403)
        document = self._known.get(key)
        if document is not None:
            return document
        wrong = self._wrong.get(key)
        if wrong is None:
            read = self._read(key, text)
            if isinstance(read, _Document):
                self._known.keep(key, BYTES_PER_CHARACTER * len(text), read)
                return read
            wrong = read
            self._wrong.keep(key, 1000 + sum(len(error.message) for error in wrong.errors), wrong)
        raise Rejected(wrong.errors)

    def cost(self, operation: Operation, variables: Mapping[str, object] | None) -> int:
        """Points of an operation with these variables.

        Raises:
            Rejected: more than one operation may cost.
        """
        if operation.only_introspection:
            return INTROSPECTION_POINTS
        cost = operation.cost(variables) + operation.introspection
        if cost > self.limits.cost:
            raise rejected("DOCUMENT_TOO_HEAVY", too_much("cost", cost, self.limits.cost), cost=cost)
        return WATCHED if operation.kind is OperationType.SUBSCRIPTION else cost

    def _read(self, key: bytes, text: str, *, trusted: bool = False) -> _Document | Wrong:
        checked = self._checker.trusted(key, text) if trusted else self._checker.free(text)
        if isinstance(checked, Wrong):
            return checked
        document = checked.document
        compiled = Compiled(self.schema, document, self.fragments)
        nodes = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        return _Document(
            [
                Operation(
                    key=key,
                    document=document,
                    node=node,
                    kind=node.operation,
                    cost=one.cost,
                    label=self._label(node, one, trusted),
                    trusted=trusted,
                    introspection=one.introspection,
                    only_introspection=one.only_introspection and not node.variable_definitions,
                    compiled=compiled,
                )
                for node, one in zip(nodes, checked.weighed, strict=True)
            ]
        )

    def _label(self, node: OperationDefinitionNode, weighed: Weighed, trusted: bool) -> str:
        if weighed.only_introspection:
            return "introspection"
        name = node.name.value if node.name else OTHER
        if not trusted or (name not in self._labels and len(self._labels) >= NAMES):
            return OTHER
        self._labels.add(name)
        return name
