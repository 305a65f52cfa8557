-- SPDX-License-Identifier: Apache-2.0
-- Who is in a video room, and when a gateway last reported of a conference. Worth nothing after the evening.

CREATE TABLE in_rooms (
    conference_id uuid NOT NULL,
    participant_id uuid NOT NULL,
    room text NOT NULL,
    PRIMARY KEY (conference_id, participant_id)
);

CREATE UNLOGGED TABLE presence_reports (
    conference_id uuid PRIMARY KEY,
    reported_at timestamptz NOT NULL
);
