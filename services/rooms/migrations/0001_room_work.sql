-- SPDX-License-Identifier: Apache-2.0
-- Rooms that LiveKit has yet to make or close. A row is claimed for seconds only, and removed when it is done.

CREATE TABLE room_work (
    room text NOT NULL,
    action text NOT NULL CHECK (action IN ('ensure', 'delete')),
    not_before timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    PRIMARY KEY (room, action)
);

CREATE INDEX room_work_due ON room_work (not_before);
