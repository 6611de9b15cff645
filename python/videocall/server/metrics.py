"""``/metrics`` for Prometheus. Labels are kinds, states, codes and workers' numbers: clients make no more of them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import trio
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from videocall import __version__
from videocall.health import Part
from videocall.protocol.errors import ErrorCode
from videocall.protocol.methods import METHODS
from videocall.server.hooks import Hooks
from videocall.server.pulse import Pulse
from videocall.server.webhooks import Webhooks
from videocall.server.worker_metrics import WorkerMetrics
from videocall.signaling import Hub
from videocall.signaling.events import ParticipantJoined, ParticipantLeft, RoomStarted, ServerEvent
from videocall.signaling.media import Worker

__all__ = ["FRESH_S", "Metrics"]

FRESH_S: Final = 1.0
"""Who asks again within this gets the same answer: asking often costs no call anything."""

_STATES: Final = ("ok", "degraded", "down", "off")
_REQUEST_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_LAG_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)


class Metrics:
    """Counts what happens, and reads the rest when it is asked."""

    def __init__(
        self,
        hub: Hub,
        workers: Sequence[Worker],
        parts: Sequence[Part],
        pulse: Pulse,
        webhooks: Webhooks,
        hooks: Hooks,
    ) -> None:
        self._hub = hub
        self._parts = parts
        self._webhooks = webhooks
        self._hooks = hooks
        self._workers = WorkerMetrics(workers)
        self._registry = CollectorRegistry()
        self._answer: tuple[str, bytes] | None = None
        self._answered_at = float("-inf")
        self._answering = trio.Lock()
        self._count_events()
        ProcessCollector(registry=self._registry)
        self._registry.register(self)
        hub.observe_requests = self.note_request
        hub.events.watch(self._note_event)
        pulse.observe_lag = self._lag.observe

    def collect(self) -> Iterable[Metric]:
        """For the registry: what is read at the time of asking."""
        yield from self._levels()
        yield from self._deliveries()
        yield from self._workers.collect()

    async def render(self, accept: str) -> tuple[str, bytes]:
        """The metrics in the format that `accept`, of the request, prefers: content type and body."""
        encode, content_type = choose_encoder(accept)
        async with self._answering:
            if self._answer is None or self._answer[0] != content_type or self._age() >= FRESH_S:
                await self._workers.ask()
                self._answered_at = trio.current_time()
                self._answer = (content_type, encode(self._registry))
            return self._answer

    def note_request(self, method: str, code: ErrorCode | None, seconds: float) -> None:
        """A request was answered: with an error, when it has a `code`."""
        known = method if method in METHODS else "unknown"
        self._requests.labels(known, code.value if code else "ok").inc()
        self._durations.labels(known).observe(seconds)
        if code and known == "joinRoom":
            self._join_failures.labels(code.value).inc()

    def _age(self) -> float:
        return trio.current_time() - self._answered_at

    def _count_events(self) -> None:
        registry = self._registry
        self._rooms = Counter("videocall_rooms_started", "Calls begun.", registry=registry)
        self._joins = Counter("videocall_joins", "Participants who joined.", registry=registry)
        self._leaves = Counter("videocall_leaves", "Participants who left.", ["reason"], registry=registry)
        self._join_failures = Counter("videocall_join_failures", "Refused joins.", ["code"], registry=registry)
        self._requests = Counter(
            "videocall_requests", "Requests of clients; the code of those that went well is ok.", ["method", "code"],
            registry=registry,
        )  # fmt: skip
        self._durations = Histogram(
            "videocall_request_duration_seconds", "From a request's coming to its answer.", ["method"],
            buckets=_REQUEST_BUCKETS, registry=registry,
        )  # fmt: skip
        self._lag = Histogram(
            "videocall_loop_lag_seconds", "How late the event loop was, looked at twice a second.",
            buckets=_LAG_BUCKETS, registry=registry,
        )  # fmt: skip

    def _note_event(self, event: ServerEvent) -> None:
        match event:
            case RoomStarted():
                self._rooms.inc()
            case ParticipantJoined():
                self._joins.inc()
            case ParticipantLeft(reason=reason):
                self._leaves.labels(reason).inc()
            case _:
                pass

    def _levels(self) -> Iterator[Metric]:
        hub = self._hub
        yield _gauges("videocall_info", "The version.", ["version"], [([__version__], 1)])
        yield _gauge("videocall_draining", "Whether the server ends.", hub.draining)
        yield _gauge("videocall_rooms", "Rooms that are open.", hub.room_count)
        yield _gauge("videocall_sessions", "Open sockets of clients.", hub.session_count)
        participants = sum(len(live.members) for live in hub.live_rooms)
        yield _gauge("videocall_participants", "Participants in rooms.", participants)
        states = [([part.name, state], part.health.state == state) for part in self._parts for state in _STATES]
        yield _gauges("videocall_part_state", "1 for the state that a part is in.", ["part", "state"], states)
        lost = [([part.name], part.lost) for part in self._parts]
        yield _counters("videocall_part_lost", "Records and events that a part gave up.", ["part"], lost)

    def _deliveries(self) -> Iterator[Metric]:
        told = self._webhooks
        yield _gauge("videocall_webhooks_waiting", "Events that are not told yet.", told.waiting)
        yield _counter("videocall_webhooks_delivered", "Events that were told.", told.delivered)
        yield _counter("videocall_webhooks_failed_attempts", "Attempts that failed.", told.failed_attempts)
        yield _counter("videocall_hook_events_lost", "Events that a hook was too slow for.", self._hooks.lost)


Values = Iterable[tuple[Sequence[str], float]]


def _gauge(name: str, about: str, value: float) -> GaugeMetricFamily:
    return _gauges(name, about, [], [([], value)])


def _gauges(name: str, about: str, labels: Sequence[str], values: Values) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, about, labels=labels)
    for label_values, value in values:
        family.add_metric(label_values, float(value))
    return family


def _counter(name: str, about: str, value: float) -> CounterMetricFamily:
    return _counters(name, about, [], [([], value)])


def _counters(name: str, about: str, labels: Sequence[str], values: Values) -> CounterMetricFamily:
    family = CounterMetricFamily(name, about, labels=labels)
    for label_values, value in values:
        family.add_metric(label_values, float(value))
    return family
