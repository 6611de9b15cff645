//! TCP (RFC 6544, RFC 4571): connections of clients whose networks let no UDP through.
//!
//! Connections are looked up by their addresses, as datagrams are: to the core a connection is one
//! more local address. What they cost is bounded: how many there are, what each may keep, and how
//! long one may stay that proves nothing or reads nothing.

mod connection;

use std::{collections::HashMap, io, net::SocketAddr, time::Instant};

use mio::{
    Interest, Registry, Token,
    net::{TcpListener, TcpStream},
};
use socket2::{Domain, Socket, Type};

use crate::{StartError, metrics::IoCounters};
use connection::{Connection, Reading};

/// The first listener's token, and the first connection's.
const LISTENERS: usize = 2_000;
const CONNECTIONS: usize = 10_000;
/// Connections of one worker.
const MAX_CONNECTIONS: usize = 4_096;
/// Those that have proved nothing yet; when there are more the oldest goes, so that a flood of
/// them does not keep out a peer that proves itself within its round trip.
const MAX_UNPROVED: usize = 512;
const BACKLOG: i32 = 512;
/// Accepted at once, and read at once from one connection: media must not wait for many of them.
const ACCEPTS_PER_TURN: usize = 32;
const READS_PER_TURN: usize = 4;

/// A worker's listeners, in the order of its listen addresses, and their connections.
pub(crate) struct Tcp {
    registry: Registry,
    listeners: Vec<TcpListener>,
    accepting: Vec<bool>,
    connections: Vec<Option<Connection<TcpStream>>>,
    free: Vec<usize>,
    by_address: HashMap<(u8, SocketAddr), usize>,
    /// Connections with input, maybe.
    ready: Vec<usize>,
    /// Closed, and the core does not know yet.
    closed: Vec<(u8, SocketAddr)>,
    deadline: Option<Instant>,
}

impl Tcp {
    /// Listens on each address; on none, when TCP is off.
    ///
    /// # Errors
    ///
    /// [`StartError`], naming the address.
    pub(crate) fn bind(registry: &Registry, addresses: &[SocketAddr]) -> Result<Self, StartError> {
        let mut listeners = Vec::with_capacity(addresses.len());
        for (at, &address) in addresses.iter().enumerate() {
            let mut listener = listen(address).map_err(|source| match source.kind() {
                io::ErrorKind::AddrInUse => StartError::AddressInUse { address },
                _ => StartError::Listen { address, source },
            })?;
            registry.register(&mut listener, Token(LISTENERS + at), Interest::READABLE)?;
            listeners.push(listener);
        }
        Ok(Self {
            registry: registry.try_clone()?,
            accepting: vec![true; listeners.len()],
            listeners,
            connections: Vec::new(),
            free: Vec::new(),
            by_address: HashMap::new(),
            ready: Vec::new(),
            closed: Vec::new(),
            deadline: None,
        })
    }

    /// To be called for an event; whether the token is one of these.
    pub(crate) fn on_event(&mut self, token: Token, now: Instant) -> bool {
        if let Some(at) = token.0.checked_sub(CONNECTIONS) {
            if let Some(Some(connection)) = self.connections.get_mut(at) {
                connection.readable = true;
                let works = connection.write(now);
                self.after(at, works);
                self.ready.push(at);
            }
        } else if let Some(at) = token.0.checked_sub(LISTENERS) {
            if let Some(accepting) = self.accepting.get_mut(at) {
                *accepting = true;
            }
        } else {
            return false;
        }
        true
    }

    /// Accepts and reads, up to a bound. Returns whether there may be more.
    pub(crate) fn receive(
        &mut self,
        now: Instant,
        counters: &mut IoCounters,
        mut each: impl FnMut(u8, SocketAddr, &mut [u8]),
    ) -> bool {
        let mut any_left = self.accept(now);
        let mut ready = std::mem::take(&mut self.ready);
        ready.sort_unstable();
        ready.dedup();
        for at in ready.drain(..) {
            let Some(Some(connection)) = self.connections.get_mut(at) else {
                continue;
            };
            let (local, remote) = (connection.local, connection.remote);
            let mut end = Reading::More;
            for _ in 0..READS_PER_TURN {
                end = connection.read(now, |datagram| {
                    counters.datagrams_received += 1;
                    counters.bytes_received += datagram.len() as u64;
                    each(local, remote, datagram);
                });
                if end != Reading::More {
                    break;
                }
            }
            any_left |= end == Reading::More;
            if end == Reading::More {
                self.ready.push(at);
            }
            self.after(at, end != Reading::Over);
        }
        any_left
    }

