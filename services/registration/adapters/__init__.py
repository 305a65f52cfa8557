# SPDX-License-Identifier: Apache-2.0
"""The outside worlds of registration: the vault of people's data, mail, tokens, the local issuer."""
