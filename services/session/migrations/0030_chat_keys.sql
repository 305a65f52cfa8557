-- SPDX-License-Identifier: Apache-2.0
-- The keys of chats, wrapped by a key that is never in the database. A day after the evening the key is gone, and with
-- it every text; the row stays without it, so that no new one is made.
CREATE TABLE chat_keys (
    chat_id uuid PRIMARY KEY,
    wrapped bytea
);

-- As with the keys of polls, any dead row is reason enough for autovacuum.
ALTER TABLE chat_keys SET (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0);
