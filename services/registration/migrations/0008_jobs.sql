-- SPDX-License-Identifier: Apache-2.0
-- How far jobs are, and what became of their rows; rebuilt from events.
CREATE TABLE jobs (
    job_id uuid PRIMARY KEY,
    kind text NOT NULL,
    status text NOT NULL,
    rows int NOT NULL,
    done int NOT NULL DEFAULT 0,
    failed int NOT NULL DEFAULT 0,
    requested_by text NOT NULL,
    requester_kind text NOT NULL,
    requested_at timestamptz NOT NULL,
    approve_until timestamptz,
    decided_by text,
    decided_at timestamptz,
    reason bytea,
    ended_at timestamptz
);

CREATE INDEX jobs_newest ON jobs (requested_at DESC, job_id DESC);

CREATE TABLE job_rows (
    job_id uuid NOT NULL,
    number int NOT NULL,
    result_id text,
    refused text,
    PRIMARY KEY (job_id, number)
);
