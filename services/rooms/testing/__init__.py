# SPDX-License-Identifier: Apache-2.0
"""A double of the LiveKit server for tests and rehearsals: there is no server binary that a package index offers."""
