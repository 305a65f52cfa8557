# SPDX-License-Identifier: Apache-2.0
"""Helpers for tests of event-sourced code; nothing at run time imports them."""
