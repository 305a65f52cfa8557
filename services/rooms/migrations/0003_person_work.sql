-- SPDX-License-Identifier: Apache-2.0
-- What LiveKit has yet to do to a person in a room: the newest wish alone counts. Claimed and removed like room_work.

CREATE TABLE person_work (
    room text NOT NULL,
    identity text NOT NULL,
    action text NOT NULL CHECK (action IN ('mute', 'unmute', 'put_out')),
    not_before timestamptz NOT NULL DEFAULT now(),
    attempts integer NOT NULL DEFAULT 0,
    PRIMARY KEY (room, identity)
);

CREATE INDEX person_work_due ON person_work (not_before);
