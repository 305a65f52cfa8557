-- SPDX-License-Identifier: Apache-2.0
-- The vault. It is not rebuilt from events: names and addresses are nowhere else.

-- One key per participant, staff member or idea sheet, wrapped by the key of keys from the settings.
-- A destroyed key keeps its row (`wrapped` is null), so that it is never made again.
CREATE TABLE data_keys (
    id uuid PRIMARY KEY,
    conference_id uuid,
    wrapped bytea
);

-- `address` is a keyed hash of the e-mail address: it finds the same person again, and it goes with the row.
-- `sealed` holds name, address and all else, sealed with the participant's key.
-- `is_current`: the registration stands; who registers again after cancelling is a new participant.
CREATE TABLE participants (
    participant_id uuid PRIMARY KEY,
    conference_id uuid NOT NULL,
    address bytea NOT NULL,
    sealed bytea NOT NULL,
    confirmation_hash bytea NOT NULL UNIQUE,
    link_hash bytea NOT NULL UNIQUE,
    link_rotation integer NOT NULL DEFAULT 0,
    is_current boolean NOT NULL DEFAULT true,
    is_excluded boolean NOT NULL DEFAULT false
);

CREATE UNIQUE INDEX participants_one_standing_registration ON participants (conference_id, address) WHERE is_current;
CREATE INDEX participants_address ON participants (address);

CREATE TABLE staff_people (
    staff_id uuid PRIMARY KEY,
    sealed bytea NOT NULL
);

-- Keys that sign residents' tokens; the private key is wrapped by the key of keys.
CREATE TABLE signing_keys (
    kid text PRIMARY KEY,
    public_jwk jsonb NOT NULL,
    wrapped bytea NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now()
);

-- Mails to be sent and sent ones: who, which conference, which kind, once. Texts are made when a mail is sent and
-- never stored. A rebuild of read models keeps these rows; that is why nobody gets a mail twice.
CREATE TABLE outbox (
    participant_id uuid NOT NULL,
    conference_id uuid NOT NULL,
    kind text NOT NULL,
    position bigint NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    sent_at timestamptz,
    failed_with integer,
    PRIMARY KEY (participant_id, conference_id, kind)
);

CREATE INDEX outbox_due ON outbox (next_attempt_at) WHERE sent_at IS NULL AND failed_with IS NULL;

-- Who hears of the end of a conference; written by the projection that fills the outbox.
CREATE TABLE mail_standing (
    participant_id uuid PRIMARY KEY,
    conference_id uuid NOT NULL,
    standing text NOT NULL
);

CREATE INDEX mail_standing_conference ON mail_standing (conference_id);

-- Read models.

CREATE TABLE districts (
    district_id uuid PRIMARY KEY,
    name text NOT NULL,
    postal_codes text[] NOT NULL,
    streets jsonb NOT NULL
);

CREATE INDEX districts_by_name ON districts (name, district_id);

CREATE TABLE district_streets (
    district_id uuid NOT NULL,
    street text NOT NULL,
    first integer,
    last integer
);

CREATE INDEX district_streets_street ON district_streets (street);
CREATE INDEX district_streets_district ON district_streets (district_id);

CREATE TABLE conferences (
    conference_id uuid PRIMARY KEY,
    series_id uuid NOT NULL,
    district_id uuid NOT NULL,
    title text NOT NULL,
    status text NOT NULL,
    starts_at timestamptz NOT NULL,
    zone text NOT NULL,
    language text NOT NULL,
    capacity integer NOT NULL
);

CREATE INDEX conferences_by_start ON conferences (starts_at, conference_id);

CREATE TABLE registrations (
    participant_id uuid PRIMARY KEY,
    conference_id uuid NOT NULL,
    status text NOT NULL,
    present boolean NOT NULL DEFAULT false,
    waiting_since bigint,
    needs bytea
);

CREATE INDEX registrations_conference ON registrations (conference_id, status);

CREATE TABLE staff_roles (
    staff_id uuid NOT NULL,
    conference_id uuid,
    role text NOT NULL,
    UNIQUE NULLS NOT DISTINCT (staff_id, conference_id, role)
);

CREATE INDEX staff_roles_conference ON staff_roles (conference_id);
