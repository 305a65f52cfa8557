# SPDX-License-Identifier: Apache-2.0
"""The list of events in the documentation is the one of the code."""

from tests.contract.catalogue import FILE, catalogue


def test_the_documentation_lists_the_events_as_they_are() -> None:
    assert FILE.read_text() == catalogue(), "write it anew: python -m tests.contract.catalogue write"
