-- SPDX-License-Identifier: Apache-2.0
-- What people see of polls and chat. Both can be dropped and written again from the log.

CREATE TABLE polls (
    poll_id uuid PRIMARY KEY,
    conference_id uuid NOT NULL,
    position bigint NOT NULL,           -- of the opening; gives the order
    opened text NOT NULL,               -- kind, question, options, live; JSON that may hold \u0000, which jsonb refuses
    status text NOT NULL,               -- open, counting, closed
    ballots integer NOT NULL DEFAULT 0, -- these two once it is closed
    tally text
);

CREATE INDEX polls_conference ON polls (conference_id, position);

-- The latest ballot of each stream while the poll is not closed; words stay sealed under the poll's key.
CREATE TABLE poll_ballots (
    poll_id uuid NOT NULL,
    stream_id uuid NOT NULL,
    option integer,
    words bytea,
    PRIMARY KEY (poll_id, stream_id)
);

CREATE TABLE chat_messages (
    message_id uuid PRIMARY KEY,
    conference_id uuid NOT NULL,
    channel text NOT NULL,
    position bigint NOT NULL,
    author_id text NOT NULL,
    text_key text NOT NULL,
    text_box bytea NOT NULL,
    hidden boolean NOT NULL DEFAULT false,
    at timestamptz NOT NULL
);

CREATE INDEX chat_messages_channel ON chat_messages (conference_id, channel, position);
