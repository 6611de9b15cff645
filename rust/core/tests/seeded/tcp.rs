//! ICE over TCP: to the core a connection is one more local address, until it is closed.

use std::net::SocketAddr;

use serde_json::json;
use videocall_core::Transmit;
use videocall_netsim::Link;

use crate::rig::{World, binding_request, ms};

#[derive(Default)]
struct Sent(Vec<(u8, SocketAddr)>);

impl Transmit for Sent {
    fn transmit(&mut self, local: u8, remote: SocketAddr, _: &[u8], _: usize) {
        self.0.push((local, remote));
    }
}

#[test]
fn a_connection_is_answered_selected_and_lost_when_it_closes() {
    let mut world = World::new(1, Link::default());
    let info = world.create_transport("t");
    let remote: SocketAddr = "10.0.9.9:40000".parse().unwrap();
    let check = |world: &mut World, local: u8, remote: SocketAddr| {
        let ice = &info.ice_parameters;
        let mut request = binding_request(ice, &ice.password, local, &[]);
        let now = world.now();
        world.sfu.handle_datagram(now, local, remote, &mut request);
        let mut sent = Sent::default();
        world.sfu.flush(now, &mut sent);
        assert_eq!(sent.0, [(local, remote)]);
        world.run(ms(10));
    };
    check(&mut world, 1, remote);
    let tuple = world.events_of("iceSelectedTupleChange", "t")[0]["tuple"].clone();
    assert_eq!(tuple["protocol"], "tcp");
    assert_eq!(tuple["localPort"], 10_000);
    let now = world.now();
    world.sfu.handle_closed(now, 1, remote);
    world.run(ms(10));
    let lost = json!({"iceState": "disconnected"});
    assert_eq!(world.events_of("iceStateChange", "t").last(), Some(&&lost));
    // Closing twice, or what nobody has, is nothing.
    world.sfu.handle_closed(now, 1, remote);
    world.sfu.handle_closed(now, 0, remote);
    let again: SocketAddr = "10.0.9.9:40001".parse().unwrap();
    check(&mut world, 1, again);
    let back = json!({"iceState": "completed"});
    assert_eq!(world.events_of("iceStateChange", "t").last(), Some(&&back));
    // UDP that works later takes over, and the connection's end is then no loss.
    check(&mut world, 0, "10.0.9.9:50000".parse().unwrap());
    let events = world.events.len();
    let now = world.now();
    world.sfu.handle_closed(now, 1, again);
    world.run(ms(10));
    assert_eq!(world.events.len(), events);
}

#[test]
fn candidates_of_udp_come_first_in_priority() {
    let mut world = World::new(1, Link::default());
    let data = json!({"routerId": "r", "transportId": "t"});
    let answer = world.request("createWebRtcTransport", data);
    let candidates = answer["iceCandidates"].as_array().unwrap();
    let [udp, tcp] = &candidates[..] else {
        panic!("{candidates:?}");
    };
    assert_eq!(
        (&udp["protocol"], udp.get("tcpType")),
        (&json!("udp"), None)
    );
    assert_eq!(
        (&tcp["protocol"], &tcp["tcpType"]),
        (&json!("tcp"), &json!("passive"))
    );
    assert_eq!(udp["port"], tcp["port"]);
    assert!(udp["priority"].as_u64() > tcp["priority"].as_u64());
}
