-- SPDX-License-Identifier: Apache-2.0
-- Keys of texts that several people write, so that nobody erases one under the id of a person.
ALTER TABLE data_keys ADD COLUMN joint boolean NOT NULL DEFAULT false;
