# SPDX-License-Identifier: Apache-2.0
"""The rooms service: where people are in video. Placements are ours, LiveKit follows."""
