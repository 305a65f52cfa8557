-- SPDX-License-Identifier: Apache-2.0
-- What everybody may read, as a feed: of each thing its last change alone. Of what is gone only the id stays.

-- One row. Whoever writes changes locks it until their transaction ends, so that places are committed in their order.
CREATE TABLE change_feed (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    id uuid NOT NULL DEFAULT gen_random_uuid(),  -- another one after the feed was made anew
    head bigint NOT NULL DEFAULT 0,              -- the last place that was given
    complete boolean NOT NULL DEFAULT false      -- whether everything there is has been asked for
);

INSERT INTO change_feed DEFAULT VALUES;

CREATE TABLE changes (
    kind text NOT NULL,
    local uuid NOT NULL,
    place bigint NOT NULL UNIQUE,
    removed boolean NOT NULL,
    at timestamptz NOT NULL,
    position bigint NOT NULL,                    -- of the change in the log of the service that knows the thing
    PRIMARY KEY (kind, local)
);
