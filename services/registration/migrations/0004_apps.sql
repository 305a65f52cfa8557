-- SPDX-License-Identifier: Apache-2.0
-- Who answers for an app: name and address, sealed with the app's key. Part of the vault, not rebuilt from events.
CREATE TABLE app_contacts (
    app_id uuid PRIMARY KEY,
    sealed bytea NOT NULL
);
