-- SPDX-License-Identifier: Apache-2.0
-- Of an app that was erased nothing is written any more, whatever a gateway had still counted of it.
ALTER TABLE webhook_owners_shut_out ADD COLUMN erased boolean NOT NULL DEFAULT false;
