# SPDX-License-Identifier: Apache-2.0
"""The outside world of the ideas service."""
