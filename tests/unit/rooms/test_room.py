"""Single rules, one by one; `tests/stateful/test_rooms.py` mixes them."""

from collections.abc import Callable

import pytest

from videocall.protocol import ErrorCode, ProtocolError
from videocall.protocol import notifications as n
from videocall.protocol.results import Participant, Producer
from videocall.protocol.shapes import Permissions
from videocall.rooms import (
    CloseConsumer,
    CloseProducer,
    CloseTransport,
    Effect,
    Limits,
    Notify,
    ParticipantChanged,
    PauseProducer,
    ProducerEnded,
    ProducerStarted,
    ResumeProducer,
    Room,
)

ALL = Permissions()


def call_of(*names: str, limits: Limits | None = None) -> Room:
    """A room in which everybody has a transport each way, called `send-NAME` and `recv-NAME`."""
    room = Room("daily", limits)
    for joined_at, name in enumerate(names):
        room.join(name, name.upper(), joined_at)
        room.add_transport(name, f"send-{name}", "send")
        room.add_transport(name, f"recv-{name}", "recv")
    return room


def shown(effects: list[Effect]) -> list[Effect]:
    """What clients and the media core are told, without what only watchers of the server are."""
    return [
        effect for effect in effects if not isinstance(effect, ProducerStarted | ProducerEnded | ParticipantChanged)
    ]


def refused(code: ErrorCode, action: Callable[[], object]) -> str:
    with pytest.raises(ProtocolError) as caught:
        action()
    assert caught.value.code == code
    return caught.value.message


def test_the_first_is_the_host_and_hears_of_the_others() -> None:
    room = Room("daily")
    assert room.join("a", " Ada ", 5) == []
    assert room.join("b", "Bob", 6) == [
        Notify(("a",), n.ParticipantJoined("b", "Bob", "participant", 6, ALL, handRaised=False))
    ]
    assert room.participants == [
        Participant("a", "Ada", "host", 5, ALL, handRaised=False),
        Participant("b", "Bob", "participant", 6, ALL, handRaised=False),
    ]


def test_a_full_room_takes_nobody_in() -> None:
    room = call_of("a", "b", limits=Limits(participants=2))
    refused(ErrorCode.ROOM_FULL, lambda: room.join("c", "C", 0))
    room.leave("a", "left")
    room.join("c", "C", 0)


def test_joining_twice_is_a_conflict() -> None:
    refused(ErrorCode.CONFLICT, lambda: call_of("a").join("a", "A", 0))


@pytest.mark.parametrize("name", ["", " ", "\u2003\t"])
def test_a_name_that_cannot_be_seen_is_refused(name: str) -> None:
    room = call_of("a")
    refused(ErrorCode.BAD_REQUEST, lambda: room.join("b", name, 0))
    refused(ErrorCode.BAD_REQUEST, lambda: room.set_display_name("a", name))
    assert [p.displayName for p in room.participants] == ["A"]


def test_a_new_name_is_told_to_the_others() -> None:
    assert shown(call_of("a", "b").set_display_name("a", " Ada ")) == [
        Notify(("b",), n.ParticipantUpdated("a", "Ada", "host", ALL, handRaised=False))
    ]


def test_a_producer_is_announced_to_everyone_else() -> None:
    room = call_of("a", "b", "c")
    effects = room.add_producer("a", "send-a", "p", "video", None)
    assert shown(effects) == [Notify(("b", "c"), n.NewProducer("p", "a", "video", "camera", paused=False))]
    assert room.producers == [Producer("p", "a", "video", "camera", paused=False)]


