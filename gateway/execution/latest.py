# SPDX-License-Identifier: Apache-2.0
"""What was used latest, within bounds of number and bytes."""

from collections import OrderedDict
from typing import Generic, TypeVar

V = TypeVar("V")


class Latest(Generic[V]):
    """Values by the SHA-256 of a document; the one not used for longest is forgotten first.

    Args:
        number: of values at most.
        size: bytes at most.
    """

    def __init__(self, number: int, size: int) -> None:
        self._number = number
        self._size = size
        self._held: OrderedDict[bytes, tuple[int, V]] = OrderedDict()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._held)

    def get(self, key: bytes) -> V | None:
        """A value; None when it is not there any more."""
        found = self._held.get(key)
        if found is None:
            return None
        self._held.move_to_end(key)
        return found[1]

    def keep(self, key: bytes, size: int, value: V) -> None:
        """Keeps a value that is not there yet.

        Args:
            key: of the value.
            size: its bytes, roughly.
            value: to be kept.
        """
        self._held[key] = (size, value)
        self.bytes += size
        while len(self._held) > self._number or (self.bytes > self._size and len(self._held) > 1):
            _, (freed, _) = self._held.popitem(last=False)
            self.bytes -= freed
