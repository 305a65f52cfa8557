# SPDX-License-Identifier: Apache-2.0
"""The functions that are generated for one operation: their source, and the values that it names.

The source never contains a word of the client: names in it are made up here or stand in the schema, all other values
are constants that are looked up by made-up names. A name under which the client asks is a quoted string.
"""

from typing import Any

from gateway.execution.lines import Lines
from gateway.execution.selection import NotCompilable

NAMES = 5_000
"""An operation that needs more names in its source, two or three for a field, is left to graphql-core."""


class Program:
    """Source that grows, and then runs once.

    Args:
        names: values that every function may use, by their names.
    """

    def __init__(self, **names: Any) -> None:
        self._names = names
        self._source: list[str] = []
        self._made = 0

    def fresh(self, hint: str) -> str:
        """A name that nothing has yet.

        Raises:
            NotCompilable: there are too many.
        """
        self._made += 1
        if self._made > NAMES:
            raise NotCompilable("too much is selected")
        return f"{hint}{self._made}"

    def constant(self, hint: str, value: Any) -> str:
        """The name of a value."""
        name = self.fresh(hint)
        self._names[name] = value
        return name

    def function(self, parameters: str, lines: Lines, returned: str) -> str:
        """The name of a function.

        Args:
            parameters: their names, separated by commas.
            lines: its body.
            returned: an expression for what it returns.
        """
        name = self.fresh("function_")
        self._source += [f"def {name}({parameters}):", *lines.text, f"    return {returned}"]
        return name

    def run(self) -> dict[str, Any]:
        """All values by their names, the functions among them."""
        exec(compile("\n".join(self._source), "<operation>", "exec"), self._names)  # noqa: S102 -- see the module
        return self._names
