# SPDX-License-Identifier: Apache-2.0
"""Source that writes plain things as JSON: the words of their templates, and their values in between.

Values of answers that are kept were made JSON once (`leaves`) and are looked up. A list is one row of words as often
as there are things, into which each value of all things is put by one slice.
"""

from itertools import groupby
from typing import Any

from gateway.execution.leaves import Leaf, Leaves
from gateway.execution.lines import Lines
from gateway.execution.plain import Inner, Template
from gateway.execution.program import Program

Pieces = list[bytes | str]
"""What a text is joined of: words as they are, and expressions for what stands between them."""


class Writing:
    """Adds functions that write plain things to a program.

    Args:
        program: gets them.
        kept: values that were made JSON before; None: the things do not stay.
    """

    def __init__(self, program: Program, kept: Leaves | None) -> None:
        self._program = program
        self._kept = kept
        if kept is not None:
            self._held, self._one, self._all = (
                program.constant(hint, value)
                for hint, value in (("HELD_", kept.held.get), ("ONE_", kept.one), ("ALL_", kept.all))
            )

    def one(self, template: Template) -> str:
        """The name of a function from a thing to its JSON."""
        lines = Lines()
        pieces = self.pieces(lines, template, "x")
        return self._program.function("x", lines, joined(pieces))

    def all(self, template: Template) -> str:
        """The name of a function from a list of things to its JSON."""
        texts, values = template
        lines, constant = Lines(), self._program.constant
        if not values:
            return self._program.function("x", lines, f"b'[' + b','.join([{texts[0]!r}] * len(x)) + b']'")
        row = [piece for text in (texts[-1] + b"," + texts[0], *texts[1:-1]) for piece in (text, b"")]
        lines.add("if not x: return b'[]'")
        if any(isinstance(value, Leaf) for value in values) and self._kept is not None:
            lines.add(f"columns = {self._held}(id(x)) or {self._all}(x)")
        lines.add(f"pieces = {constant('ROW_', row)} * len(x)")
        for number, value in enumerate(values):
            lines.add(f"pieces[{2 * number + 1}::{len(row)}] = {self._column(value)}")
        lines.add(f"pieces[0] = {b'[' + texts[0]!r}")
        lines.add(f"pieces.append({texts[-1] + b']'!r})")
        return self._program.function("x", lines, "b''.join(pieces)")

    def pieces(self, to: Lines, template: Template, thing: str) -> Pieces:
        """What a thing's JSON is joined of.

        Args:
            to: gets the lines that come before.
            template: of the thing.
            thing: a variable.
        """
        found: Pieces = []
        values = ""
        for text, value in zip(template.texts, (*template.values, None), strict=True):
            found.append(text)
            if isinstance(value, Inner):
                found.append(self._inner(value, thing))
            elif value is not None and self._kept is None:
                found.append(f"{self._program.constant('ENCODE_', value.encode)}({thing}.{value.path})")
            elif value is not None:
                if not values:
                    values = self._program.fresh("values_")
                    to.add(f"{values} = {self._held}(id({thing})) or {self._one}({thing})")
                found.append(f"{values}[{self._program.constant('LEAF_', value)}]")
        return found

    def _column(self, value: Leaf | Inner) -> str:
        """An expression for the JSON of a value of each thing."""
        constant = self._program.constant
        if isinstance(value, Inner):
            return f"[{self._inner(value, 'each')} for each in x]"
        if self._kept is None:
            return f"list(map({constant('ENCODE_', value.encode)}, map({constant('GET_', value.get)}, x)))"
        return f"columns[{constant('LEAF_', value)}]"

    def _inner(self, value: Inner, thing: str) -> str:
        write: Any = self.all if value.many else self.one
        function = write(value.template)
        if value.present:
            return f"{function}({thing}.{value.path})"
        found = self._program.fresh("inner_")
        return f"(b'null' if ({found} := {thing}.{value.path}) is None else {function}({found}))"


def joined(pieces: Pieces) -> str:
    """An expression for pieces in one."""
    found: list[str] = []
    for words, some in groupby(pieces, lambda piece: isinstance(piece, bytes)):
        one = list(some)
        found += [repr(b"".join(one))] if words else one  # type: ignore[arg-type]  # as it was grouped
    return f"b''.join(({', '.join(found)}))" if len(found) > 1 else found[0]
