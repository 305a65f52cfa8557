# SPDX-License-Identifier: Apache-2.0
"""The ideas service: from challenge and card to problem, sheet, idea and award."""
