# SPDX-License-Identifier: Apache-2.0
"""A whole city on one machine: real servers from wheels, the services, and what keeps them running."""
