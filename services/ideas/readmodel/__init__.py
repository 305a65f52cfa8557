# SPDX-License-Identifier: Apache-2.0
"""What the ideas service answers, one module per question."""
