//! Requests about transports.

use std::time::Instant;

use serde_json::{Value, json};

use super::control::vacant;
use super::requests::{
    ConnectTransport, CreateDirectTransport, CreateTransport, SetMaxBitrate, TransportId,
};
use super::{ListenAddr, Sfu};
use crate::dtls::{DtlsEndpoint, DtlsRole};
use crate::error::Error;
use crate::ice::IceLite;
use crate::params::{DtlsParameters, RemoteDtlsRole};
use crate::sctp::{Sctp, SctpOptions};
use crate::transport::{Dtls, DtlsState, Transport};

/// Type preferences (RFC 8445, 5.1.2.2): TCP is for where UDP does not get through.
const UDP_PREFERENCE: u32 = 126;
const TCP_PREFERENCE: u32 = 90;

impl Sfu {
    pub(super) fn create_transport(
        &mut self,
        request: CreateTransport,
        now: Instant,
    ) -> Result<Value, Error> {
        let router = self.router(&request.router_id)?;
        vacant(&self.ids.transports, "transport", &request.transport_id)?;
        let sctp = request.sctp.options()?;
        // The worker's number leads, so that any process can tell whose ufrag it is.
        let prefix = format!("{:02x}", self.config.worker_id);
        let ice = IceLite::new(&mut self.rng, &prefix, now);
        let ice_parameters = json!(ice.parameters());
        let ufrag = ice.parameters().username_fragment.clone();
        let id = request.transport_id;
        let key = self
            .transports
            .insert(Transport::new(id.clone(), router, Some(ice)));
        if let Some(bitrate) = request.initial_available_outgoing_bitrate {
            self.transports[key].initial_outgoing_bitrate = bitrate;
        }
        self.transports[key].sctp = sctp.map(|options| Box::new(Sctp::new(options)));
        self.routers[router].transports.push(key);
        self.ids.transports.insert(id, key);
        self.ufrags.insert(ufrag, key);
        self.reschedule(key);
        Ok(json!({
            "iceParameters": ice_parameters,
            "iceCandidates": self.candidates(),
            "dtlsParameters": {"role": "auto", "fingerprints": self.certificate.fingerprints()},
            "sctpParameters": sctp.map(|options| sctp_parameters(&options)),
        }))
    }

    /// A transport whose peer is the application.
    pub(super) fn create_direct_transport(
        &mut self,
        request: CreateDirectTransport,
    ) -> Result<Value, Error> {
        let router = self.router(&request.router_id)?;
        vacant(&self.ids.transports, "transport", &request.transport_id)?;
        let id = request.transport_id;
        let key = self
            .transports
            .insert(Transport::new(id.clone(), router, None));
        self.routers[router].transports.push(key);
        self.ids.transports.insert(id, key);
        Ok(json!({}))
    }

    /// Host candidates (RFC 8445, 5.1.2), the first listen address being preferred.
    pub(super) fn candidates(&self) -> Value {
        let candidate = |protocol: &'static str, preference: u32| {
            move |(index, listen): (usize, &ListenAddr)| {
                let local_preference = u32::from(u16::MAX) - index as u32;
                let mut candidate = json!({
                    "foundation": format!("{protocol}{index}"),
                    "priority": preference << 24 | local_preference << 8 | 255,
                    "ip": listen.announced,
                    "address": listen.announced,
                    "port": listen.announced_port,
                    "protocol": protocol,
                    "type": "host",
                });
                if protocol == "tcp" {
                    candidate["tcpType"] = json!("passive");
                }
                candidate
            }
        };
        let listen = || self.config.listen.iter().enumerate();
        let udp = listen().map(candidate("udp", UDP_PREFERENCE));
        let tcp = listen().map(candidate("tcp", TCP_PREFERENCE));
        udp.chain(tcp.filter(|_| self.config.tcp)).collect()
    }

    pub(super) fn connect_transport(
        &mut self,
        request: ConnectTransport,
        now: Instant,
    ) -> Result<Value, Error> {
        let key = self.transport(&request.transport_id)?;
        self.current = Some(key);
        let transport = &mut self.transports[key];
        if transport.is_direct() {
            return Err(Error::unsupported("a direct transport is not connected"));
        }
        let Dtls::New(early) = &mut transport.dtls else {
            return Err(Error::conflict("the transport is connected already"));
        };
        let early = std::mem::take(early);
        let DtlsParameters { role, fingerprints } = request.dtls_parameters;
        if fingerprints.is_empty() {
            return Err(Error::bad_request("dtlsParameters.fingerprints is empty"));
        }
        if role == Some(RemoteDtlsRole::Server) {
            transport.dtls = Dtls::Waiting(fingerprints);
            self.set_dtls_state(key, DtlsState::Connecting);
            self.start_dtls_client(key, now);
            return Ok(json!({"dtlsLocalRole": "client"}));
        }
        let endpoint = DtlsEndpoint::new(&self.certificate, DtlsRole::Server, fingerprints, now)
            .map_err(|error| Error::bad_request(format!("dtlsParameters: {error}")))?;
        transport.dtls = Dtls::Running(Box::new(endpoint));
        self.set_dtls_state(key, DtlsState::Connecting);
        for datagram in early {
            self.run_dtls(key, now, |endpoint| {
                endpoint.handle_datagram(now, &datagram)
            });
        }
        self.reschedule(key);
        Ok(json!({"dtlsLocalRole": "server"}))
    }

    pub(super) fn restart_ice(
        &mut self,
        request: TransportId,
        now: Instant,
    ) -> Result<Value, Error> {
        let key = self.transport(&request.transport_id)?;
        let transport = &mut self.transports[key];
        let Some(ice) = &mut transport.ice else {
            return Err(Error::unsupported("the transport has no ICE"));
        };
        ice.restart(&mut self.rng, now);
        let parameters = ice.parameters();
        self.ufrags
            .insert(parameters.username_fragment.clone(), key);
        let answer = json!({"iceParameters": parameters});
        let accepts = |ufrag: &str| ice.accepts(ufrag);
        self.ufrags
            .retain(|ufrag, owner| *owner != key || accepts(ufrag));
        Ok(answer)
    }

    pub(super) fn set_max_outgoing_bitrate(
        &mut self,
        request: SetMaxBitrate,
        now: Instant,
    ) -> Result<Value, Error> {
        let key = self.transport(&request.transport_id)?;
        let limit = Some(request.bitrate).filter(|&bitrate| bitrate > 0);
        self.transports[key].max_outgoing_bitrate = limit;
        self.allocate(key, now);
        Ok(json!({}))
    }

    pub(super) fn set_max_incoming_bitrate(
        &mut self,
        request: SetMaxBitrate,
        now: Instant,
    ) -> Result<Value, Error> {
        let key = self.transport(&request.transport_id)?;
        let limit = Some(request.bitrate).filter(|&bitrate| bitrate > 0);
        self.transports[key].max_incoming_bitrate = limit;
        self.transports[key].reports_due = Some(now);
        self.reschedule(key);
        Ok(json!({}))
    }
}

/// mediasoup's SctpParameters; newer clients read the last two, older ones `maxMessageSize`.
fn sctp_parameters(options: &SctpOptions) -> Value {
    json!({
        "port": 5000,
        "OS": options.max_streams,
        "MIS": options.max_streams,
        "maxMessageSize": options.max_message,
        "maxSendMessageSize": options.max_message,
        "maxReceiveMessageSize": options.max_message,
        "sendBufferSize": options.send_buffer,
    })
}
