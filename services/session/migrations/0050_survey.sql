-- SPDX-License-Identifier: Apache-2.0
-- How many people have answered a wave of a survey; never who, and not what. Can be written again from the log.

CREATE TABLE survey_sheets (
    conference_id uuid NOT NULL,
    wave text NOT NULL,
    sheets integer NOT NULL,
    PRIMARY KEY (conference_id, wave)
);
