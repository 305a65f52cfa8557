-- SPDX-License-Identifier: Apache-2.0
-- A keyed hash of the contact's e-mail address: how many apps of one address wait. It goes with the row.
ALTER TABLE app_contacts ADD COLUMN address bytea;
CREATE INDEX app_contacts_address ON app_contacts (address);

-- Mails about apps, to be sent and sent ones: to organisers of the city that some wait, to an app's contact what became
-- of it. One row for each recipient and kind; `position` is the event of the latest one, so that a rebuild of read models
-- sends nothing again. Texts and addresses are found when a mail is sent.
CREATE TABLE app_mails (
    recipient uuid NOT NULL,
    kind text NOT NULL,
    position bigint NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    sent_at timestamptz,
    failed_with integer,
    PRIMARY KEY (recipient, kind)
);

CREATE INDEX app_mails_due ON app_mails (next_attempt_at) WHERE sent_at IS NULL AND failed_with IS NULL;

-- Read models of the projection that fills it: who decides about apps, and what is said of an app.
CREATE TABLE app_mail_organisers (staff_id uuid PRIMARY KEY);
CREATE TABLE app_mail_apps (
    app_id uuid PRIMARY KEY,
    name text NOT NULL,
    waits boolean NOT NULL DEFAULT true,
    position bigint NOT NULL
);
