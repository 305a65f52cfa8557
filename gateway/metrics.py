# SPDX-License-Identifier: Apache-2.0
"""What the gateway counts, beside the chassis' own figures; served under /metrics, without ids of persons.

`operation` is the name of a trusted document's operation, `introspection`, or `other`: clients choose the other names.
"""

from prometheus_client import Counter, Gauge, Histogram

OPERATIONS = Counter(
    "quartier_gateway_operations_total",
    "Operations by outcome: ok, errors (beside data or instead of it), rejected, limited, late, cancelled, fault",
    ["operation", "transport", "outcome"],
)
OPERATION_SECONDS = Histogram(
    "quartier_gateway_operation_seconds",
    "Real time that an operation took to execute",
    ["operation"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
SOCKETS = Gauge("quartier_gateway_sockets", "Open WebSockets and streams of server-sent events")
TURNED_AWAY = Counter(
    "quartier_gateway_sockets_turned_away_total", "Connections that were told to come again later: too many at once"
)
POINTS = Counter("quartier_gateway_points_total", "Points that were paid for operations", ["operation"])
REPLICAS = Gauge("quartier_gateway_replicas", "Gateways that share the points of a client, as this one counts them")
FAULTS = Counter(
    "quartier_gateway_faults_total", "Defects that were answered with a trace, by exception", ["exception"]
)
CLOSED = Counter(
    "quartier_gateway_sockets_closed_total", "Connections that the gateway closed, by close code", ["code"]
)
HUBS = Gauge(
    "quartier_gateway_watched_conferences",
    "Conferences, desks and jury rounds that somebody watches through this gateway",
)
QUESTIONS = Counter("quartier_gateway_view_questions_total", "Questions for live views, by view", ["view"])
EXECUTIONS = Counter("quartier_gateway_live_executions_total", "Messages that were executed for subscribers")
TOLD = Counter(
    "quartier_gateway_live_messages_total", "Messages that were sent to subscribers; many share an execution"
)
EXECUTED = Counter("quartier_gateway_executed_total", "Operations and changes, by what executed them", ["by"])
KEPT_QUESTIONS = Counter(
    "quartier_gateway_kept_questions_total", "Questions whose answers are kept for everybody, by question", ["question"]
)
WEBHOOK_ATTEMPTS = Counter("quartier_gateway_webhook_attempts_total", "Attempts to deliver, by outcome", ["outcome"])
WEBHOOK_SECONDS = Histogram(
    "quartier_gateway_webhook_seconds",
    "Real time of an attempt to deliver",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
WEBHOOKS_WAITING = Gauge("quartier_gateway_webhook_deliveries_waiting", "Deliveries that wait, where they are made")
WEBHOOKS_ENDED = Counter(
    "quartier_gateway_webhooks_ended_total", "Webhooks that were deactivated, by status", ["status"]
)
