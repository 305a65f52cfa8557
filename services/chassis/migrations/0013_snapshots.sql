-- SPDX-License-Identifier: Apache-2.0
-- States of long streams, so that nobody folds them from the first event on: the newest one of each stream. All of it
-- follows from stored_events; rows may be deleted at any time.
--
-- A row says after which event the state held. It counts only while the log holds that very event (version, time and
-- position), so that a log which was set back without this table is never decided on with what it lost.
-- state_version: that of the rule that folded the state; kind: the name of the state's class.
CREATE TABLE snapshots (
    originator_id uuid PRIMARY KEY,
    originator_version bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    notification_id bigint NOT NULL,
    state_version integer NOT NULL,
    kind text NOT NULL,
    state bytea NOT NULL
);
