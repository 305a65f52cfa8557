# SPDX-License-Identifier: Apache-2.0
"""Servers of others that answer the same questions about the same stored data, each in a process of its own."""
