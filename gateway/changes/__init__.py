# SPDX-License-Identifier: Apache-2.0
"""What changed of all that everybody may read: a feed for portals, in the gateway's database."""
