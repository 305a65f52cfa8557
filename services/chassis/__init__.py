# SPDX-License-Identifier: Apache-2.0
"""What every event-sourced service needs; no word about conferences lives in here."""
