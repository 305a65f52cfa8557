# SPDX-License-Identifier: Apache-2.0
"""Webhooks: public events are sent to other people's apps, signed, again and again until they are taken."""
