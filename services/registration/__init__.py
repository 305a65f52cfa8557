# SPDX-License-Identifier: Apache-2.0
"""Registration decides who may take part: districts, conferences, seats, staff, and the vault of people's data."""
