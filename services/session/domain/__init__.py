# SPDX-License-Identifier: Apache-2.0
"""The rules of the evening, one aggregate per module; pure."""
