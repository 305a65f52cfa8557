-- SPDX-License-Identifier: Apache-2.0
-- A deleted key shall not lie in the table's file until fifty others have been deleted too, which is when autovacuum
-- would look at so small a table by itself: any dead row is reason enough.
ALTER TABLE ballot_keys SET (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0);
