# SPDX-License-Identifier: Apache-2.0
"""The rules of placements: the venue of a conference and a person's arrival."""
