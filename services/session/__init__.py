# SPDX-License-Identifier: Apache-2.0
"""The session service: the evening itself, from the lobby to the end."""
