-- SPDX-License-Identifier: Apache-2.0
-- Webhooks: who wants to be told what, the public events, and every attempt to tell them. All times are real time,
-- except `at` of an event, which is the instant of the fact in the city's time.

CREATE TABLE webhook_endpoints (
    id uuid PRIMARY KEY,
    seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    owner text NOT NULL,
    url text NOT NULL,
    types text[] NOT NULL,                  -- none: all
    conferences uuid[] NOT NULL,            -- none of all three: the whole city
    districts uuid[] NOT NULL,
    series uuid[] NOT NULL,
    secret bytea NOT NULL,                  -- sealed
    former_secret bytea,                    -- sealed
    former_until timestamptz,
    status text NOT NULL DEFAULT 'ACTIVE',  -- PAUSED by its owner, GONE (it said so), FAILING for too long
    status_since timestamptz NOT NULL DEFAULT now(),
    failures integer NOT NULL DEFAULT 0,    -- in a row
    failing_since timestamptz,
    not_before timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX webhook_endpoints_owner ON webhook_endpoints (owner);

-- Which district and series a conference belongs to; written once.
CREATE TABLE webhook_conferences (
    conference uuid PRIMARY KEY,
    district uuid NOT NULL,
    series uuid NOT NULL
);

CREATE TABLE webhook_events (
    id uuid PRIMARY KEY,
    type text NOT NULL,
    at timestamptz NOT NULL,
    conference uuid,
    district uuid,
    series uuid,
    body bytea NOT NULL,
    kept_since timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX webhook_events_at ON webhook_events (at, id);
CREATE INDEX webhook_events_kept_since ON webhook_events (kept_since);

-- One event on its way to one endpoint. `place`: the conference, within which the order is kept, or `city`.
CREATE TABLE webhook_deliveries (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
    endpoint uuid NOT NULL REFERENCES webhook_endpoints ON DELETE CASCADE,
    event uuid NOT NULL REFERENCES webhook_events ON DELETE CASCADE,
    place text NOT NULL,
    purpose text NOT NULL DEFAULT 'EVENT',  -- REPLAY: asked for again; PING: a test, sent once
    state text NOT NULL DEFAULT 'PENDING',  -- DELIVERED, FAILED (given up), DISCARDED
    attempts integer NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz
);

CREATE INDEX webhook_deliveries_pending ON webhook_deliveries (endpoint, seq) WHERE state = 'PENDING';
CREATE INDEX webhook_deliveries_log ON webhook_deliveries (endpoint, seq);
CREATE INDEX webhook_deliveries_event ON webhook_deliveries (event);

CREATE TABLE webhook_attempts (
    delivery bigint NOT NULL REFERENCES webhook_deliveries ON DELETE CASCADE,
    number integer NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    status integer,
    milliseconds integer NOT NULL,
    problem text,
    answer text,
    PRIMARY KEY (delivery, number)
);
