-- SPDX-License-Identifier: Apache-2.0
-- Whose access ended lately, for gateways that start or did not listen for a while: a role of a person of the staff, or,
-- with an empty role, everything of a person. `noted_at` is real time: tokens live by it.
CREATE TABLE revocations (
    person uuid NOT NULL,
    role text NOT NULL,
    scope text NOT NULL,
    noted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (person, role, scope)
);

CREATE INDEX revocations_noted_at ON revocations (noted_at);