@pytest.mark.parametrize(
    ("kind", "source", "resolved"),
    [
        ("audio", None, "microphone"),
        ("video", None, "camera"),
        ("video", "screen", "screen"),
        ("audio", "screenAudio", "screenAudio"),
    ],
)
def test_the_source_follows_from_the_kind_when_it_is_missing(kind: str, source: str | None, resolved: str) -> None:
    assert call_of("a").check_produce("a", "send-a", kind, source) == resolved  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "source"), [("audio", "camera"), ("audio", "screen"), ("video", "microphone"), ("video", "screenAudio")]
)
def test_a_source_of_the_other_kind_is_refused(kind: str, source: str) -> None:
    room = call_of("a")
    refused(ErrorCode.BAD_REQUEST, lambda: room.add_producer("a", "send-a", "p", kind, source))  # type: ignore[arg-type]
    assert room.producers == []


def test_the_direction_of_a_transport_counts() -> None:
    room = call_of("a", "b")
    refused(ErrorCode.CONFLICT, lambda: room.add_producer("a", "recv-a", "p", "video", None))
    room.add_producer("a", "send-a", "p", "video", None)
    refused(ErrorCode.CONFLICT, lambda: room.add_consumer("b", "send-b", "c", "p"))


def test_what_is_somebody_elses_is_not_found() -> None:
    room, other = call_of("a", "b"), call_of("x")
    room.add_producer("a", "send-a", "p", "video", None)
    room.add_consumer("b", "recv-b", "c", "p")
    other.add_producer("x", "send-x", "px", "video", None)
    for action in (
        lambda: room.add_producer("b", "send-a", "q", "video", None),
        lambda: room.add_producer("b", "send-x", "q", "video", None),
        lambda: room.check_transport("b", "send-a"),
        lambda: room.pause_producer("b", "p"),
        lambda: room.resume_producer("b", "p"),
        lambda: room.close_producer("b", "p"),
        lambda: room.close_producer("b", "px"),
        lambda: room.add_consumer("b", "recv-a", "d", "p"),
        lambda: room.add_consumer("b", "recv-b", "d", "px"),
        lambda: room.check_consumer("a", "c"),
        lambda: room.close_consumer("a", "c"),
    ):
        refused(ErrorCode.NOT_FOUND, action)


def test_who_has_left_can_do_nothing() -> None:
    room = call_of("a", "b")
    room.leave("b", "left")
    for action in (
        lambda: room.set_display_name("b", "B"),
        lambda: room.add_transport("b", "t", "send"),
        lambda: room.add_producer("b", "send-b", "p", "video", None),
        lambda: room.add_consumer("b", "recv-b", "c", "p"),
        lambda: room.close_producer("b", "p"),
        lambda: room.close_consumer("b", "c"),
    ):
        refused(ErrorCode.NOT_JOINED, action)


@pytest.mark.parametrize("what", ["transports", "producers", "consumers"])
def test_what_one_participant_may_have_is_limited(what: str) -> None:
    room = call_of("a", limits=Limits(transports_each=2, producers_each=2, consumers_each=2))
    for number in range(2):
        room.add_producer("a", "send-a", f"p{number}", "audio", None)
        room.add_consumer("a", "recv-a", f"c{number}", "p0")
    actions: dict[str, Callable[[], object]] = {
        "transports": lambda: room.add_transport("a", "t", "send"),
        "producers": lambda: room.add_producer("a", "send-a", "p", "audio", None),
        "consumers": lambda: room.add_consumer("a", "recv-a", "c", "p0"),
    }
    assert what in refused(ErrorCode.LIMIT_REACHED, actions[what])


def test_leaving_closes_everything_and_says_so_in_order() -> None:
    room = call_of("a", "b", "c")
    room.add_producer("a", "send-a", "p", "video", None)
    room.add_consumer("b", "recv-b", "cb", "p")
    assert shown(room.leave("a", "timeout")) == [
        Notify(("b",), n.ConsumerClosed("cb", "p", "timeout")),
        Notify(("b", "c"), n.ProducerClosed("p", "a", "timeout")),
        Notify(("b", "c"), n.ParticipantLeft("a", "timeout")),
        CloseTransport("send-a"),
        CloseTransport("recv-a"),
        Notify(("b", "c"), n.ParticipantUpdated("b", "B", "host", ALL, handRaised=False)),
    ]
    assert shown(room.leave("a", "left")) == []
    assert room.producers == []
    refused(ErrorCode.NOT_FOUND, lambda: room.check_consumer("b", "cb"))


