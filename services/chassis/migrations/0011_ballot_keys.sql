-- SPDX-License-Identifier: Apache-2.0
-- The keys of running secret votes, wrapped by a key that is never in the database. A row lives from the opening
-- of a vote to the transaction that stores its tally: without it nobody can say whose a ballot was.
CREATE TABLE ballot_keys (
    vote_id uuid PRIMARY KEY,
    wrapped bytea NOT NULL
);
