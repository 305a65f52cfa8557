# SPDX-License-Identifier: Apache-2.0
"""How the ideas service answers each command; the table of contents is `api.py`."""
