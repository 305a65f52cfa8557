# SPDX-License-Identifier: Apache-2.0
"""Rooms are made, listed, changed and closed by LiveKit's own client as they are by LiveKit."""

import time

import pytest
from livekit import api


async def refused(call) -> tuple[str, int]:
    with pytest.raises(api.TwirpError) as error:
        await call
    return error.value.code, error.value.status


async def create(lk, room, **fields):
    return await lk.room.create_room(api.CreateRoomRequest(name=room, **fields))


async def listed(lk, *names):
    return list((await lk.room.list_rooms(api.ListRoomsRequest(names=names))).rooms)


async def test_a_new_room_has_a_sid_and_the_usual_timeouts(lk, room):
    made = await create(lk, room)
    assert (made.name, made.empty_timeout, made.departure_timeout) == (room, 300, 20)
    assert made.sid.startswith("RM_")
    assert abs(made.creation_time - time.time()) < 120
    assert (made.num_participants, made.max_participants) == (0, 0)


async def test_a_new_room_is_made_as_asked(lk, room):
    made = await create(lk, room, empty_timeout=600, departure_timeout=120, max_participants=12, metadata="m")
    assert (made.empty_timeout, made.departure_timeout, made.max_participants) == (600, 120, 12)
    assert made.metadata == "m"


async def test_a_room_is_made_once_for_its_name(lk, room):
    assert (await create(lk, room)).sid == (await create(lk, room)).sid


async def test_creating_a_living_room_changes_nothing(lk, room):
    await create(lk, room, empty_timeout=600, max_participants=12, metadata="first")
    again = await create(lk, room, empty_timeout=900, max_participants=5, metadata="second")
    assert (again.empty_timeout, again.max_participants, again.metadata) == (600, 12, "first")


async def test_a_long_name_is_refused(lk):
    assert await refused(create(lk, "n" * 257)) == ("invalid_argument", 400)


async def test_an_unknown_preset_is_refused(lk, room):
    assert await refused(create(lk, room, room_preset="no-such-preset")) == ("invalid_argument", 400)


async def test_rooms_are_listed_by_name(lk, room):
    made = await create(lk, room, metadata="m")
    found = await listed(lk, room)
    assert [(one.name, one.sid, one.metadata) for one in found] == [(room, made.sid, "m")]


async def test_a_name_without_a_room_is_left_out_of_the_list(lk, room):
    await create(lk, room)
    assert [one.name for one in await listed(lk, room, f"{room}.none")] == [room]


async def test_without_names_all_rooms_are_listed(lk, room):
    await create(lk, room)
    assert room in {one.name for one in await listed(lk)}


async def test_a_deleted_room_is_listed_no_more(lk, room):
    await create(lk, room)
    await lk.room.delete_room(api.DeleteRoomRequest(room=room))
    assert await listed(lk, room) == []


async def test_a_room_made_after_its_deletion_is_another_one(lk, room):
    first = await create(lk, room, metadata="m")
    await lk.room.delete_room(api.DeleteRoomRequest(room=room))
    second = await create(lk, room)
    assert (first.sid == second.sid, second.metadata) == (False, "")


async def test_deleting_a_room_that_does_not_exist_is_refused(lk, room):
    assert await refused(lk.room.delete_room(api.DeleteRoomRequest(room=room))) == ("not_found", 404)


async def test_metadata_is_replaced(lk, room):
    await create(lk, room, metadata="first")
    changed = await lk.room.update_room_metadata(api.UpdateRoomMetadataRequest(room=room, metadata="second"))
    assert (changed.name, changed.metadata) == (room, "second")
    assert [one.metadata for one in await listed(lk, room)] == ["second"]


async def test_metadata_of_a_room_that_does_not_exist_are_refused(lk, room):
    request = api.UpdateRoomMetadataRequest(room=room, metadata="m")
    assert await refused(lk.room.update_room_metadata(request)) == ("not_found", 404)


async def test_metadata_that_are_too_long_are_refused(lk, room):
    await create(lk, room)
    request = api.UpdateRoomMetadataRequest(room=room, metadata="m" * (512 * 1024 + 1))
    assert await refused(lk.room.update_room_metadata(request)) == ("invalid_argument", 400)


async def test_a_new_room_is_empty(lk, room):
    await create(lk, room)
    found = await lk.room.list_participants(api.ListParticipantsRequest(room=room))
    assert list(found.participants) == []


async def test_a_room_that_does_not_exist_is_as_empty(lk, room):
    found = await lk.room.list_participants(api.ListParticipantsRequest(room=room))
    assert list(found.participants) == []


@pytest.mark.parametrize("method", ["get_participant", "remove_participant"])
async def test_a_person_who_is_not_there_is_not_found(lk, room, method):
    await create(lk, room)
    request = api.RoomParticipantIdentity(room=room, identity="nobody")
    assert await refused(getattr(lk.room, method)(request)) == ("not_found", 404)


async def test_a_person_who_is_not_there_cannot_be_changed(lk, room):
    await create(lk, room)
    request = api.UpdateParticipantRequest(room=room, identity="nobody", name="n")
    assert await refused(lk.room.update_participant(request)) == ("not_found", 404)