    /// Sends datagrams of `segment_size` bytes to a connection, the last maybe shorter. Never waits.
    pub(crate) fn send(
        &mut self,
        local: u8,
        remote: SocketAddr,
        bytes: &[u8],
        segment_size: usize,
        now: Instant,
        counters: &mut IoCounters,
    ) {
        let datagrams = bytes.len().div_ceil(segment_size.max(1)) as u64;
        let Some(&at) = self.by_address.get(&(local, remote)) else {
            counters.send_errors += datagrams;
            return;
        };
        let Some(Some(connection)) = self.connections.get_mut(at) else {
            return;
        };
        for datagram in bytes.chunks(segment_size.max(1)) {
            match connection.push(datagram) {
                true => {
                    counters.datagrams_sent += 1;
                    counters.bytes_sent += datagram.len() as u64;
                }
                false => counters.send_would_block += 1,
            }
        }
        counters.sends += 1;
        let works = connection.write(now);
        self.after(at, works);
    }

    /// Closes what has had its time.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        if self.deadline.is_none_or(|deadline| deadline > now) {
            return;
        }
        for at in 0..self.connections.len() {
            let connection = self.connections[at].as_ref();
            if connection.is_some_and(|it| it.deadline() <= now) {
                self.close(at);
            }
        }
        // Deadlines that moved later are found out when the earlier one comes.
        let open = self.connections.iter().flatten();
        self.deadline = open.map(Connection::deadline).min();
    }

    /// When to call [`Tcp::handle_timeout`].
    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        self.deadline
    }

    /// The next connection that was closed.
    pub(crate) fn poll_closed(&mut self) -> Option<(u8, SocketAddr)> {
        self.closed.pop()
    }

    fn accept(&mut self, now: Instant) -> bool {
        let mut any_left = false;
        for at in 0..self.listeners.len() {
            let mut accepts = ACCEPTS_PER_TURN;
            while self.accepting[at] && accepts > 0 {
                accepts -= 1;
                match self.listeners[at].accept() {
                    Ok((stream, remote)) => self.open(stream, at, remote, now),
                    // Also when the process has no descriptor left: the next one to come tells.
                    Err(_) => self.accepting[at] = false,
                }
            }
            any_left |= self.accepting[at];
        }
        any_left
    }

    fn open(&mut self, mut stream: TcpStream, listener: usize, remote: SocketAddr, now: Instant) {
        if self.by_address.len() >= MAX_CONNECTIONS {
            return;
        }
        self.make_room();
        let at = self.free.pop().unwrap_or_else(|| {
            self.connections.push(None);
            self.connections.len() - 1
        });
        let interest = Interest::READABLE | Interest::WRITABLE;
        let token = Token(CONNECTIONS + at);
        // Media must not wait for more media to fill a segment.
        let ready = stream
            .set_nodelay(true)
            .and_then(|()| self.registry.register(&mut stream, token, interest));
        if let Err(error) = ready {
            log::debug!("accepting {remote}: {error}");
            self.free.push(at);
            return;
        }
        let local = (self.listeners.len() + listener) as u8;
        let connection = Connection::new(stream, local, remote, now);
        self.note_deadline(connection.deadline());
        self.by_address.insert((local, remote), at);
        self.connections[at] = Some(connection);
        self.ready.push(at);
    }

    fn make_room(&mut self) {
        let open = self.connections.iter().enumerate();
        let unproved = open.filter_map(|(at, connection)| {
            let connection = connection.as_ref().filter(|it| !it.is_proved())?;
            Some((connection.deadline(), at))
        });
        let (count, oldest) = unproved.fold((0, None), |(count, oldest), next| {
            (
                count + 1,
                Some(oldest.map_or(next, |it: (Instant, usize)| it.min(next))),
            )
        });
        if let Some((_, at)) = oldest.filter(|_| count >= MAX_UNPROVED) {
            self.close(at);
        }
    }

    fn after(&mut self, at: usize, works: bool) {
        if !works {
            self.close(at);
        } else if let Some(Some(connection)) = self.connections.get(at) {
            self.note_deadline(connection.deadline());
        }
    }

    fn note_deadline(&mut self, deadline: Instant) {
        self.deadline = Some(self.deadline.map_or(deadline, |it| it.min(deadline)));
    }

    fn close(&mut self, at: usize) {
        if let Some(connection) = self.connections.get_mut(at).and_then(Option::take) {
            let address = (connection.local, connection.remote);
            self.by_address.remove(&address);
            self.closed.push(address);
            self.free.push(at);
        }
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // A restarted server must not wait for the old one's connections to time out.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(TcpListener::from_std(socket.into()))
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read as _, Write as _},
        net::TcpStream as StdStream,
        time::Duration,
    };

    use mio::{Events, Poll};

    use super::*;

    struct Rig {
        poll: Poll,
        tcp: Tcp,
        address: SocketAddr,
        now: Instant,
    }

    impl Rig {
        fn new() -> Self {
            let poll = Poll::new().unwrap();
            let tcp = Tcp::bind(poll.registry(), &["127.0.0.1:0".parse().unwrap()]).unwrap();
            let address = tcp.listeners[0].local_addr().unwrap();
            Self {
                poll,
                tcp,
                address,
                now: Instant::now(),
            }
        }

        fn connect(&mut self) -> StdStream {
            let open = self.tcp.by_address.len();
            let stream = StdStream::connect(self.address).unwrap();
            stream
                .set_read_timeout(Some(Duration::from_secs(20)))
                .unwrap();
            while self.tcp.by_address.len() == open {
                self.turn();
            }
            stream
        }

        /// One turn; the frames that came.
        fn turn(&mut self) -> Vec<(u8, SocketAddr, Vec<u8>)> {
            let mut events = Events::with_capacity(64);
            let wait = Some(Duration::from_millis(20));
            self.poll.poll(&mut events, wait).unwrap();
            for event in events.iter() {
                self.tcp.on_event(event.token(), self.now);
            }
            let mut got = Vec::new();
            let mut counters = IoCounters::default();
            self.tcp
                .receive(self.now, &mut counters, |local, remote, frame| {
                    got.push((local, remote, frame.to_vec()));
                });
            got
        }
    }

    #[test]
    fn who_proves_nothing_is_closed_after_ten_seconds_and_who_was_answered_stays() {
        let mut rig = Rig::new();
        let (mut silent, answered) = (rig.connect(), rig.connect());
        let remote = answered.local_addr().unwrap();
        let mut counters = IoCounters::default();
        rig.tcp
            .send(1, remote, b"answer", 6, rig.now, &mut counters);
        assert_eq!(
            rig.tcp.next_timeout(),
            Some(rig.now + Duration::from_secs(10))
        );
        rig.tcp.handle_timeout(rig.now + Duration::from_secs(9));
        assert_eq!(rig.tcp.by_address.len(), 2);
        rig.tcp.handle_timeout(rig.now + Duration::from_secs(10));
        assert_eq!(
            rig.tcp.poll_closed(),
            Some((1, silent.local_addr().unwrap()))
        );
        assert_eq!(rig.tcp.poll_closed(), None);
        assert_eq!(silent.read(&mut [0; 8]).unwrap(), 0);
        // It has to say something now and then, as every ICE agent does.
        rig.tcp.handle_timeout(rig.now + Duration::from_secs(60));
        assert_eq!(rig.tcp.poll_closed(), Some((1, remote)));
        assert_eq!(rig.tcp.next_timeout(), None);
    }

    #[test]
    fn a_closed_connection_is_told_and_its_place_used_again() {
        let mut rig = Rig::new();
        let mut first = rig.connect();
        let remote = first.local_addr().unwrap();
        first.write_all(&[0, 1, 9]).unwrap();
        let mut got = Vec::new();
        while got.is_empty() {
            got = rig.turn();
        }
        assert_eq!(got, [(1, remote, vec![9])]);
        drop(first);
        let mut closed = None;
        while closed.is_none() {
            rig.turn();
            closed = rig.tcp.poll_closed();
        }
        assert_eq!(closed, Some((1, remote)));
        let mut counters = IoCounters::default();
        rig.tcp.send(1, remote, b"late", 4, rig.now, &mut counters);
        assert_eq!(counters.send_errors, 1);
        let _second = rig.connect();
        assert_eq!(rig.tcp.connections.len(), 1);
    }

    #[test]
    fn a_flood_of_connections_costs_the_oldest_that_proved_nothing() {
        let mut rig = Rig::new();
        let proved = rig.connect();
        let remote = proved.local_addr().unwrap();
        let mut counters = IoCounters::default();
        rig.tcp
            .send(1, remote, b"answer", 6, rig.now, &mut counters);
        let mut flood = Vec::new();
        for _ in 0..MAX_UNPROVED + 5 {
            rig.now += Duration::from_millis(1);
            flood.push(rig.connect_one_of_many());
        }
        assert_eq!(rig.tcp.by_address.len(), MAX_UNPROVED + 1);
        assert!(rig.tcp.by_address.contains_key(&(1, remote)));
        let oldest = flood[0].local_addr().unwrap();
        assert!(!rig.tcp.by_address.contains_key(&(1, oldest)));
        let newest = flood[flood.len() - 1].local_addr().unwrap();
        assert!(rig.tcp.by_address.contains_key(&(1, newest)));
    }

    impl Rig {
        /// The same when others may be closed for it.
        fn connect_one_of_many(&mut self) -> StdStream {
            let stream = StdStream::connect(self.address).unwrap();
            let remote = stream.local_addr().unwrap();
            while !self.tcp.by_address.contains_key(&(1, remote)) {
                self.turn();
            }
            stream
        }
    }
}
