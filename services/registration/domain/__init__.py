# SPDX-License-Identifier: Apache-2.0
"""The rules of registration: pure functions over events, one aggregate per module."""
