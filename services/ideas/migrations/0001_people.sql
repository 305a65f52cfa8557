-- SPDX-License-Identifier: Apache-2.0
-- What the other services told about people and conferences, as far as rights and conflicts of interest need it.

CREATE TABLE seats (
    conference_id uuid NOT NULL,
    participant_id uuid NOT NULL,
    PRIMARY KEY (conference_id, participant_id)
);

CREATE TABLE present (
    conference_id uuid NOT NULL,
    participant_id uuid NOT NULL,
    PRIMARY KEY (conference_id, participant_id)
);

CREATE TABLE conference_districts (
    conference_id uuid PRIMARY KEY,
    district_id uuid NOT NULL
);

CREATE TABLE staff_ties (
    staff_id uuid PRIMARY KEY,
    home_district_id uuid,
    partner_id uuid
);
