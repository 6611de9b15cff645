//! Sockets, the network between them, and the loop over both.

use std::{
    collections::HashMap,
    io::{self, ErrorKind},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use mio::{Events, Interest, Poll, Token, Waker, net::UdpSocket};
use videocall_netsim::{Link, Network};

use crate::control::{self, Answer, Command};

const LISTENING: Token = Token(0);
const WAKING: Token = Token(1);
const FIRST_FLOW: usize = 2;
/// Who has sent to the relay; each has a socket of its own towards the other side, as behind a NAT.
const MAX_FLOWS: usize = 256;
const MAX_DATAGRAM: usize = 65_536;

/// The two ends of the one network that all flows share, with its one bottleneck in each direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Side {
    Down,
    Up,
}

#[derive(Clone)]
struct Parcel {
    flow: usize,
    bytes: Vec<u8>,
}

impl AsRef<[u8]> for Parcel {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

struct Flow {
    client: SocketAddr,
    socket: UdpSocket,
}

struct Relay {
    poll: Poll,
    listening: UdpSocket,
    to: SocketAddr,
    flows: Vec<Flow>,
    by_client: HashMap<SocketAddr, usize>,
    network: Network<Side, Parcel>,
}

/// Relays until the end of standard input.
///
/// # Errors
/// The socket cannot be had, or the system refuses to wait.
pub fn run(listen: SocketAddr, to: SocketAddr, seed: u64) -> io::Result<()> {
    let poll = Poll::new()?;
    let mut listening = UdpSocket::bind(listen)?;
    poll.registry()
        .register(&mut listening, LISTENING, Interest::READABLE)?;
    // Held here too: one that is dropped right after its last call wakes nobody.
    let waker = Arc::new(Waker::new(poll.registry(), WAKING)?);
    let commands = control::read_commands(Arc::clone(&waker));
    let mut relay = Relay {
        poll,
        listening,
        to,
        flows: Vec::new(),
        by_client: HashMap::new(),
        network: Network::new(seed, Link::default()),
    };
    control::answer(&Answer::Done { ok: true });
    let mut events = Events::with_capacity(256);
    loop {
        let patience = relay
            .network
            .next_arrival()
            .map(|at| at.saturating_duration_since(Instant::now()));
        match relay.poll.poll(&mut events, patience) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            outcome => outcome?,
        }
        for event in &events {
            match event.token() {
                WAKING => {}
                LISTENING => relay.take_up()?,
                Token(token) => relay.take_down(token - FIRST_FLOW),
            }
        }
        while let Ok(command) = commands.try_recv() {
            let Some(command) = command else {
                return Ok(());
            };
            control::answer(&relay.obey(command));
        }
        relay.deliver();
    }
}

impl Relay {
    fn take_up(&mut self) -> io::Result<()> {
        let mut buffer = [0; MAX_DATAGRAM];
        while let Some((len, client)) = received(|| self.listening.recv_from(&mut buffer)) {
            let Some(flow) = self.flow_of(client)? else {
                continue;
            };
            let bytes = buffer[..len].to_vec();
            self.network
                .send(Instant::now(), Side::Down, Side::Up, Parcel { flow, bytes });
        }
        Ok(())
    }

    fn take_down(&mut self, flow: usize) {
        let mut buffer = [0; MAX_DATAGRAM];
        while let Some(len) = received(|| self.flows[flow].socket.recv(&mut buffer)) {
            let bytes = buffer[..len].to_vec();
            self.network
                .send(Instant::now(), Side::Up, Side::Down, Parcel { flow, bytes });
        }
    }

    fn flow_of(&mut self, client: SocketAddr) -> io::Result<Option<usize>> {
        if let Some(&flow) = self.by_client.get(&client) {
            return Ok(Some(flow));
        }
        if self.flows.len() == MAX_FLOWS {
            return Ok(None);
        }
        let any: SocketAddr = match self.to {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let mut socket = UdpSocket::bind(any)?;
        socket.connect(self.to)?;
        let flow = self.flows.len();
        self.poll
            .registry()
            .register(&mut socket, Token(FIRST_FLOW + flow), Interest::READABLE)?;
        self.flows.push(Flow { client, socket });
        self.by_client.insert(client, flow);
        Ok(Some(flow))
    }

    /// Whatever a socket refuses is lost, as on any network.
    fn deliver(&mut self) {
        while let Some(arrived) = self.network.receive(Instant::now()) {
            let Parcel { flow, bytes } = arrived.payload;
            let flow = &self.flows[flow];
            let _ = match arrived.to {
                Side::Up => flow.socket.send(&bytes),
                Side::Down => self.listening.send_to(&bytes, flow.client),
            };
        }
    }

    fn obey(&mut self, command: Result<Command, String>) -> Answer {
        match command.and_then(|command| self.carry_out(&command)) {
            Ok(answer) => answer,
            Err(error) => Answer::Refused { error },
        }
    }

    fn carry_out(&mut self, command: &Command) -> Result<Answer, String> {
        let down = command.down.map(|direction| direction.link()).transpose()?;
        let up = command.up.map(|direction| direction.link()).transpose()?;
        for (link, from, to) in [(down, Side::Up, Side::Down), (up, Side::Down, Side::Up)] {
            if let Some(link) = link {
                self.network.set_link(from, to, link);
            }
        }
        if !command.stats {
            return Ok(Answer::Done { ok: true });
        }
        let now = Instant::now();
        let queue_ms = |from, to| in_milliseconds(self.network.queue(now, from, to));
        Ok(Answer::Stats {
            down: self.network.stats(Side::Up, Side::Down).into(),
            up: self.network.stats(Side::Down, Side::Up).into(),
            down_queue_ms: queue_ms(Side::Up, Side::Down),
            up_queue_ms: queue_ms(Side::Down, Side::Up),
        })
    }
}

/// The next datagram, until there is none. An error is about something sent before (RFC 1122, 4.1.3.3), and read away.
fn received<T>(mut receive: impl FnMut() -> io::Result<T>) -> Option<T> {
    loop {
        match receive() {
            Ok(got) => return Some(got),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return None,
            Err(_) => {}
        }
    }
}

fn in_milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
