# SPDX-License-Identifier: Apache-2.0
"""The rules of the ideas service, one aggregate per module; pure."""
