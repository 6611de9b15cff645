"""What the media workers count and hold, for Prometheus."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import trio
from attrs import define, field
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from videocall.signaling.media import Worker

__all__ = ["COUNTERS", "WorkerMetrics"]

_ANSWER_S: Final = 1.0

COUNTERS: Final = {
    "io_datagrams_received": ("datagrams_received", "UDP datagrams that came in."),
    "io_bytes_received": ("bytes_received", "Bytes in them."),
    "io_datagrams_sent": ("datagrams_sent", "UDP datagrams that went out."),
    "io_bytes_sent": ("bytes_sent", "Bytes in them."),
    "io_send_would_block": ("send_buffer_full", "Datagrams dropped because the socket's send buffer was full."),
    "io_send_errors": ("send_errors", "Datagrams dropped for any other reason."),
    "unknown_datagrams": ("unknown_datagrams", "Datagrams that belong to nobody."),
    "bad_datagrams": ("bad_datagrams", "Datagrams that could not be read or did not authenticate."),
    "rtp_received": ("rtp_received", "RTP packets from publishers."),
    "rtp_sent": ("rtp_sent", "RTP packets to receivers, those sent again included."),
    "rtx_received": ("rtx_received", "Packets that publishers sent again."),
    "rtx_sent": ("rtx_sent", "Packets that were sent to receivers again."),
    "probes_sent": ("probes_sent", "Padding packets sent to find out what receivers' paths carry."),
    "nacks_received": ("nacks_received", "Packets that receivers missed."),
    "nacks_sent": ("nacks_sent", "Packets that publishers were told are missing."),
    "plis_received": ("plis_received", "Key frames that receivers asked for."),
    "plis_sent": ("plis_sent", "Key frames that publishers were asked for."),
    "pool_exhausted": ("pool_exhausted", "Packets dropped because the pool was empty."),
    "panics": ("panics", "Failures, each of which ended one transport."),
}
"""From the worker's own names to what they are called here, and what they are."""


@define
class _Books:
    """A worker's answer. `dump` is empty when it gave none in time."""

    dump: Mapping[str, Any] = field(factory=dict[str, Any])
    answer_s: float | None = None


class WorkerMetrics:
    """Asks the workers, and tells what they said; a worker's number is its label."""

    def __init__(self, workers: Sequence[Worker]) -> None:
        self._workers = workers
        self._books = [_Books() for _ in workers]

    async def ask(self) -> None:
        """Have all workers tell what only they know; one that does not answer is left out."""
        async with trio.open_nursery() as nursery:
            for index in range(len(self._workers)):
                nursery.start_soon(self._ask, index)

    def collect(self) -> Iterator[Metric]:
        """What they told, and what is counted outside of their threads."""
        counted = [worker.metrics() for worker in self._workers]
        for key, (name, about) in COUNTERS.items():
            family = CounterMetricFamily(f"videocall_{name}", about, labels=["worker"])
            for index, counters in enumerate(counted):
                if key in counters:
                    family.add_metric([str(index)], counters[key])
            yield family
        cpu = CounterMetricFamily("videocall_worker_cpu_seconds", "CPU time of the worker's thread.", labels=["worker"])
        for index, counters in enumerate(counted):
            if "cpu_ns" in counters:
                cpu.add_metric([str(index)], counters["cpu_ns"] / 1e9)
        yield cpu
        yield from self._objects()
        yield from self._told()

    async def _ask(self, index: int) -> None:
        began = trio.current_time()
        self._books[index] = _Books()
        with trio.move_on_after(_ANSWER_S):
            try:
                dump = await self._workers[index].dump()
            except Exception:  # noqa: BLE001 - a worker that is gone says nothing any more
                return
            self._books[index] = _Books(dump, trio.current_time() - began)

    def _objects(self) -> Iterator[Metric]:
        total: Counter[tuple[str, str]] = Counter()
        for worker in self._workers:
            total.update(worker.census())
        for what, label, about in (
            ("transports", "ice_state", "Transports by their ICE state."),
            ("producers", "kind", "Tracks that are published."),
            ("consumers", "kind", "Receptions of tracks."),
        ):
            family = GaugeMetricFamily(f"videocall_{what}", about, labels=[label])
            for (kind, value), count in sorted(total.items()):
                if kind == what:
                    family.add_metric([value], count)
            yield family

    def _told(self) -> Iterator[Metric]:
        alive = self._gauge("worker_alive", "1 while the worker lives.")
        answer = self._gauge("worker_answer_seconds", "How long the worker took to answer just now.")
        used = self._gauge("worker_pool_used_ratio", "Part of the packet pool that is used.")
        paths = self._gauge("paths", "Receivers' paths that are estimated now.")
        estimate = self._gauge("path_estimate_sum_bits_per_second", "What these carry together.")
        least = self._gauge("path_estimate_least_bits_per_second", "What the worst of them carries.")
        loss = self._gauge("path_loss_mean_ratio", "Mean part of the packets that they lose.")
        for index, (worker, books) in enumerate(zip(self._workers, self._books, strict=True)):
            label = [str(index)]
            alive.add_metric(label, not worker.closed)
            if books.answer_s is not None:
                answer.add_metric(label, books.answer_s)
            if slots := books.dump.get("poolSlots"):
                used.add_metric(label, books.dump["poolUsed"] / slots)
            if told := books.dump.get("paths"):
                paths.add_metric(label, told["count"])
                estimate.add_metric(label, told["estimateSum"])
                if told["count"]:
                    least.add_metric(label, told["leastEstimate"])
                    loss.add_metric(label, told["meanLossFraction"])
        yield from (alive, answer, used, paths, estimate, least, loss)

    @staticmethod
    def _gauge(name: str, about: str) -> GaugeMetricFamily:
        return GaugeMetricFamily(f"videocall_{name}", about, labels=["worker"])
