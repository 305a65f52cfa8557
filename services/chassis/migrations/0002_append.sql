-- SPDX-License-Identifier: Apache-2.0
-- Appends a batch of independent items in one transaction. Every item succeeds or fails by itself.
--
-- The advisory lock makes the order of positions the order of commits, so that a reader with a plain
-- integer cursor misses nothing. The caller sends only items that do not touch each other (no stream
-- written twice, none written and guarded, no command or tracking twice); therefore all checks of a batch
-- read before anything is written.
--
-- h_*: what the item expects of its streams, written ones and guarded ones: the last version, -1 for none.
--      A library stream may start at 1, so that an absent stream also satisfies 0.
-- Statuses: S (log was set back), E (the log has another epoch), and per item
--           A appended, D duplicate command, K key reused, T already tracked, C conflict.
CREATE FUNCTION es_append(
    p_epoch text, p_floor bigint, p_items integer,
    e_item integer[], e_originator uuid[], e_version bigint[], e_topic text[], e_state bytea[],
    e_conference uuid[], e_event uuid[], e_meta bytea[], e_at timestamptz[],
    h_item integer[], h_originator uuid[], h_expected bigint[],
    c_item integer[], c_id uuid[], c_hash bytea[], c_outcome bytea[], c_at timestamptz[],
    t_item integer[], t_consumer text[], t_source text[], t_conference text[], t_position bigint[]
) RETURNS TABLE (r_item integer, r_status text, r_position bigint, r_outcome bytea)
LANGUAGE plpgsql
-- The plan is the same for every batch: index look-ups per row. Statistics of a table that was empty a
-- second ago must not talk the planner out of it.
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
DECLARE
    head bigint;
    status text[] := array_fill('A'::text, ARRAY[p_items]);
    place bigint[];
    outcomes bytea[] := array_fill(NULL::bytea, ARRAY[p_items]);
    good integer[];
    i integer;
    r record;
BEGIN
    PERFORM pg_advisory_xact_lock(7305809441);  -- "the log of this database"; nobody else uses the number
    SELECT coalesce(max(notification_id), 0) INTO head FROM stored_events;
    IF (SELECT epoch FROM log) <> p_epoch THEN
        RETURN QUERY SELECT 0, 'E'::text, head, NULL::bytea;
        RETURN;
    END IF;
    IF head < p_floor THEN
        RETURN QUERY SELECT 0, 'S'::text, head, NULL::bytea;
        RETURN;
    END IF;
    place := array_fill(head, ARRAY[p_items]);

    FOR r IN
        SELECT h.item FROM unnest(h_item, h_originator, h_expected) AS h (item, originator, expected)
        LEFT JOIN LATERAL (
            SELECT originator_version AS last FROM stored_events
            WHERE originator_id = h.originator ORDER BY originator_version DESC LIMIT 1
        ) AS s ON true
        WHERE CASE WHEN s.last IS NULL THEN h.expected NOT IN (-1, 0) ELSE s.last <> h.expected END
    LOOP
        status[r.item] := 'C';
    END LOOP;

    IF cardinality(t_item) > 0 THEN
        FOR r IN
            SELECT t.item FROM unnest(t_item, t_consumer, t_source, t_conference, t_position)
                AS t (item, consumer, source, conference, position)
            JOIN consumed USING (consumer, source, conference)
            WHERE consumed.position >= t.position
        LOOP
            status[r.item] := 'T';
        END LOOP;
    END IF;

    IF cardinality(c_item) > 0 THEN
        FOR r IN
            SELECT c.item, k.request_hash = c.hash AS same, k.outcome, k.notification_id AS position
            FROM unnest(c_item, c_id, c_hash) AS c (item, id, hash)
            JOIN commands AS k ON k.command_id = c.id
        LOOP
            status[r.item] := CASE WHEN r.same THEN 'D' ELSE 'K' END;
            place[r.item] := r.position;
            outcomes[r.item] := CASE WHEN r.same THEN r.outcome END;
        END LOOP;
    END IF;

    SELECT array_agg(e.item ORDER BY e.nth) INTO good
    FROM unnest(e_item) WITH ORDINALITY AS e (item, nth) WHERE status[e.item] = 'A';

    -- RETURNING yields the rows in the order of insertion, which ORDER BY fixes.
    i := 0;
    FOR r IN
        INSERT INTO stored_events (
            originator_id, originator_version, topic, state, conference_id, event_id, meta, recorded_at)
        SELECT e.originator, e.version, e.topic, e.state, e.conference, e.event, e.meta, e.at
        FROM unnest(e_item, e_originator, e_version, e_topic, e_state, e_conference, e_event, e_meta, e_at)
            WITH ORDINALITY
            AS e (item, originator, version, topic, state, conference, event, meta, at, nth)
        WHERE status[e.item] = 'A'
        ORDER BY e.nth
        RETURNING notification_id AS id
    LOOP
        i := i + 1;
        place[good[i]] := r.id;
    END LOOP;

    IF cardinality(c_item) > 0 THEN
        INSERT INTO commands (command_id, request_hash, outcome, notification_id, at)
        SELECT c.id, c.hash, c.outcome, place[c.item], coalesce(c.at, now())
        FROM unnest(c_item, c_id, c_hash, c_outcome, c_at) AS c (item, id, hash, outcome, at)
        WHERE status[c.item] = 'A';
    END IF;

    IF cardinality(t_item) > 0 THEN
        INSERT INTO consumed AS known (consumer, source, conference, position)
        SELECT t.consumer, t.source, t.conference, t.position
        FROM unnest(t_item, t_consumer, t_source, t_conference, t_position)
            AS t (item, consumer, source, conference, position)
        WHERE status[t.item] = 'A'
        ON CONFLICT (consumer, source, conference) DO UPDATE SET position = EXCLUDED.position
        WHERE known.position < EXCLUDED.position;
    END IF;

    RETURN QUERY SELECT n, status[n], place[n], outcomes[n] FROM generate_series(1, p_items) AS n;
END
$$;
