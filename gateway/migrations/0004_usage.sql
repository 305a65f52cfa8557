-- SPDX-License-Identifier: Apache-2.0
-- What apps have used of the API, by day (UTC). `key`: of an API key its id, of an access token nothing.
CREATE TABLE app_usage (
    client text NOT NULL,
    key text NOT NULL,
    day date NOT NULL,
    operations bigint NOT NULL,
    points bigint NOT NULL,
    errors bigint NOT NULL,
    limited bigint NOT NULL,
    last_at timestamptz NOT NULL,
    PRIMARY KEY (client, key, day)
);

CREATE INDEX app_usage_day ON app_usage (day);

-- Attempts to deliver to webhooks, by whose they are: those that were taken, and those that were not.
CREATE TABLE app_usage_webhooks (
    owner text NOT NULL,
    day date NOT NULL,
    delivered bigint NOT NULL,
    failed bigint NOT NULL,
    PRIMARY KEY (owner, day)
);

-- The last batch of each gateway: one whose outcome got lost is written again and counted once.
CREATE TABLE usage_batches (
    writer uuid PRIMARY KEY,
    batch bigint NOT NULL,
    at timestamptz NOT NULL
);
