"""Capabilities and parameters as real clients send them, as JSON values."""

from typing import Any

from videocall import ortc
from videocall.ortc.types import MediaKind, RtpCapabilities, RtpParameters

Json = dict[str, Any]

MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
RID = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
RRID = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
ABS_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
TWCC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
DEPENDENCY = "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"
LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
ORIENTATION = "urn:3gpp:video-orientation"
TOFFSET = "urn:ietf:params:rtp-hdrext:toffset"
CAPTURE_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time"
PLAYOUT_DELAY = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"

CHROMIUM_FEEDBACK = [
    {"type": "goog-remb"},
    {"type": "transport-cc"},
    {"type": "ccm", "parameter": "fir"},
    {"type": "nack"},
    {"type": "nack", "parameter": "pli"},
]
FIREFOX_FEEDBACK = [
    {"type": "nack"},
    {"type": "nack", "parameter": "pli"},
    {"type": "ccm", "parameter": "fir"},
    {"type": "goog-remb"},
    {"type": "transport-cc"},
]


def video(name: str, payload_type: int, rtx: int, feedback: list[Json], **fmtp: str | int) -> list[Json]:
    parameters = {key.replace("_", "-"): value for key, value in fmtp.items()}
    media = {
        "kind": "video",
        "mimeType": f"video/{name}",
        "preferredPayloadType": payload_type,
        "clockRate": 90000,
        "parameters": parameters,
        "rtcpFeedback": feedback,
    }
    retransmission = {
        "kind": "video",
        "mimeType": "video/rtx",
        "preferredPayloadType": rtx,
        "clockRate": 90000,
        "parameters": {"apt": payload_type},
        "rtcpFeedback": [],
    }
    return [media, retransmission]


def h264(payload_type: int, rtx: int, mode: int, profile: str | int) -> list[Json]:
    return video(
        "H264",
        payload_type,
        rtx,
        CHROMIUM_FEEDBACK,
        level_asymmetry_allowed=1,
        packetization_mode=mode,
        profile_level_id=profile,
    )


def extension(uri: str, number: int, kind: str) -> Json:
    return {"kind": kind, "uri": uri, "preferredId": number, "preferredEncrypt": False, "direction": "sendrecv"}


CHROMIUM: Json = {
    "codecs": [
        {
            "kind": "audio",
            "mimeType": "audio/opus",
            "preferredPayloadType": 111,
            "clockRate": 48000,
            "channels": 2,
            "parameters": {"minptime": 10, "useinbandfec": 1},
            "rtcpFeedback": [{"type": "transport-cc"}, {"type": "nack"}],
        },
        {
            "kind": "audio",
            "mimeType": "audio/red",
            "preferredPayloadType": 63,
            "clockRate": 48000,
            "channels": 2,
            "rtcpFeedback": [],
        },
        {"kind": "audio", "mimeType": "audio/PCMU", "preferredPayloadType": 0, "clockRate": 8000, "channels": 1},
        *video("VP8", 96, 97, CHROMIUM_FEEDBACK),
        *h264(103, 104, 1, "42001f"),
        *h264(107, 108, 0, "42001f"),
        *h264(109, 114, 1, "42e01f"),
        *h264(115, 116, 0, "42e01f"),
        *h264(117, 118, 1, "4d001f"),
        *h264(39, 40, 0, "4d001f"),
        # SDP parsers that make numbers of digits turn this profile into one.
        *h264(119, 120, 1, 640032),
        *video("AV1", 45, 46, CHROMIUM_FEEDBACK, level_idx=5, profile=0, tier=0),
        *video("VP9", 98, 99, CHROMIUM_FEEDBACK, profile_id=0),
        *video("VP9", 100, 101, CHROMIUM_FEEDBACK, profile_id=2),
    ],
    "headerExtensions": [
        extension(LEVEL, 1, "audio"),
        extension(ABS_SEND_TIME, 2, "audio"),
        extension(TWCC, 3, "audio"),
        extension(MID, 4, "audio"),
        extension(TOFFSET, 14, "video"),
        extension(ABS_SEND_TIME, 2, "video"),
        extension(ORIENTATION, 13, "video"),
        extension(TWCC, 3, "video"),
        extension(PLAYOUT_DELAY, 5, "video"),
        extension(MID, 4, "video"),
        extension(RID, 10, "video"),
        extension(RRID, 11, "video"),
        extension(DEPENDENCY, 12, "video"),
        extension(CAPTURE_TIME, 15, "video"),
    ],
}

