//! The UDP sockets of a worker.

use std::{
    io,
    net::SocketAddr,
    os::fd::{AsFd, BorrowedFd},
};

use mio::{Interest, Registry, Token, net::UdpSocket};
use rustix::net::sockopt::{
    self, Ipv4PathMtuDiscovery, Ipv6PathMtuDiscovery, set_socket_recv_buffer_size_force,
    set_socket_send_buffer_size_force,
};
use socket2::{Domain, Socket, Type};

use crate::{
    StartError,
    metrics::IoCounters,
    sys::{self, ReceiveBatch},
};

/// Half a second of 100 Mbit/s: what may queue up while the thread has no processor.
const BUFFER_BYTES: usize = 8 << 20;

/// Receives per socket and turn: a flood on one socket delays the others' packets, requests and
/// timers by no more than these.
const RECEIVES_PER_TURN: usize = 4;

/// A worker's sockets in the order of its listen addresses.
pub(crate) struct Sockets {
    sockets: Vec<UdpSocket>,
    /// Whether a socket may have input: epoll tells once (edge-triggered), so it is remembered
    /// until a receive comes up short.
    ready: Vec<bool>,
}

impl Sockets {
    /// Binds every address and registers the sockets with the tokens 0, 1, ...
    ///
    /// # Errors
    ///
    /// As [`bind`], or [`StartError::System`].
    pub(crate) fn bind(registry: &Registry, addresses: &[SocketAddr]) -> Result<Self, StartError> {
        let mut sockets = Vec::with_capacity(addresses.len());
        for (at, &address) in addresses.iter().enumerate() {
            let mut socket = bind(address)?;
            registry.register(&mut socket, Token(at), Interest::READABLE)?;
            sockets.push(socket);
        }
        let ready = vec![true; sockets.len()];
        Ok(Self { sockets, ready })
    }

    pub(crate) fn local_addresses(&self) -> io::Result<Vec<SocketAddr>> {
        self.sockets.iter().map(UdpSocket::local_addr).collect()
    }

    pub(crate) fn as_slice(&self) -> &[UdpSocket] {
        &self.sockets
    }

    /// To be called for an event of the `local`-th socket.
    pub(crate) fn has_input(&mut self, local: usize) {
        if let Some(ready) = self.ready.get_mut(local) {
            *ready = true;
        }
    }

    /// Hands over what has come, up to a bound. Returns whether there may be more.
    pub(crate) fn receive(
        &mut self,
        batch: &mut ReceiveBatch,
        counters: &mut IoCounters,
        mut each: impl FnMut(u8, SocketAddr, &mut [u8]),
    ) -> bool {
        let mut any_left = false;
        for (at, (socket, ready)) in self.sockets.iter().zip(&mut self.ready).enumerate() {
            let mut receives = RECEIVES_PER_TURN;
            while *ready && receives > 0 {
                receives -= 1;
                let received = batch.receive(socket.as_fd(), |remote, datagram| {
                    counters.datagrams_received += 1;
                    counters.bytes_received += datagram.len() as u64;
                    each(at as u8, remote, datagram);
                });
                *ready = match received {
                    Ok((messages, more)) => {
                        counters.messages_received += messages as u64;
                        more
                    }
                    // An earlier send's ICMP error comes once, and there may be datagrams behind it;
                    // one that stays must not keep the thread busy.
                    Err(error) => {
                        counters.receive_errors += 1;
                        log::debug!("receiving: {error}");
                        receives > 0
                    }
                };
            }
            any_left |= *ready;
        }
        any_left
    }
}

/// Binds a socket with GRO, large buffers and without the don't-fragment bit: a datagram above a
/// path's MTU is fragmented rather than lost, since nobody here does path MTU discovery.
///
/// # Errors
///
/// [`StartError::AddressInUse`] or [`StartError::Listen`], naming the address.
pub(crate) fn bind(address: SocketAddr) -> Result<UdpSocket, StartError> {
    open(address).map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => StartError::AddressInUse { address },
        _ => StartError::Listen { address, source },
    })
}

fn open(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, None)?;
    socket.set_nonblocking(true)?;
    match address {
        SocketAddr::V4(_) => sockopt::set_ip_mtu_discover(&socket, Ipv4PathMtuDiscovery::DONT)?,
        SocketAddr::V6(_) => {
            sockopt::set_ipv6_mtu_discover(&socket, Ipv6PathMtuDiscovery::DONT)?;
            socket.set_only_v6(true)?;
        }
    }
    set_buffers(socket.as_fd());
    if let Err(error) = sys::enable_gro(socket.as_fd()) {
        log::warn!("no UDP GRO on {address}, receiving costs more: {error}");
    }
    // No SO_REUSEADDR: two servers on one UDP port would silently share its packets.
    socket.bind(&address.into())?;
    Ok(UdpSocket::from_std(socket.into()))
}

/// As large as the system allows: with CAP_NET_ADMIN the wanted size, else up to `rmem_max`.
fn set_buffers(socket: BorrowedFd<'_>) {
    let received = set_socket_recv_buffer_size_force(socket, BUFFER_BYTES)
        .or_else(|_| sockopt::set_socket_recv_buffer_size(socket, BUFFER_BYTES));
    let sent = set_socket_send_buffer_size_force(socket, BUFFER_BYTES)
        .or_else(|_| sockopt::set_socket_send_buffer_size(socket, BUFFER_BYTES));
    if let Err(error) = received.and(sent) {
        log::warn!("cannot enlarge a socket's buffers: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_named() {
        let first = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = first.local_addr().unwrap();
        match bind(address) {
            Err(StartError::AddressInUse { address: named }) => assert_eq!(named, address),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_address_of_another_machine_is_named() {
        // RFC 5737: a documentation address, never an interface's.
        let address = "203.0.113.77:9".parse().unwrap();
        match bind(address) {
            Err(StartError::Listen { address: named, .. }) => assert_eq!(named, address),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn fragmentation_is_allowed_and_the_buffers_are_large() {
        let socket = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        assert_eq!(
            sockopt::ip_mtu_discover(&socket).unwrap(),
            Ipv4PathMtuDiscovery::DONT
        );
        assert!(sockopt::socket_recv_buffer_size(&socket).unwrap() > 212_992);
        let socket = bind("[::1]:0".parse().unwrap()).unwrap();
        assert_eq!(
            sockopt::ipv6_mtu_discover(&socket).unwrap(),
            Ipv6PathMtuDiscovery::DONT
        );
    }
}
