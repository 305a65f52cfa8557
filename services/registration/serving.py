# SPDX-License-Identifier: Apache-2.0
"""Where a role holds, as SQL: for the read models, and for the vault, which tells names where people serve."""

SERVES = """(num_nonnulls(r.conference_id, r.series_id, r.district_id) = 0 OR r.conference_id = $1
    OR r.series_id = (SELECT series_id FROM conferences WHERE conference_id = $1)
    OR r.district_id = (SELECT district_id FROM conferences WHERE conference_id = $1))"""
"""Whether the role `r` (a row of `staff_roles`) holds at conference `$1`."""
