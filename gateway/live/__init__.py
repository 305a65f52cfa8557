# SPDX-License-Identifier: Apache-2.0
"""What viewers of a running conference see change: a snapshot first, then every part that differs."""
