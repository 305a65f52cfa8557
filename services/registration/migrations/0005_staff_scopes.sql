-- SPDX-License-Identifier: Apache-2.0
-- A role holds at a conference, in a series, in a district, or, where none of them is named, in the city.
ALTER TABLE staff_roles ADD COLUMN series_id uuid, ADD COLUMN district_id uuid;
ALTER TABLE staff_roles DROP CONSTRAINT staff_roles_staff_id_conference_id_role_key;
ALTER TABLE staff_roles ADD CONSTRAINT staff_roles_once
    UNIQUE NULLS NOT DISTINCT (staff_id, conference_id, series_id, district_id, role);

CREATE FUNCTION holds_at(held staff_roles, conference uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT num_nonnulls(held.conference_id, held.series_id, held.district_id) = 0
        OR held.conference_id = conference
        OR EXISTS (
            SELECT FROM conferences AS c WHERE c.conference_id = conference
            AND (c.series_id = held.series_id OR c.district_id = held.district_id)
        )
$$;