def test_a_leaver_who_received_itself_leaves_cleanly() -> None:
    room = call_of("a")
    room.add_producer("a", "send-a", "p", "video", None)
    room.add_consumer("a", "recv-a", "c", "p")
    assert shown(room.leave("a", "left")) == [CloseTransport("send-a"), CloseTransport("recv-a")]


def test_closing_a_producer_closes_its_consumers() -> None:
    room = call_of("a", "b")
    room.add_producer("a", "send-a", "p", "video", None)
    room.add_consumer("b", "recv-b", "c", "p")
    assert shown(room.close_producer("a", "p")) == [
        Notify(("b",), n.ConsumerClosed("c", "p", "closed")),
        Notify(("b",), n.ProducerClosed("p", "a", "closed")),
        CloseProducer("p"),
    ]
    refused(ErrorCode.NOT_FOUND, lambda: room.close_producer("a", "p"))


def test_a_transport_that_the_core_closes_takes_its_producers_and_consumers_with_it() -> None:
    room = call_of("a", "b")
    room.add_producer("a", "send-a", "pa", "video", None)
    room.add_producer("b", "send-b", "pb", "video", None)
    room.add_consumer("b", "recv-b", "c", "pa")
    room.add_consumer("a", "recv-a", "d", "pb")
    assert shown(room.transport_closed("a", "send-a")) == [
        Notify(("b",), n.ConsumerClosed("c", "pa", "transportClosed")),
        Notify(("a", "b"), n.ProducerClosed("pa", "a", "transportClosed")),
    ]
    assert shown(room.transport_closed("a", "recv-a")) == [
        Notify(("a",), n.ConsumerClosed("d", "pb", "transportClosed"))
    ]
    assert shown(room.transport_closed("a", "recv-a")) == []
    assert shown(room.transport_closed("nobody", "recv-a")) == []


def test_pausing_is_told_once_to_the_others_and_to_consumers() -> None:
    room = call_of("a", "b")
    room.add_producer("a", "send-a", "p", "audio", None)
    room.add_consumer("b", "recv-b", "c", "p")
    assert room.pause_producer("a", "p") == [
        PauseProducer("p"),
        Notify(("b",), n.ProducerPaused("p", "a", "owner")),
        Notify(("b",), n.ConsumerPaused("c", "p")),
    ]
    assert room.pause_producer("a", "p") == []
    assert room.resume_producer("a", "p") == [
        ResumeProducer("p"),
        Notify(("b",), n.ProducerResumed("p", "a")),
        Notify(("b",), n.ConsumerResumed("c", "p")),
    ]
    assert room.resume_producer("a", "p") == []


def test_a_screen_pauses_the_camera_and_gives_it_back() -> None:
    room = call_of("a", "b")
    room.add_producer("a", "send-a", "cam", "video", "camera")
    room.add_producer("a", "send-a", "mic", "audio", "microphone")
    assert shown(room.add_producer("a", "send-a", "scr", "video", "screen")) == [
        PauseProducer("cam"),
        Notify(("b",), n.ProducerPaused("cam", "a", "screen")),
        Notify(("b",), n.NewProducer("scr", "a", "video", "screen", paused=False)),
    ]
    assert shown(room.close_producer("a", "scr")) == [
        Notify(("b",), n.ProducerClosed("scr", "a", "closed")),
        CloseProducer("scr"),
        ResumeProducer("cam"),
        Notify(("b",), n.ProducerResumed("cam", "a")),
    ]