FIREFOX: Json = {
    "codecs": [
        {
            "kind": "audio",
            "mimeType": "audio/opus",
            "preferredPayloadType": 109,
            "clockRate": 48000,
            "channels": 2,
            "parameters": {"maxplaybackrate": 48000, "stereo": 1, "useinbandfec": 1},
            "rtcpFeedback": [],
        },
        *video("VP8", 120, 124, FIREFOX_FEEDBACK, max_fs=12288, max_fr=60),
        *video("VP9", 121, 125, FIREFOX_FEEDBACK, max_fs=12288, max_fr=60),
        *video("AV1", 99, 100, FIREFOX_FEEDBACK),
    ],
    "headerExtensions": [
        extension(LEVEL, 1, "audio"),
        extension(MID, 3, "audio"),
        extension(MID, 3, "video"),
        extension(ABS_SEND_TIME, 4, "video"),
        extension(TOFFSET, 5, "video"),
        extension(PLAYOUT_DELAY, 6, "video"),
        extension(TWCC, 7, "video"),
    ],
}

AIORTC: Json = {
    "codecs": [
        {"kind": "audio", "mimeType": "audio/opus", "preferredPayloadType": 96, "clockRate": 48000, "channels": 2},
        *video("VP8", 97, 98, [{"type": "nack"}, {"type": "nack", "parameter": "pli"}, {"type": "goog-remb"}]),
        *video(
            "H264",
            99,
            100,
            [{"type": "nack"}, {"type": "nack", "parameter": "pli"}, {"type": "goog-remb"}],
            packetization_mode=1,
            level_asymmetry_allowed=1,
            profile_level_id="42001f",
        ),
    ],
    "headerExtensions": [extension(MID, 1, "audio"), extension(MID, 1, "video"), extension(ABS_SEND_TIME, 2, "video")],
}

DEVICES = {"chromium": CHROMIUM, "firefox": FIREFOX, "aiortc": AIORTC}


def device(name: str) -> RtpCapabilities:
    return ortc.from_wire(RtpCapabilities, DEVICES[name], name="device")


def receiving(name: str, router: RtpCapabilities) -> RtpCapabilities:
    """What a device declares that it can receive, once it has been loaded with a router's capabilities.

    It speaks in the router's payload types and extension ids, and lists an extension once for both kinds.
    """
    mine = device(name)
    codecs = []
    for codec in router.codecs:
        apt = codec.parameters.get("apt")
        rtx_of = next((c for c in router.codecs if c.preferredPayloadType == apt), None)
        wanted = rtx_of or codec
        local = next((c for c in mine.codecs if ortc.codecs.same_codec(c, wanted)), None)
        if local is not None:
            feedback = () if rtx_of else tuple(f for f in local.rtcpFeedback if f in codec.rtcpFeedback)
            codecs.append(
                ortc.from_wire(
                    type(codec),
                    ortc.to_wire(codec) | {"rtcpFeedback": [ortc.to_wire(f) for f in feedback]},
                    name="codec",
                )
            )
    uris = {e.uri for e in mine.headerExtensions}
    seen: set[str] = set()
    extensions = []
    for e in router.headerExtensions:
        if e.uri in uris and e.direction in {"sendrecv", "sendonly"} and e.uri not in seen:
            seen.add(e.uri)
            extensions.append(e)
    return RtpCapabilities(tuple(codecs), tuple(extensions))


def sending(
    name: str, kind: MediaKind, codec: str, *, encodings: list[Json] | None = None, mid: str = "0", **fmtp: Any
) -> RtpParameters:
    """What a device sends: its own payload types and extension ids."""
    mine = DEVICES[name]
    wanted = {key.replace("_", "-"): value for key, value in fmtp.items()}
    media = next(
        c
        for c in mine["codecs"]
        if c["mimeType"].lower() == f"{kind}/{codec}".lower() and wanted.items() <= c.get("parameters", {}).items()
    )
    chosen = [media]
    chosen += [c for c in mine["codecs"] if c.get("parameters", {}).get("apt") == media["preferredPayloadType"]]
    return ortc.from_wire(
        RtpParameters,
        {
            "mid": mid,
            "codecs": [
                {k: v for k, v in c.items() if k not in {"kind", "preferredPayloadType"}}
                | {"payloadType": c["preferredPayloadType"]}
                for c in chosen
            ],
            "headerExtensions": [
                {"uri": e["uri"], "id": e["preferredId"], "encrypt": False, "parameters": {}}
                for e in mine["headerExtensions"]
                if e["kind"] == kind
            ],
            "encodings": encodings if encodings is not None else [{"ssrc": 11111111, "rtx": {"ssrc": 11111112}}],
            "rtcp": {"cname": "alice", "reducedSize": True},
            "msid": "stream track",
        },
        name="rtpParameters",
    )
