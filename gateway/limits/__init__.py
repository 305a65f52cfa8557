# SPDX-License-Identifier: Apache-2.0
"""How much of the gateway one client may have: points that flow back with time, and how replicas share them."""