def test_a_camera_its_owner_paused_stays_paused_after_the_screen() -> None:
    room = call_of("a", "b")
    room.add_producer("a", "send-a", "cam", "video", "camera")
    room.pause_producer("a", "cam")
    room.add_producer("a", "send-a", "scr", "video", "screen")
    assert not any(isinstance(effect, ResumeProducer) for effect in room.close_producer("a", "scr"))
    assert room.producers[0].paused


def test_a_camera_resumed_under_the_screen_goes_on_after_it() -> None:
    room = call_of("a", "b")
    room.add_producer("a", "send-a", "cam", "video", "camera", paused=True, media_paused=True)
    room.add_producer("a", "send-a", "scr", "video", "screen")
    assert room.resume_producer("a", "cam") == []
    assert ResumeProducer("cam") in room.close_producer("a", "scr")


def test_a_sharer_can_keep_the_camera() -> None:
    room = call_of("a", "b")
    room.add_producer("a", "send-a", "cam", "video", "camera")
    effects = room.add_producer("a", "send-a", "scr", "video", "screen", keeps_camera=True)
    assert not any(isinstance(effect, PauseProducer) for effect in effects)
    assert PauseProducer("cam") in room.add_producer("a", "send-a", "scr2", "video", "screen")
    assert ResumeProducer("cam") in room.close_producer("a", "scr2")


def test_a_camera_begun_under_a_screen_begins_paused() -> None:
    room = call_of("a", "b")
    room.add_producer("a", "send-a", "scr", "video", "screen")
    assert room.starts_held("a", "camera")
    assert shown(room.add_producer("a", "send-a", "cam", "video", "camera", media_paused=True)) == [
        Notify(("b",), n.NewProducer("cam", "a", "video", "camera", paused=True))
    ]


def test_media_made_other_than_wanted_is_corrected() -> None:
    room = call_of("a")
    assert shown(room.add_producer("a", "send-a", "p", "video", None, paused=True)) == [PauseProducer("p")]
    assert shown(room.add_producer("a", "send-a", "q", "audio", None, media_paused=True)) == [ResumeProducer("q")]


def test_another_ones_screen_leaves_the_camera_alone() -> None:
    room = call_of("a", "b")
    room.add_producer("a", "send-a", "cam", "video", "camera")
    effects: list[Effect] = room.add_producer("b", "send-b", "scr", "video", "screen")
    assert shown(effects) == [Notify(("a",), n.NewProducer("scr", "b", "video", "screen", paused=False))]


def test_a_screen_that_the_core_closes_gives_the_camera_back_too() -> None:
    room = call_of("a", "b")
    room.add_transport("a", "send-2", "send")
    room.add_producer("a", "send-a", "cam", "video", "camera")
    room.add_producer("a", "send-2", "scr", "video", "screen")
    assert ResumeProducer("cam") in room.transport_closed("a", "send-2")
    room.add_producer("a", "send-a", "scr2", "video", "screen")
    assert ResumeProducer("cam") in room.producer_closed("scr2", "error")
    assert room.producer_closed("scr2", "error") == []


def test_closing_a_consumer_is_its_owners_business() -> None:
    room = call_of("a", "b")
    room.add_producer("a", "send-a", "p", "video", None)
    assert room.add_consumer("b", "recv-b", "c", "p") == Producer("p", "a", "video", "camera", paused=False)
    assert room.close_consumer("b", "c") == [CloseConsumer("c")]
    assert shown(room.close_producer("a", "p")) == [
        Notify(("b",), n.ProducerClosed("p", "a", "closed")),
        CloseProducer("p"),
    ]


def test_a_consumer_that_the_core_closes_is_told_to_its_owner_once() -> None:
    room = call_of("a", "b")
    room.add_producer("a", "send-a", "p", "video", None)
    room.add_consumer("b", "recv-b", "c", "p")
    assert room.consumer_closed("b", "c", "error") == [Notify(("b",), n.ConsumerClosed("c", "p", "error"))]
    assert room.consumer_closed("b", "c", "error") == []
    assert room.consumer_closed("nobody", "c", "error") == []
