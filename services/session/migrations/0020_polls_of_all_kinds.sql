-- SPDX-License-Identifier: Apache-2.0
-- Ballots with several options or a value, and results that stay hidden until they are revealed. The column `option`
-- is left for the release before.

ALTER TABLE polls ADD COLUMN spread text, ADD COLUMN revealed boolean NOT NULL DEFAULT false;

ALTER TABLE poll_ballots
    ADD COLUMN is_cast boolean NOT NULL DEFAULT true, -- false: only answers of others are supported
    ADD COLUMN chosen integer[] NOT NULL DEFAULT '{}',
    ADD COLUMN value bigint,
    ADD COLUMN upvotes text[];

-- Words and answers that a moderator looked at, by ids that nobody can make once the poll's key is gone.
CREATE TABLE poll_verdicts (
    poll_id uuid NOT NULL,
    answer text NOT NULL,
    show boolean NOT NULL,
    PRIMARY KEY (poll_id, answer)
);
