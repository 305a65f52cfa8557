-- SPDX-License-Identifier: Apache-2.0
-- Since when somebody is excluded, in real time: gateways are told until no token of theirs can be good any more.
ALTER TABLE participants ADD COLUMN excluded_at timestamptz;
CREATE INDEX participants_excluded ON participants (participant_id) WHERE is_excluded;
