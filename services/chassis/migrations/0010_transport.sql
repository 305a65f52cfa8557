-- SPDX-License-Identifier: Apache-2.0
-- What replicas of one service know of each other, and of what was sent.

-- Who is alive; shares the partitions among the replicas.
CREATE TABLE replicas (
    replica uuid PRIMARY KEY,
    until timestamptz NOT NULL
);

-- How far the relay came in which JetStream stream: asked only when the stream holds no message (all expired),
-- because otherwise its last message says it.
CREATE TABLE relay (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    stream_created text NOT NULL,
    seq bigint NOT NULL,
    position bigint NOT NULL,
    epoch text NOT NULL
);

-- A due timer belongs to one replica until `claimed_until` (real time, not domain time).
ALTER TABLE timers ADD COLUMN claimed_until timestamptz;
ALTER TABLE timers ADD COLUMN attempts integer NOT NULL DEFAULT 0;
