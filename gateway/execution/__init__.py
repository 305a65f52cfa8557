# SPDX-License-Identifier: Apache-2.0
"""How documents become answers: parsed and validated once, weighed before any work, executed, written as JSON."""
