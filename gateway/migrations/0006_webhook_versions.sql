-- SPDX-License-Identifier: Apache-2.0
-- How often a webhook has changed: its address, its filters, its secret, or whether anything is sent to it. A command
-- that says up to which change its client saw the webhook is compared with it.
ALTER TABLE webhook_endpoints ADD COLUMN version bigint NOT NULL DEFAULT 1;
