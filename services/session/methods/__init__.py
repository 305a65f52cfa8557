# SPDX-License-Identifier: Apache-2.0
"""Pure numeric functions that form and repair groups: seed in, plan out."""
