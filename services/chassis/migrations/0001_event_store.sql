-- SPDX-License-Identifier: Apache-2.0
-- The log of one service and what is written together with it. Column names of `stored_events` are those
-- of the eventsourcing library, so that its own recorder can read the log.

CREATE TABLE stored_events (
    originator_id uuid NOT NULL,
    originator_version bigint NOT NULL,
    topic text NOT NULL,
    state bytea NOT NULL,
    notification_id bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    conference_id uuid,
    event_id uuid NOT NULL,
    meta bytea NOT NULL DEFAULT '',
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (originator_id, originator_version)
) WITH (
    fillfactor = 100,
    -- Rows are only inserted; the insert threshold keeps the visibility map and the statistics fresh.
    autovacuum_vacuum_insert_scale_factor = 0.05,
    autovacuum_analyze_scale_factor = 0.05
);

CREATE INDEX stored_events_conference ON stored_events (conference_id, notification_id);

-- What a command led to, so that its repetition gets the same answer.
CREATE TABLE commands (
    command_id uuid PRIMARY KEY,
    request_hash bytea NOT NULL,
    outcome bytea NOT NULL,
    notification_id bigint NOT NULL,
    at timestamptz NOT NULL
);

CREATE INDEX commands_at ON commands (at);

-- The identity of this log. A restored log that was given new numbers gets a new epoch.
CREATE TABLE log (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    epoch text NOT NULL
);

INSERT INTO log (epoch) VALUES (replace(gen_random_uuid()::text, '-', ''));

-- Read models: how far each one is, and documents of those that are one JSON value per key.
CREATE TABLE projections (
    name text PRIMARY KEY,
    position bigint NOT NULL,
    code_version integer NOT NULL
);

CREATE TABLE documents (
    projection text NOT NULL,
    key text NOT NULL,
    conference_id uuid,
    body jsonb NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (projection, key)
);

CREATE INDEX documents_conference ON documents (projection, conference_id);

-- The last position of another service's log whose effect is in this database; never purged.
CREATE TABLE consumed (
    consumer text NOT NULL,
    source text NOT NULL,
    conference text NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (consumer, source, conference)
);

-- Low-water mark of a consumer in a JetStream stream; `stream_created` tells a recreated stream apart.
CREATE TABLE cursors (
    consumer text NOT NULL,
    source text NOT NULL,
    stream_created text NOT NULL,
    seq bigint NOT NULL,
    PRIMARY KEY (consumer, source)
);

CREATE TABLE dead_letters (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    consumer text NOT NULL,
    source text NOT NULL,
    conference text NOT NULL,
    position bigint NOT NULL,
    subject text NOT NULL,
    headers jsonb NOT NULL DEFAULT '{}',
    data bytea NOT NULL,
    error text NOT NULL,
    first_at timestamptz NOT NULL DEFAULT now(),
    state text NOT NULL DEFAULT 'parked',
    UNIQUE (consumer, source, conference, position)
);

CREATE TABLE leases (
    partition integer PRIMARY KEY,
    holder uuid NOT NULL,
    until timestamptz NOT NULL
);

CREATE TABLE timers (
    id uuid PRIMARY KEY,
    due_at timestamptz NOT NULL,
    conference_id uuid,
    kind text NOT NULL,
    payload bytea NOT NULL
);

CREATE INDEX timers_due ON timers (due_at);
