# SPDX-License-Identifier: Apache-2.0
"""Writes the Python source that copies stored answers into a response, for one operation in one form.

graphql-core resolves, checks and completes every single field by general means, some ten microseconds each. Here a
selection becomes a few lines that read attributes, check what they read and build dictionaries; a field costs some
fifty nanoseconds. Strawberry stays the only source of the schema: which attribute, which resolver, which type is read
from its definitions. What needs waiting becomes a `Waiting` that the run (`gateway.execution.compiled`) carries out.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

import orjson
from graphql import (
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    is_abstract_type,
    is_leaf_type,
)

from gateway.execution.fragments import Fragments
from gateway.execution.lines import Amiss, Lines, Scalars
from gateway.execution.plain import NotPlain, Template, of_items, of_object
from gateway.execution.program import Program
from gateway.execution.selection import NotCompilable, Selection
from gateway.execution.waiting import Arguments, Waiting
from gateway.execution.ways import Nodes, Object, class_of, defined, personal
from gateway.execution.writing import Pieces, Writing, joined
from gateway.schema.shape import Missing, Shown, show
from gateway.schema.stored import CACHED

HOURS = 3600
"""Nothing may be reused for longer, whatever its fields say (seconds)."""

Complete = Callable[[Any, Any, Any], Any]
"""From a value, the run and the path to what is written."""


class Projection:
    """Makes the functions of one operation.

    Args:
        schema: the schema.
        selection: what is selected at the root.
        fragments: where entities that are written are kept; None: they are not.
        numbers: makes the numbers of selections, each only once in a process.

    Attributes:
        arguments: of the fields that are asked for.
        max_age: for how many seconds the result may be reused by everybody.
    """

    def __init__(
        self, schema: GraphQLSchema, selection: Selection, fragments: Fragments | None, numbers: Iterator[int]
    ) -> None:
        self._schema = schema
        self._selection = selection
        self._fragments = fragments
        self._numbers = numbers
        self._program = Program(
            AMISS=Amiss, SHOW=show, DATETIME=datetime, MISSING=Missing, KEPT=fragments, FRAGMENT=orjson.Fragment,
            DUMPS=orjson.dumps,
        )  # fmt: skip
        self._scalars = Scalars(self._program.constant)
        self._made: list[tuple[Waiting, str]] = []
        self._tables: list[tuple[str, type, str]] = []
        self._transient = Writing(self._program, None)
        self._writing = self._transient
        self._kept_writing = Writing(self._program, fragments.leaves) if fragments is not None else self._transient
        self.arguments: list[Arguments] = []
        self.max_age = HOURS

    def roots(self, kind: GraphQLObjectType, *, told: bool = False) -> dict[str, Waiting | str]:
        """The root fields under their names: what is to be asked, or the name of the root type.

        Args:
            kind: the root type.
            told: whether the value of a root field is what a subscription tells, instead of what its resolver says.

        Raises:
            NotCompilable: only graphql-core can execute this.
        """
        found: dict[str, Waiting | str] = {}
        for name, nodes in self._selection.of(kind).items():
            if nodes[0].name.value == "__typename":
                found[name] = kind.name
            else:
                found[name] = self._waiting(kind, name, nodes, told=told)
        names = self._program.run()
        for waiting, function in self._made:
            waiting.complete = names[function]
        for table, cls, function in self._tables:
            names[table][cls] = names[function]
        return found

    def _function(self, lines: Lines) -> str:
        return self._program.function("x, r, p", lines, "x")

    # --- values ----------------------------------------------------------------------------------------------

    def _waiting(self, kind: GraphQLObjectType, name: str, nodes: Nodes, *, told: bool = False) -> Waiting:
        field, definition = defined(kind, nodes)
        arguments = None
        if field.args and not told:
            arguments = len(self.arguments)
            self.arguments.append(Arguments(field, definition, nodes[0]))
        self.max_age = min(self.max_age, definition.metadata.get(CACHED, 0))
        lines = Lines()
        self._complete(lines, field.type, "x", self._selection.below(nodes), None, "p")
        resolver = None if told else definition.base_resolver
        waiting = Waiting(name, nodes, isinstance(field.type, GraphQLNonNull), resolver, arguments)
        self._made.append((waiting, self._function(lines)))
        return waiting

    def _complete(
        self, to: Lines, kind: GraphQLOutputType, name: str, below: Selection, conference: str | None, path: str
    ) -> None:
        """Lines that turn the value of a variable into what is written, in the same variable.

        Args:
            to: gets the lines.
            kind: type of the value.
            name: of the variable.
            below: what is selected of the value.
            conference: the value is the view of an object of this conference (a variable); None: it is the object.
            path: an expression for the path of the value.
        """
        required = isinstance(kind, GraphQLNonNull)
        inner: Any = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
        if is_leaf_type(inner):
            self._scalars.add(to, inner, name, required)
        elif required:
            to.add(f"if {name} is None: raise AMISS")
            self._present(to, inner, name, below, conference, path)
        else:
            with to.block(f"if {name} is not None:"):
                self._present(to, inner, name, below, conference, path)

    def _present(self, to: Lines, kind: Any, name: str, below: Selection, conference: str | None, path: str) -> None:
        if conference is not None and isinstance(kind, GraphQLList | GraphQLObjectType):
            with suppress(NotPlain):
                if isinstance(kind, GraphQLObjectType):
                    write = self._writing.one(of_object(kind, below))
                else:
                    write = self._writing.all(of_items(kind, below))
                to.add(f"{name} = FRAGMENT({write}({name}))")
                return
        if isinstance(kind, GraphQLList):
            self._list(to, kind, name, below, conference, path)
        elif isinstance(kind, GraphQLObjectType):
            self._object(to, kind, name, below, conference, path)
        elif is_abstract_type(kind) and conference is None:
            table = self._program.constant("WAYS_", {})
            for possible in self._schema.get_possible_types(kind):
                lines = Lines()
                self._object(lines, possible, "x", below, None, "p")
                self._tables.append((table, class_of(possible), self._function(lines)))
            to.add(f"{name} = {table}[{name}.__class__]({name}, r, {path})")
        else:
            raise NotCompilable(str(kind))

    def _list(
        self, to: Lines, kind: GraphQLList[Any], name: str, below: Selection, conference: str | None, path: str
    ) -> None:
        item, made, number = self._program.fresh("item_"), self._program.fresh("made_"), self._program.fresh("n_")
        to.add(f"if {name}.__class__ is not tuple and {name}.__class__ is not list: raise AMISS")
        to.add(f"{made} = []")
        with to.block(f"for {number}, {item} in enumerate({name}):"):
            self._complete(to, kind.of_type, item, below, conference, f"({path}, {number})")
            to.add(f"{made}.append({item})")
        to.add(f"{name} = {made}")

    # --- objects ---------------------------------------------------------------------------------------------

    def _object(
        self, to: Lines, kind: GraphQLObjectType, name: str, below: Selection, conference: str | None, path: str
    ) -> None:
        whole = Object(kind, below, name, conference, path)
        cls = class_of(kind)
        if conference is None:
            if kind.interfaces:  # as graphql-core asks for
                to.add(f"if {name}.__class__ is not {self._program.constant('CLASS_', cls)}: raise AMISS")
            if issubclass(cls, Shown):
                whole.view, whole.conference = self._program.fresh("view_"), f"{name}.conference"
                to.add(f"{whole.view} = {name}.view")
        elif any(one.of_object for _, one in whole.fields.values()):
            whole.object = self._program.fresh("object_")
            to.add(f"{whole.object} = SHOW({self._program.constant('CLASS_', cls)}, {name}, {conference})")
        for key, (_, one) in whole.fields.items():
            if one.how == "stored":
                source = whole.stored[key] = self._program.fresh("source_")
                to.add(f"{source} = {self._program.constant('SOURCE_', one.what)}({whole.object}, r)")
        if whole.stored:
            whole.present = self._program.fresh("present_")
            to.add(f"{whole.present} = {' and '.join(f'{source} is not None' for source in whole.stored.values())}")
        if whole.stored and self._fragments is not None and self._fragments.limit and not personal(kind, below):
            self._kept(to, name, whole)
        else:
            self._built(to, name, whole)

    def _kept(self, to: Lines, name: str, whole: Object) -> None:
        """An entity all of whose answers are at hand is taken as it was written before."""
        sources, made = self._program.fresh("sources_"), self._program.fresh("object_")
        to.add(f"{sources} = ({', '.join(whole.stored.values())},)")
        key = f"{next(self._numbers)}, {whole.conference}, {sources}"
        to.add(f"{made} = KEPT.get({key}) if {whole.present} else None")
        with to.block(f"if {made} is None:"):
            self._built(to, made, whole)
            to.add(f"if {whole.present}: {made} = KEPT.put({key}, {made})")
        to.add(f"{name} = {made}")

    def _built(self, to: Lines, name: str, whole: Object) -> None:
        """Lines that make in a variable what is written of an object."""
        values = {key: self._read(to, key, whole) for key, (_, one) in whole.fields.items() if one.how != "stored"}
        templates = whole.templates()
        if templates is None:
            self._dictionary(to, name, whole, values)
            return
        with to.block(f"if {whole.present}:"):
            self._text(to, name, whole, values, templates)
        with to.block("else:"):
            self._dictionary(to, name, whole, values)

    def _read(self, to: Lines, key: str, whole: Object) -> str:
        """An expression for what is written of a field that is stored nowhere, or not yet."""
        nodes, (how, what, kind, seconds) = whole.fields[key]
        if how == "const":
            return repr(what)
        field, constant = self._program.fresh("f_"), self._program.constant
        if how == "wait":
            to.add(f"{field} = None")
            return field
        conference = None
        if how == "read":
            to.add(f"{field} = {whole.view or whole.object}.{what}")
        elif how == "part":
            conference = whole.conference
            to.add(f"{field} = {whole.view}.{what}")
        elif how == "call":
            to.add(f"{field} = {constant('CALL_', what)}({whole.object})")
        elif how == "setting":
            self.max_age = min(self.max_age, seconds)
            to.add(f"{field} = {constant('CALL_', what)}({whole.object}, r.info)")
        else:
            self.max_age = 0  # a name may be erased at any time
            to.add(f"{field} = {constant('NAME_', what)}({whole.object}, r)")
            return field
        self._complete(to, kind, field, whole.below.below(nodes), conference, f"({whole.path}, {key!r})")
        return field

    def _text(
        self, to: Lines, name: str, whole: Object, values: dict[str, str], templates: dict[str, Template]
    ) -> None:
        """Lines that write an object whose answers are all at hand, and plain."""
        pieces: Pieces = []
        for key, (_, one) in whole.fields.items():
            pieces.append((b"," if pieces else b"{") + orjson.dumps(key) + b":")
            if key in templates:
                pieces += self._kept_writing.pieces(to, templates[key], whole.stored[key])
            else:
                pieces.append(orjson.dumps(one.what) if one.how == "const" else f"DUMPS({values[key]})")
        to.add(f"{name} = FRAGMENT({joined([*pieces, b'}'])})")

    def _dictionary(self, to: Lines, name: str, whole: Object, values: dict[str, str]) -> None:
        """Lines that build the dictionary of an object, and note what it waits for."""
        later: list[str] = []
        for key, (nodes, one) in whole.fields.items():
            if one.how == "name":
                later.append(f"if {values[key]}.__class__ is MISSING: r.late({{0}}, {key!r}, {values[key]})")
            if one.how not in ("stored", "wait"):
                continue
            waiting = self._waiting(whole.kind, key, nodes)
            if waiting.required:
                raise NotCompilable("a field that waits and may not be null")
            wait = f"r.waits.append(({self._program.constant('WAIT_', waiting)}, {whole.object}, {{0}}, {whole.path}))"
            if one.how == "stored":
                field = values[key] = self._program.fresh("f_")
                to.add(f"{field} = {whole.stored[key]}")
                with self._of_kept_answers():
                    inner = whole.below.below(nodes)
                    self._complete(to, one.type, field, inner, whole.conference, f"({whole.path}, {key!r})")
                wait = f"if {whole.stored[key]} is None: {wait}"
            later.append(wait)
        built = self._program.fresh("built_") if later else name
        to.add(f"{built} = {{{', '.join(f'{key!r}: {values[key]}' for key in whole.fields)}}}")
        for line in later:
            to.add(line.format(built))
        if built != name:
            to.add(f"{name} = {built}")

    @contextmanager
    def _of_kept_answers(self) -> Iterator[None]:
        """Around what is written of answers that are kept for everybody."""
        before, self._writing = self._writing, self._kept_writing
        yield
        self._writing = before
