"""Media threads without media: the request and event protocol of the workers, in memory and at once.

Answers come when they are asked for, or when a test lets them: see `FakeWorker.hold`.
"""

import json
import os
import re
from collections import deque
from typing import Any, Self

from videocall.sfu import AddressInUseError

Json = dict[str, Any]

PARENTS = {
    "transport": "routerId",
    "observer": "routerId",
    "producer": "transportId",
    "consumer": "transportId",
    "dataProducer": "transportId",
    "dataConsumer": "transportId",
}
SCTP_PARAMETERS = {
    "port": 5000,
    "OS": 1024,
    "MIS": 1024,
    "maxMessageSize": 262144,
    "maxSendMessageSize": 262144,
    "maxReceiveMessageSize": 262144,
    "sendBufferSize": 262144,
}
FINGERPRINT = {"algorithm": "sha-256", "value": ":".join(["AB"] * 32)}


class Full(Exception):
    """The ring is full."""


class FakeMedia:
    """What `videocall.sfu` takes for its extension."""

    backpressure = Full

    def __init__(self) -> None:
        self._fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_SEMAPHORE)
        self._messages: deque[tuple[int, bytes]] = deque()
        self.workers: list[FakeWorker] = []
        self.taken_indexes: set[int] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)

    @property
    def objects(self) -> dict[str, Json]:
        """Every worker's objects that are not closed, by id."""
        return {object_id: each for worker in self.workers for object_id, each in worker.objects.items()}

    def fileno(self) -> int:
        return self._fd

    def drain(self, limit: int) -> list[tuple[int, bytes]]:
        taken: list[tuple[int, bytes]] = []
        while self._messages and len(taken) < limit:
            os.eventfd_read(self._fd)
            taken.append(self._messages.popleft())
        return taken

    def start_worker(self, index: int, options: bytes) -> "FakeWorker":
        if index in self.taken_indexes:
            raise AddressInUseError(f"127.0.0.1:{10000 + index} is in use")
        worker = FakeWorker(self, index, json.loads(options))
        self.workers.append(worker)
        return worker

    def say(self, index: int, message: Json | bytes) -> None:
        self._messages.append((index, message if isinstance(message, bytes) else json.dumps(message).encode()))
        os.eventfd_write(self._fd, 1)


