# SPDX-License-Identifier: Apache-2.0
"""Plays whole evenings through the public API, with simulated people, and checks what must never happen.

cast       who plays, drawn from a seed       stage      sets the city up
player     what all people share              resident, staff, jury   how each kind of person behaves
patience   how an app asks again              view, record            what it knows of the evening
replay     what the event stores say          invariants, places, report
"""
