# SPDX-License-Identifier: Apache-2.0
"""Which districts are there, and which one does an address belong to?"""

import re
from uuid import UUID

import msgspec

from services.chassis.database import Database, Tx
from services.chassis.paging import one_page
from services.chassis.projection import TableProjection
from services.chassis.records import Recorded
from services.contracts import registration as contract
from services.registration.domain.district import DistrictDefined
from services.registration.readmodel.cursors import read_cursor, write_cursor

_STREETS = msgspec.json.Decoder(tuple[contract.StreetRange, ...])


def street_key(street: str) -> str:
    """The form in which streets are compared: "Günterstalstr. " and "günterstalstraße" are the same street."""
    folded = re.sub(r"[\s\-.]+", "", street.casefold())
    return re.sub(r"str$", "strasse", folded)


async def _defined(tx: Tx, event: DistrictDefined, _: Recorded) -> None:
    district = UUID(event.district_id)
    await tx.execute(
        "INSERT INTO districts (district_id, name, postal_codes, streets) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (district_id) DO UPDATE SET name = $2, postal_codes = $3, streets = $4",
        district, event.name, list(event.postal_codes), msgspec.json.encode(event.streets).decode(),
    )  # fmt: skip
    await tx.execute("DELETE FROM district_streets WHERE district_id = $1", district)
    await tx.executemany(
        "INSERT INTO district_streets (district_id, street, first, last) VALUES ($1, $2, $3, $4)",
        [(district, street_key(each.street), each.first, each.last) for each in event.streets],
    )


DISTRICTS = TableProjection(
    name="districts", version=1, handlers={DistrictDefined: _defined}, tables=("districts", "district_streets")
)

_LIST = """
SELECT d.district_id, d.name, d.postal_codes, d.streets FROM districts d
WHERE ($1::text IS NULL OR (d.name, d.district_id) > ($1, $2::uuid))
AND ($8::text IS NULL OR (d.name, d.district_id) < ($8, $9::uuid))
AND ($3::text IS NULL OR $3 = ANY(d.postal_codes))
AND ($4::text IS NULL OR EXISTS (
    SELECT FROM district_streets s WHERE s.district_id = d.district_id AND s.street = $4
    AND ($5::integer IS NULL OR s.first IS NULL OR $5 >= s.first) AND ($5 IS NULL OR s.last IS NULL OR $5 <= s.last)
))
AND (cardinality($7::uuid[]) = 0 OR d.district_id = ANY($7))
"""
_ORDER = {
    False: "ORDER BY d.name, d.district_id LIMIT $6",
    True: "ORDER BY d.name DESC, d.district_id DESC LIMIT $6",
}


async def list_districts(db: Database, query: contract.ListDistricts) -> contract.Districts:
    """One page of districts by name.

    Raises:
        BadCursor: an end of `query.cut` is not a cursor of this list.
    """
    cut = query.cut
    after = read_cursor(cut.after, tuple[str, UUID]) if cut.after else (None, None)
    before = read_cursor(cut.before, tuple[str, UUID]) if cut.before else (None, None)
    rows = await db.pool.fetch(
        _LIST + _ORDER[cut.backward],
        *after,
        query.postal_code,
        street_key(query.street) if query.street else None,
        query.house_number,
        cut.first + 1,
        [UUID(each) for each in query.ids],
        *before,
    )
    page, more = one_page(rows, cut.first, backward=cut.backward)
    items = tuple(
        contract.District(
            district_id=row["district_id"].hex,
            name=row["name"],
            postal_codes=tuple(row["postal_codes"]),
            streets=_STREETS.decode(row["streets"]),
        )
        for row in page
    )
    keys = tuple(write_cursor((item.name, item.district_id)) for item in items)
    return contract.Districts(items=items, keys=keys, more=more)