class FakeWorker:
    """One worker: keeps books like a real one and checks what it is told."""

    def __init__(self, media: FakeMedia, index: int, options: Json) -> None:
        self._media = media
        self._index = index
        self._held: deque[Json] | None = None
        self._hold_at = ""
        self._closed = False
        self.options = options
        self.objects: dict[str, Json] = {}
        self.requests: list[Json] = []
        self.capacity = 1000
        self.close_calls = 0
        self.deaf = False
        self.refuse: dict[str, Json] = {}

    @property
    def listen_addresses(self) -> list[tuple[str, int]]:
        return [(each["ip"], each["port"] + self._index) for each in self.options["listen"]]

    def metrics(self) -> dict[str, int]:
        return {"requests": len(self.requests)}

    def send(self, request: bytes) -> None:
        if self._closed or (self._held is not None and len(self._held) >= self.capacity):
            raise Full
        parsed = json.loads(request)
        if parsed["method"] == self._hold_at:
            self.hold()
        if self._held is None:
            self._handle(parsed)
        else:
            self._held.append(parsed)

    def close(self) -> None:
        self.close_calls += 1
        if not self._closed and not self.deaf:
            self.die()

    def die(self) -> None:
        """End, asked or not; what is in the ring is never answered."""
        self._closed = True
        self._media.say(self._index, {"event": "workerClosed", "target": str(self._index), "data": {"reason": "error"}})

    def hold(self) -> None:
        """Take requests in without handling them."""
        self._held = deque()

    def hold_at(self, method: str) -> None:
        """Do so from the next request of that method on."""
        self._hold_at = method

    def release(self, count: int | None = None) -> None:
        """Handle requests that were held, oldest first: `count` of them, or all and those to come."""
        assert self._held is not None
        held = self._held
        for _ in range(len(held) if count is None else count):
            self._handle(held.popleft())
        if count is None:
            self._held = None

    def held(self) -> list[Json]:
        """Requests that were taken in and not handled."""
        return list(self._held or ())

    def emit(self, event: str, target: str, data: Json | None = None) -> None:
        self._media.say(self._index, {"event": event, "target": target, "data": data or {}})

    def say(self, message: Json | bytes) -> None:
        self._media.say(self._index, message)

    def kinds(self) -> list[str]:
        return sorted(each["kind"] for each in self.objects.values())

    def close_object(self, object_id: str, reason: str) -> None:
        """Close an object, children first, as a worker does for whatever cause."""
        kind = self.objects[object_id]["kind"]
        for child_id, child in list(self.objects.items()):
            if child_id not in self.objects:
                continue
            if child["parent"] == object_id:
                self.close_object(child_id, f"{kind}Closed")
            elif child["data"].get("producerId") == object_id and child["kind"] == "consumer":
                self.close_object(child_id, "producerClosed")
            elif child["data"].get("dataProducerId") == object_id and child["kind"] == "dataConsumer":
                self.close_object(child_id, "dataProducerClosed")
        del self.objects[object_id]
        self.emit("closed", object_id, {"kind": kind, "reason": reason})

    def _handle(self, request: Json) -> None:
        if self.deaf:
            return
        self.requests.append(request)
        method, data = request["method"], request["data"]
        if method in self.refuse:
            self.say({"id": request["id"], "error": self.refuse[method]})
            return
        try:
            answer = getattr(self, re.sub("[A-Z]", lambda c: "_" + c[0].lower(), f"_{method}"))(data)
        except KeyError as error:
            self.say({"id": request["id"], "error": {"code": "NOT_FOUND", "message": f"no {error.args[0]}"}})
        else:
            self.say({"id": request["id"], "ok": answer})

    def _add(self, kind: str, data: Json) -> None:
        parent = data[PARENTS[kind]] if kind in PARENTS else None
        if parent is not None:
            self.objects[parent]
        self.objects[data[f"{kind}Id"]] = {"kind": kind, "parent": parent, "data": data}

    def _create_router(self, data: Json) -> Json:
        self._add("router", data)
        return {}

    def _create_web_rtc_transport(self, data: Json) -> Json:
        self._add("transport", data)
        candidates = [
            {
                "foundation": "1",
                "priority": 2130706431,
                "ip": ip,
                "address": ip,
                "port": port,
                "protocol": "udp",
                "type": "host",
            }
            for ip, port in self.listen_addresses
        ]
        return {
            "iceParameters": {
                "usernameFragment": "w0" + data["transportId"][:6],
                "password": "p" * 24,
                "iceLite": True,
            },
            "iceCandidates": candidates,
            "dtlsParameters": {"role": "auto", "fingerprints": [FINGERPRINT]},
            "sctpParameters": SCTP_PARAMETERS if data["enableSctp"] else None,
        }

    def _create_direct_transport(self, data: Json) -> Json:
        self._add("transport", data)
        return {}

    def _produce_data(self, data: Json) -> Json:
        self._add("dataProducer", data)
        stream = data.get("sctpStreamParameters")
        return {"type": "sctp" if stream else "direct", "sctpStreamParameters": stream}

    def _consume_data(self, data: Json) -> Json:
        producer = self.objects[data["dataProducerId"]]["data"]
        self._add("dataConsumer", data)
        direct = "enableSctp" not in self.objects[data["transportId"]]["data"]
        return {
            "type": "direct" if direct else "sctp",
            "sctpStreamParameters": None if direct else {"streamId": 0, "ordered": True},
            "label": producer["label"],
            "protocol": producer["protocol"],
            "dataProducerPaused": producer["paused"],
        }

    def _set_data_paused(self, key: str, data: Json, *, paused: bool) -> Json:
        self.objects[data[key]]["data"]["paused"] = paused
        for object_id, other in self.objects.items():
            if key == "dataProducerId" and other["kind"] == "dataConsumer" and other["data"][key] == data[key]:
                self.emit("dataProducerPause" if paused else "dataProducerResume", object_id)
        return {}

    def _pause_data_producer(self, data: Json) -> Json:
        return self._set_data_paused("dataProducerId", data, paused=True)

    def _resume_data_producer(self, data: Json) -> Json:
        return self._set_data_paused("dataProducerId", data, paused=False)

    def _pause_data_consumer(self, data: Json) -> Json:
        return self._set_data_paused("dataConsumerId", data, paused=True)

    def _resume_data_consumer(self, data: Json) -> Json:
        return self._set_data_paused("dataConsumerId", data, paused=False)

    def _send_data(self, data: Json) -> Json:
        self.objects[data.get("dataProducerId") or data["dataConsumerId"]]["data"].setdefault("sent", []).append(data)
        return {}

    def _set_subchannels(self, data: Json) -> Json:
        self.objects[data["dataConsumerId"]]["data"]["subchannels"] = data["subchannels"]
        return {}

    def _set_buffered_amount_low_threshold(self, data: Json) -> Json:
        self.objects[data["dataConsumerId"]]["data"]["threshold"] = data["threshold"]
        return {}

    def _get_buffered_amount(self, data: Json) -> Json:
        self.objects[data["dataConsumerId"]]
        return {"bufferedAmount": 17}

    def _close_data_producer(self, data: Json) -> Json:
        return self._close_by_request(data["dataProducerId"])

    def _close_data_consumer(self, data: Json) -> Json:
        return self._close_by_request(data["dataConsumerId"])

    def _connect_web_rtc_transport(self, data: Json) -> Json:
        self.objects[data["transportId"]]["connected"] = data["dtlsParameters"]
        self.emit("dtlsStateChange", data["transportId"], {"dtlsState": "connecting"})
        return {"dtlsLocalRole": "server"}

    def _restart_ice(self, data: Json) -> Json:
        self.objects[data["transportId"]]
        return {"iceParameters": {"usernameFragment": "again", "password": "q" * 24, "iceLite": True}}

    def _set_max_incoming_bitrate(self, data: Json) -> Json:
        self.objects[data["transportId"]]["bitrate"] = data["bitrate"]
        return {}

    def _produce(self, data: Json) -> Json:
        self._add("producer", data)
        return {"type": "simulcast" if len(data["rtpParameters"]["encodings"]) > 1 else "simple"}

    def _consume(self, data: Json) -> Json:
        producer = self.objects[data["producerId"]]
        self._add("consumer", data)
        return {"paused": data["paused"], "producerPaused": producer["data"]["paused"]}

    def _set_paused(self, key: str, data: Json, *, paused: bool) -> Json:
        self.objects[data[key]]["data"]["paused"] = paused
        for object_id, other in self.objects.items():
            if key == "producerId" and other["kind"] == "consumer" and other["data"]["producerId"] == data[key]:
                self.emit("producerPause" if paused else "producerResume", object_id)
        return {}

    def _pause_producer(self, data: Json) -> Json:
        return self._set_paused("producerId", data, paused=True)

    def _resume_producer(self, data: Json) -> Json:
        return self._set_paused("producerId", data, paused=False)

    def _pause_consumer(self, data: Json) -> Json:
        return self._set_paused("consumerId", data, paused=True)

    def _resume_consumer(self, data: Json) -> Json:
        return self._set_paused("consumerId", data, paused=False)

    def _request_key_frame(self, data: Json) -> Json:
        self.objects[data["consumerId"]]
        return {}

    def _set_preferred_layers(self, data: Json) -> Json:
        layers = {key: data[key] for key in ("spatialLayer", "temporalLayer") if key in data}
        self.objects[data["consumerId"]]["data"]["preferredLayers"] = layers
        return {}

    def _set_priority(self, data: Json) -> Json:
        self.objects[data["consumerId"]]["data"]["priority"] = data["priority"]
        return {"priority": data["priority"]}

    def _set_max_outgoing_bitrate(self, data: Json) -> Json:
        self.objects[data["transportId"]]["data"]["maxOutgoingBitrate"] = data["bitrate"]
        return {}

    def _create_audio_level_observer(self, data: Json) -> Json:
        self._add("observer", data | {"observed": []})
        return {}

    _create_active_speaker_observer = _create_audio_level_observer

    def _observe(self, data: Json) -> Json:
        self.objects[data["producerId"]]
        self.objects[data["observerId"]]["data"]["observed"].append(data["producerId"])
        return {}

    def _unobserve(self, data: Json) -> Json:
        self.objects[data["observerId"]]["data"]["observed"].remove(data["producerId"])
        return {}

    def _pause_observer(self, data: Json) -> Json:
        self.objects[data["observerId"]]["data"]["paused"] = True
        return {}

    def _resume_observer(self, data: Json) -> Json:
        self.objects[data["observerId"]]["data"]["paused"] = False
        return {}

    def _close_observer(self, data: Json) -> Json:
        return self._close_by_request(data["observerId"])

    def _close_by_request(self, object_id: str) -> Json:
        self.objects[object_id]
        self.close_object(object_id, "closed")
        return {}

    def _close_router(self, data: Json) -> Json:
        return self._close_by_request(data["routerId"])

    def _close_transport(self, data: Json) -> Json:
        return self._close_by_request(data["transportId"])

    def _close_producer(self, data: Json) -> Json:
        return self._close_by_request(data["producerId"])

    def _close_consumer(self, data: Json) -> Json:
        return self._close_by_request(data["consumerId"])

    def _get_stats(self, data: Json) -> Json:
        (object_id,) = data.values()
        return {"stats": [{"type": self.objects[object_id]["kind"], "bytesReceived": 1}]}

    def _dump(self, _: Json) -> Json:
        return {"objects": len(self.objects)}
