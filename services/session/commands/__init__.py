# SPDX-License-Identifier: Apache-2.0
"""How the session service answers each command and query; the table of contents is `api.py`."""
