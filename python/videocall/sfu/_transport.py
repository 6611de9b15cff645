"""A WebRTC transport: one peer connection's server side."""

from collections.abc import Mapping
from typing import Any

import attrs
import msgspec

from videocall import ortc
from videocall.ortc.types import DtlsParameters, IceCandidate, IceParameters, SctpParameters

from ._channel import Connection
from ._data_transport import RouterBooks
from ._errors import InvalidArgumentError
from ._events import (
    DtlsState,
    DtlsStateChange,
    Event,
    IceSelectedTupleChange,
    IceState,
    IceStateChange,
    IceTuple,
    SctpState,
    SctpStateChange,
)
from ._media_transport import MediaTransport
from ._negotiation import negotiating
from ._object import ignore


@attrs.frozen
class TransportState:
    """What the worker answers to ``createWebRtcTransport``."""

    iceParameters: IceParameters
    iceCandidates: tuple[IceCandidate, ...]
    dtlsParameters: DtlsParameters
    sctpParameters: SctpParameters | None = None


@attrs.frozen
class _Restarted:
    iceParameters: IceParameters


class WebRtcTransport(MediaTransport):
    """ICE, DTLS, SRTP and SCTP with one client, for any number of producers and consumers.

    Made by `Router.create_web_rtc_transport`. Emits `IceStateChange`, `IceSelectedTupleChange`, `DtlsStateChange`,
    `SctpStateChange` and `Closed`.
    """

    def __init__(
        self,
        transport_id: str,
        connection: Connection,
        router: RouterBooks,
        state: TransportState,
        app_data: Mapping[str, Any],
    ) -> None:
        super().__init__(transport_id, connection, router, app_data)
        self._ice_parameters = state.iceParameters
        self._ice_candidates = state.iceCandidates
        self._dtls_parameters = state.dtlsParameters
        self._sctp_parameters = state.sctpParameters
        self._ice_state: IceState = "new"
        self._dtls_state: DtlsState = "new"
        self._sctp_state: SctpState = "new"
        self._ice_selected_tuple: IceTuple | None = None

    @property
    def ice_parameters(self) -> IceParameters:
        """The server's ICE credentials; new ones after `restart_ice`."""
        return self._ice_parameters

    @property
    def ice_candidates(self) -> tuple[IceCandidate, ...]:
        """Where the client can reach the server. An ICE-lite server needs no candidates of the client."""
        return self._ice_candidates

    @property
    def dtls_parameters(self) -> DtlsParameters:
        """The server's certificate fingerprints; role ``auto``."""
        return self._dtls_parameters

    @property
    def ice_state(self) -> IceState:
        """Current ICE state."""
        return self._ice_state

    @property
    def dtls_state(self) -> DtlsState:
        """Current DTLS state."""
        return self._dtls_state

    @property
    def ice_selected_tuple(self) -> IceTuple | None:
        """Addresses in use, once the client has nominated a pair."""
        return self._ice_selected_tuple

    @property
    def sctp_parameters(self) -> SctpParameters | None:
        """What a client needs for data channels; `None` when the transport has no SCTP."""
        return self._sctp_parameters

    @property
    def sctp_state(self) -> SctpState | None:
        """Current state of SCTP; `None` when the transport has none."""
        return None if self._sctp_parameters is None else self._sctp_state

    async def connect(self, dtls_parameters: DtlsParameters) -> None:
        """Tell the transport whom it talks to.

        Args:
            dtls_parameters: the client's. With role ``server`` the transport starts the handshake, else it waits.

        Raises:
            ConflictError: it was connected before.
            InvalidArgumentError: no fingerprint that the server can check.
            ClosedError: the transport is closed.
            trio.Cancelled: the transport may be connected all the same.
        """
        with negotiating():
            dtls_parameters = ortc.from_wire(DtlsParameters, dtls_parameters, name="dtlsParameters")
        await self._call("connectWebRtcTransport", {"transportId": self.id, "dtlsParameters": dtls_parameters}, ignore)

    async def restart_ice(self) -> IceParameters:
        """Make new ICE credentials, for a client whose network has changed. The old last until the new are used.

        Returns:
            The new credentials.

        Raises:
            ClosedError: the transport is closed.
            trio.Cancelled: `ice_parameters` may have changed all the same.
        """

        def done(ok: bytes) -> IceParameters:
            self._ice_parameters = msgspec.json.decode(ok, type=_Restarted).iceParameters
            return self._ice_parameters

        return await self._call("restartIce", {"transportId": self.id}, done)

    async def set_max_incoming_bitrate(self, bits_per_second: int) -> None:
        """Limit what the client is allowed to send, over all its producers.

        Args:
            bits_per_second: the limit; 0 means none.

        Raises:
            InvalidArgumentError: the limit is negative.
            ClosedError: the transport is closed.
        """
        if bits_per_second < 0:
            raise InvalidArgumentError("bitsPerSecond", "must not be negative")
        await self._call("setMaxIncomingBitrate", {"transportId": self.id, "bitrate": bits_per_second}, ignore)

    async def set_max_outgoing_bitrate(self, bits_per_second: int) -> None:
        """Limit what the client is sent, over all its consumers: they share this much at most.

        Args:
            bits_per_second: the limit; 0 means none.

        Raises:
            InvalidArgumentError: the limit is negative.
            ClosedError: the transport is closed.
        """
        if bits_per_second < 0:
            raise InvalidArgumentError("bitsPerSecond", "must not be negative")
        await self._call("setMaxOutgoingBitrate", {"transportId": self.id, "bitrate": bits_per_second}, ignore)

    def _apply(self, event: Event) -> None:
        match event:
            case IceStateChange():
                self._ice_state = event.ice_state
            case DtlsStateChange():
                self._dtls_state = event.dtls_state
            case IceSelectedTupleChange():
                self._ice_selected_tuple = event.tuple
            case SctpStateChange():
                self._sctp_state = event.sctp_state
            case _:
                pass

    def _forget(self) -> None:
        self._ice_state = "closed"
        self._dtls_state = "closed"
        self._sctp_state = "closed"
        super()._forget()
