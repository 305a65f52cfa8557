# SPDX-License-Identifier: Apache-2.0
"""What rehearsals use of registration; started by name, never by a city that is used."""
