-- SPDX-License-Identifier: Apache-2.0
-- Which registrations were asked for in the last hour, per keyed hash of the address: nobody is buried in mails.
CREATE TABLE mail_requests (
    command_id uuid PRIMARY KEY,
    address bytea NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX mail_requests_address ON mail_requests (address, asked_at);
CREATE INDEX mail_requests_asked_at ON mail_requests (asked_at);
