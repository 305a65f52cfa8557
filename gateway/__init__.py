# SPDX-License-Identifier: Apache-2.0
"""The one door: GraphQL over HTTP and WebSocket in front of the services."""
