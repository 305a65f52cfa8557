# SPDX-License-Identifier: Apache-2.0
"""Numeric methods of the jury: seed in, plan out."""
