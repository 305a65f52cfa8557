# SPDX-License-Identifier: Apache-2.0
"""The event-sourced services of Quartier, their chassis, their contracts and the command line tool."""
