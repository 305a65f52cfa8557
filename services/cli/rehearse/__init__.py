# SPDX-License-Identifier: Apache-2.0
"""Plays whole evenings through the public API, with simulated people, and checks what must never happen.

cast      who plays, drawn from a seed      stage     sets the city up
players   how each kind of person behaves   record    what their clients saw
replay    what the event stores say         invariants, report
"""
