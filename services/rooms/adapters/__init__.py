# SPDX-License-Identifier: Apache-2.0
"""LiveKit: the only place of the project that imports its library."""
