//! The addresses of this machine that media can be announced on.

use std::{
    io,
    net::{IpAddr, Ipv6Addr},
};

/// Addresses of all interfaces that are up, loopback included, link-local left out: those need a
/// scope that a candidate cannot carry. IPv4 first, each address once.
///
/// # Errors
///
/// The system's, when it cannot list its interfaces.
pub fn local_addresses() -> io::Result<Vec<IpAddr>> {
    let mut found: Vec<IpAddr> = if_addrs::get_if_addrs()?
        .into_iter()
        .filter(|interface| interface.is_oper_up() || interface.is_loopback())
        .map(|interface| interface.ip())
        .filter(|address| !is_link_local(address))
        .collect();
    found.sort_by_key(|address| (address.is_ipv6(), *address));
    found.dedup();
    Ok(found)
}

fn is_link_local(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => is_unicast_link_local(v6),
    }
}

/// fe80::/10, RFC 4291 section 2.5.6.
fn is_unicast_link_local(address: &Ipv6Addr) -> bool {
    address.segments()[0] & 0xffc0 == 0xfe80
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn loopback_is_among_them_and_none_is_link_local() {
        let found = local_addresses().unwrap();
        assert!(found.contains(&IpAddr::V4(Ipv4Addr::LOCALHOST)));
        assert!(!found.iter().any(is_link_local));
    }

    #[test]
    fn link_local_is_recognised() {
        for text in ["169.254.3.4", "fe80::1", "febf::1"] {
            assert!(is_link_local(&text.parse().unwrap()), "{text}");
        }
        for text in ["192.168.1.2", "fec0::1", "fd00::1", "::1"] {
            assert!(!is_link_local(&text.parse().unwrap()), "{text}");
        }
    }
}
