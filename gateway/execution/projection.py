# SPDX-License-Identifier: Apache-2.0
"""Writes the Python source that copies stored answers into a response, for one operation in one form.

graphql-core resolves, checks and completes every single field by general means, some ten microseconds each. Here a
selection becomes a few lines that read attributes, check what they read and build dictionaries; a field costs some
fifty nanoseconds. Strawberry stays the only source of the schema: which attribute, which resolver, which type is read
from its definitions. What needs waiting becomes a `Waiting` that the run (`gateway.execution.compiled`) carries out.

The source never contains a word of the client: names in it are made up here or stand in the schema, all other values
are constants that are looked up by made-up names. A name under which the client asks is a quoted string.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

import orjson
from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLString,
    is_abstract_type,
    is_leaf_type,
)
from strawberry.schema.schema_converter import GraphQLCoreConverter

from gateway.execution.fragments import Fragments
from gateway.execution.leaves import Leaves
from gateway.execution.lines import Amiss, Lines, Scalars
from gateway.execution.plain import NotPlain, of_items, of_object
from gateway.execution.selection import NotCompilable, Selection
from gateway.execution.waiting import Arguments, Waiting
from gateway.schema.shape import AT_HAND, Missing, Shown, show
from gateway.schema.stored import CACHED, PART, SETTING, STORED, Part, Stored

NAMES = 5_000
"""An operation that needs more names in its source, two or three for a field, is left to graphql-core."""

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
        self._source: list[str] = []
        self._names: dict[str, Any] = {
            "AMISS": Amiss,
            "SHOW": show,
            "DATETIME": datetime,
            "MISSING": Missing,
            "KEPT": fragments,
            "FRAGMENT": orjson.Fragment,
        }
        self._scalars = Scalars(self._constant)
        self._made: list[tuple[Waiting, str]] = []
        self._tables: list[tuple[str, type, str]] = []
        self._fields = 0
        self._leaves: Leaves | None = None
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
        exec(compile("\n".join(self._source), "<operation>", "exec"), self._names)  # noqa: S102 -- see the module
        for waiting, function in self._made:
            waiting.complete = self._names[function]
        for table, cls, function in self._tables:
            self._names[table][cls] = self._names[function]
        return found

    # --- names -----------------------------------------------------------------------------------------------

    def _fresh(self, hint: str) -> str:
        self._fields += 1
        if self._fields > NAMES:
            raise NotCompilable("too much is selected")
        return f"{hint}{self._fields}"

    def _constant(self, hint: str, value: Any) -> str:
        name = self._fresh(hint)
        self._names[name] = value
        return name

    def _function(self, lines: Lines) -> str:
        name = self._fresh("function_")
        self._source += [f"def {name}(x, r, p):", *lines.text, "    return x"]
        return name

    # --- fields ----------------------------------------------------------------------------------------------

    def _field(self, kind: GraphQLObjectType, nodes: tuple[FieldNode, ...]) -> tuple[GraphQLField, Any]:
        """The field and its definition in strawberry."""
        field = kind.fields.get(nodes[0].name.value)
        definition = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF) if field else None
        if field is None or definition is None or definition.extensions or definition.permission_classes:
            raise NotCompilable(nodes[0].name.value)  # such as what the schema says of itself
        return field, definition

    def _waiting(
        self, kind: GraphQLObjectType, name: str, nodes: tuple[FieldNode, ...], *, told: bool = False
    ) -> Waiting:
        field, definition = self._field(kind, nodes)
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

    # --- values ----------------------------------------------------------------------------------------------

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
                template = (
                    of_object(kind, below, self._leaves).one
                    if isinstance(kind, GraphQLObjectType)
                    else of_items(kind, below, self._leaves).all
                )
                to.add(f"{name} = FRAGMENT({self._constant('WRITE_', template)}({name}))")
                return
        if isinstance(kind, GraphQLList):
            self._list(to, kind, name, below, conference, path)
        elif isinstance(kind, GraphQLObjectType):
            self._object(to, kind, name, below, conference, path)
        elif is_abstract_type(kind) and conference is None:
            table = self._constant("WAYS_", {})
            for possible in self._schema.get_possible_types(kind):
                lines = Lines()
                self._object(lines, possible, "x", below, None, "p")
                self._tables.append((table, _class_of(possible), self._function(lines)))
            to.add(f"{name} = {table}[{name}.__class__]({name}, r, {path})")
        else:
            raise NotCompilable(str(kind))

    def _list(
        self, to: Lines, kind: GraphQLList[Any], name: str, below: Selection, conference: str | None, path: str
    ) -> None:
        item, made, number = self._fresh("item_"), self._fresh("made_"), self._fresh("n_")
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
        cls = _class_of(kind)
        whole = _Object(cls, name, conference)
        fields = {key: (nodes, self._way(kind, nodes)) for key, nodes in below.of(kind).items()}
        if conference is None:
            if kind.interfaces:  # as graphql-core asks for
                to.add(f"if {name}.__class__ is not {self._constant('CLASS_', cls)}: raise AMISS")
            if issubclass(cls, Shown):
                whole.view, whole.conference = self._fresh("view_"), f"{name}.conference"
                to.add(f"{whole.view} = {name}.view")
        elif any(way in ("call", "wait", "name", "stored", "setting") for _, (way, *_) in fields.values()):
            whole.object = self._fresh("object_")
            to.add(f"{whole.object} = SHOW({self._constant('CLASS_', cls)}, {name}, {conference})")
        stored = {key: self._source_of(to, way[3], whole) for key, (_, way) in fields.items() if way[0] == "stored"}
        if stored and self._fragments is not None and self._fragments.limit and not self._personal(below, kind):
            self._kept(to, name, below, whole, fields, stored, path)
        else:
            self._built(to, name, below, whole, fields, stored, path)

    def _kept(
        self, to: Lines, name: str, below: Selection, whole: "_Object", fields: Any, stored: Any, path: str
    ) -> None:
        """An entity all of whose answers are at hand is taken as it was written before."""
        sources, present, made = self._fresh("sources_"), self._fresh("present_"), self._fresh("object_")
        to.add(f"{sources} = ({', '.join(stored.values())},)")
        to.add(f"{present} = {' and '.join(f'{source} is not None' for source in stored.values())}")
        key = f"{next(self._numbers)}, {whole.conference}, {sources}"
        to.add(f"{made} = KEPT.get({key}) if {present} else None")
        with to.block(f"if {made} is None:"):
            self._built(to, made, below, whole, fields, stored, path)
            to.add(f"if {present}: {made} = KEPT.put({key}, {made})")
        to.add(f"{name} = {made}")

    def _built(
        self, to: Lines, name: str, below: Selection, whole: "_Object", fields: Any, stored: Any, path: str
    ) -> None:
        """Lines that build the dictionary of an object in a variable."""
        entries: list[tuple[str, str]] = []
        later: list[str] = []
        for key, (nodes, (way, kind, what, meta)) in fields.items():
            inner = below.below(nodes)
            if way == "const":
                entries.append((key, repr(what)))
                continue
            field = self._fresh("f_")
            entries.append((key, field))
            if way == "read":
                to.add(f"{field} = {whole.view or whole.object}.{what}")
                self._complete(to, kind.type, field, inner, None, f"({path}, {key!r})")
            elif way == "part":
                to.add(f"{field} = {whole.view}.{what}")
                self._complete(to, kind.type, field, inner, whole.conference, f"({path}, {key!r})")
            elif way == "call":
                to.add(f"{field} = {self._constant('CALL_', what)}({whole.object})")
                self._complete(to, kind.type, field, inner, None, f"({path}, {key!r})")
            elif way == "setting":
                self.max_age = min(self.max_age, meta.get(CACHED, 0))
                to.add(f"{field} = {self._constant('CALL_', what)}({whole.object}, r.info)")
                self._complete(to, kind.type, field, inner, None, f"({path}, {key!r})")
            elif way == "name":
                self.max_age = 0  # it may be erased at any time
                to.add(f"{field} = {self._constant('NAME_', what)}({whole.object}, r)")
                later.append(f"if {field}.__class__ is MISSING: r.late({{0}}, {key!r}, {field})")
            else:
                waiting = self._waiting(meta[0], key, nodes)
                if waiting.required:
                    raise NotCompilable("a field that waits and may not be null")
                wait = f"r.waits.append(({self._constant('WAIT_', waiting)}, {whole.object}, {{0}}, {path}))"
                if way == "wait":
                    to.add(f"{field} = None")
                    later.append(wait)
                else:
                    source = stored[key]
                    to.add(f"{field} = {source}")
                    with self._of_kept_answers():
                        self._complete(to, kind.type, field, inner, whole.conference, f"({path}, {key!r})")
                    later.append(f"if {source} is None: {wait}")
        built = self._fresh("built_") if later else name
        to.add(f"{built} = {{{', '.join(f'{key!r}: {value}' for key, value in entries)}}}")
        for line in later:
            to.add(line.format(built))
        if built != name:
            to.add(f"{name} = {built}")

    @contextmanager
    def _of_kept_answers(self) -> Iterator[None]:
        """Around what is written of answers that are kept for everybody."""
        before, self._leaves = self._leaves, None if self._fragments is None else self._fragments.leaves
        yield
        self._leaves = before

    def _source_of(self, to: Lines, meta: tuple[GraphQLObjectType, Stored], whole: "_Object") -> str:
        source = self._fresh("source_")
        to.add(f"{source} = {self._constant('SOURCE_', meta[1].source)}({whole.object}, r)")
        return source

    def _way(self, kind: GraphQLObjectType, nodes: tuple[FieldNode, ...]) -> tuple[str, Any, Any, Any]:
        """How a field is read: the way, the field, and what the way needs."""
        if nodes[0].name.value == "__typename":
            return "const", None, kind.name, None
        field, definition = self._field(kind, nodes)
        resolver, meta = definition.base_resolver, definition.metadata
        if PART in meta:
            part: Part = meta[PART]
            return "part", field, part.name, part
        if AT_HAND in meta:
            if field.type is not GraphQLString:
                raise NotCompilable("only names are at hand")
            return "name", field, meta[AT_HAND], None
        if resolver is None:
            return "read", field, definition.python_name, None
        if SETTING in meta:
            return "setting", field, resolver.wrapped_func, meta
        if STORED in meta:
            return "stored", field, None, (kind, meta[STORED])
        if resolver.is_async or resolver.info_parameter is not None or field.args:
            return "wait", field, None, (kind,)
        return "call", field, resolver.wrapped_func, None

    def _personal(self, below: Selection, kind: GraphQLObjectType) -> bool:
        """Whether anything selected of a type is a name of a person, or is asked for each client anew."""
        for nodes in below.of(kind).values():
            if nodes[0].name.value == "__typename":
                continue
            way, field, *_ = self._way(kind, nodes)
            if way in ("name", "wait"):
                return True
            inner = field.type
            while isinstance(inner, GraphQLNonNull | GraphQLList):
                inner = inner.of_type
            if is_abstract_type(inner):
                return True
            if isinstance(inner, GraphQLObjectType) and self._personal(below.below(nodes), inner):
                return True
        return False


class _Object:
    """Expressions for the object that is being read, its view and its conference."""

    def __init__(self, cls: type, name: str, conference: str | None) -> None:
        self.object = name
        self.view = name if conference is not None else ""
        self.conference = conference or "''"
        self.cls = cls


def _class_of(kind: GraphQLObjectType) -> type:
    definition = kind.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if definition is None:
        raise NotCompilable(kind.name)
    cls: type = definition.origin
    return cls
