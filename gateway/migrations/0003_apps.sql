-- SPDX-License-Identifier: Apache-2.0
-- Apps that may have no webhooks (any more): the city suspended or erased them, or took the scope from them.
CREATE TABLE webhook_owners_shut_out (owner text PRIMARY KEY);
