-- SPDX-License-Identifier: Apache-2.0
-- Who has a seat: residents without one get no way into a room.

CREATE TABLE seats (
    conference_id uuid NOT NULL,
    participant_id uuid NOT NULL,
    PRIMARY KEY (conference_id, participant_id)
);
