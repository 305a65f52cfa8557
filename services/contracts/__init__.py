# SPDX-License-Identifier: Apache-2.0
"""What services tell and ask each other: frozen, versioned messages without behaviour.

One module per owning service: its contract events, then its commands, its queries and their answers.
Messages only grow: a new optional field, or a new version of a contract event.
"""
