"""Single rules of roles, permissions and the lobby; `tests/stateful` mixes them."""

import attrs
import pytest
from tests.unit.rooms.test_room import call_of, refused, shown

from videocall.protocol import ErrorCode
from videocall.protocol import notifications as n
from videocall.protocol.shapes import PermissionChanges, Permissions
from videocall.rooms import CloseProducer, Expel, KnockEnded, Limits, Notify, Room, RoomSettings, SettingsChanged


def with_viewer() -> Room:
    """A is the host, b a participant, v a viewer."""
    room = call_of("a", "b", "v")
    room.set_role("a", "v", "viewer")
    return room


def test_permissions_follow_the_role_the_room_and_the_person_in_that_order() -> None:
    room = with_viewer()
    room.update(None, attrs.evolve(room.settings, permissions=Permissions(video=False, chat=False)))
    room.set_permissions(None, "b", PermissionChanges(video=True, audio=False))
    assert room.participant("a").permissions == Permissions()
    assert room.participant("b").permissions == Permissions(audio=False, video=True, chat=False)
    assert room.participant("v").permissions == Permissions(audio=False, video=False, screen=False, chat=False)


def test_a_new_role_comes_with_its_own_permissions() -> None:
    room = with_viewer()
    room.set_permissions(None, "b", PermissionChanges(audio=False))
    room.set_role(None, "b", "viewer")
    room.set_role(None, "b", "participant")
    assert room.participant("b").permissions == Permissions()


def test_what_one_changes_is_told_to_all_and_the_same_again_to_nobody() -> None:
    room = with_viewer()
    effects = room.set_permissions("a", "b", PermissionChanges(screen=False))
    update = n.ParticipantUpdated("b", "B", "participant", Permissions(screen=False), handRaised=False)
    assert shown(effects) == [Notify(("a", "b", "v"), update)]
    assert room.set_permissions("a", "b", PermissionChanges(screen=False)) == []
    assert room.set_role("a", "b", "participant") == []


def test_a_lost_permission_ends_the_screen_and_frees_the_camera() -> None:
    room = call_of("a", "b")
    room.add_producer("b", "send-b", "cam", "video", "camera")
    room.add_producer("b", "send-b", "scr", "video", "screen")
    effects = room.set_permissions("a", "b", PermissionChanges(screen=False))
    assert CloseProducer("scr") in effects
    assert [(p.producerId, p.paused) for p in room.producers] == [("cam", False)]


def test_the_rooms_permissions_close_what_they_cover_of_everyone_but_hosts() -> None:
    room = call_of("a", "b", "c")
    for who in "abc":
        room.add_producer(who, f"send-{who}", f"mic-{who}", "audio", None)
    room.set_permissions("a", "c", PermissionChanges(audio=True))
    room.update("a", attrs.evolve(room.settings, permissions=Permissions(audio=False)))
    assert [p.producerId for p in room.producers] == ["mic-a", "mic-c"]


def test_muting_what_is_paused_already_is_told_to_its_owner_alone() -> None:
    room = call_of("a", "b", "c")
    room.add_producer("b", "send-b", "mic", "audio", None, paused=True, media_paused=True)
    assert room.mute("a", "b", ["microphone"]) == [Notify(("b",), n.ProducerPaused("mic", "b", "host"))]
    assert room.mute("a", "b", ["microphone"]) == []
    room.resume_producer("b", "mic")
    assert not room.producers[0].paused


def test_the_last_host_stays_one() -> None:
    room = call_of("a", "b")
    refused(ErrorCode.CONFLICT, lambda: room.set_role("a", "a", "viewer"))
    refused(ErrorCode.CONFLICT, lambda: room.set_role(None, "a", "participant"))
    room.set_role("a", "b", "host")
    room.set_role("a", "a", "viewer")
    assert [p.role for p in room.participants] == ["viewer", "host"]


def test_viewers_alone_have_no_host_until_somebody_comes_who_is_none() -> None:
    room = with_viewer()
    room.leave("b", "left")
    room.leave("a", "left")
    room.join("w", "W", 0, "viewer")
    assert [p.role for p in room.participants] == ["viewer", "viewer"]
    room.join("c", "C", 0, "participant")
    assert room.participant("c").role == "host"
    room.join("d", "D", 0, "participant")
    assert room.participant("d").role == "participant"


@pytest.mark.parametrize("reason", ["replaced", "roomEnded", "expired"])
def test_nobody_becomes_host_of_what_ends_or_in_place_of_who_comes_back(reason: str) -> None:
    room = call_of("a", "b")
    room.leave("a", reason)  # type: ignore[arg-type]
    assert room.participant("b").role == "participant"


def test_who_is_removed_has_to_knock_and_is_forgiven_when_admitted() -> None:
    room = call_of("a")
    room.join("b", "B", 0, "host", identity="bea")
    assert room.remove("a", "b") == [Expel("b")]
    room.leave("b", "removed")
    assert room.has_to_knock("host", "bea")
    assert not room.has_to_knock("participant", "another")
    assert not room.has_to_knock("participant", None)
    room.knock("k", "B", "bea")
    room.admit("a", "k")
    assert not room.has_to_knock("host", "bea")


def test_without_a_lobby_those_in_it_come_in_as_far_as_there_is_room() -> None:
    room = Room("daily", Limits(participants=3), RoomSettings(lobby=True, kept=True))
    room.join("a", "A", 0)
    room.join("b", "B", 0, "participant", identity="bea")
    room.remove("a", "b")
    room.leave("b", "removed")
    for knock_id, identity in (("1", "bea"), ("2", None), ("3", None), ("4", None)):
        room.knock(knock_id, "X", identity)
    effects = room.update("a", attrs.evolve(room.settings, lobby=False))
    assert [e.knock.id for e in effects if isinstance(e, KnockEnded)] == ["2", "3"]
    assert [knock.id for knock in room.knocks] == ["1", "4"]


def test_settings_that_stay_are_told_to_nobody() -> None:
    room = call_of("a", "b")
    assert room.update("a", room.settings) == []
    changed = attrs.evolve(room.settings, password_hash="scrypt$...")
    effects = room.update("a", changed)
    assert [type(effect) for effect in effects] == [Notify, SettingsChanged]
    again = attrs.evolve(changed, password_hash="scrypt$another")
    assert room.update("a", again) == [SettingsChanged(again)], "that it has another password nobody sees"


def test_the_first_visitor_of_a_room_that_nobody_made_needs_no_admission() -> None:
    visited = Room("daily", settings=RoomSettings(lobby=True))
    assert not visited.has_to_knock(None, None)
    visited.join("a", "A", 0)
    assert visited.has_to_knock(None, None)
    assert Room("daily", settings=RoomSettings(lobby=True, kept=True)).has_to_knock(None, None)
