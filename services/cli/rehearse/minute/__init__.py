# SPDX-License-Identifier: Apache-2.0
"""The city minute: many sessions change their phase in the same minute, and all their residents vote."""
