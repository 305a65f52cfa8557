# SPDX-License-Identifier: Apache-2.0
"""The questions registration answers from its own events, one module per question."""
