//! sendmsg(2) with UDP GSO.

use std::mem::{self, MaybeUninit, size_of};
use std::net::SocketAddrV4;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::{io, ptr};

/// Room for `CMSG_SPACE(sizeof(u16))`, aligned as a cmsghdr.
#[repr(C, align(8))]
struct Control([MaybeUninit<u8>; 32]);

/// Where to: the socket's peer, or an address in the kernel's form.
pub(crate) struct Destination(Option<libc::sockaddr_in>);

impl Destination {
    /// The peer of a connected socket.
    pub(crate) const CONNECTED: Self = Self(None);

    /// An address for an unconnected one.
    pub(crate) fn address(address: SocketAddrV4) -> Self {
        Self(Some(libc::sockaddr_in {
            sin_family: libc::AF_INET as libc::sa_family_t,
            sin_port: address.port().to_be(),
            sin_addr: libc::in_addr {
                s_addr: u32::from_ne_bytes(address.ip().octets()),
            },
            sin_zero: [0; 8],
        }))
    }
}

/// Sends `bytes` in one call: as one datagram, or, when they are longer than `segment_size`, as
/// datagrams of that size of which the last may be shorter.
pub(crate) fn send(
    socket: BorrowedFd<'_>,
    to: &Destination,
    bytes: &[u8],
    segment_size: usize,
) -> io::Result<()> {
    let mut control = Control([MaybeUninit::uninit(); 32]);
    let mut vector = libc::iovec {
        iov_base: bytes.as_ptr().cast_mut().cast(),
        iov_len: bytes.len(),
    };
    // SAFETY: msghdr is a C struct of integers and pointers (and, on musl, padding): zero is valid.
    let mut header: libc::msghdr = unsafe { mem::zeroed() };
    if let Some(address) = &to.0 {
        header.msg_name = ptr::from_ref(address).cast_mut().cast();
        header.msg_namelen = size_of::<libc::sockaddr_in>() as _;
    }
    header.msg_iov = &raw mut vector;
    header.msg_iovlen = 1;
    if bytes.len() > segment_size {
        let segment_size = u16::try_from(segment_size).map_err(|_| io::ErrorKind::InvalidInput)?;
        set_segment_size(&mut header, &mut control, segment_size);
    }
    loop {
        // SAFETY: `header` points at an address, a vector, the caller's bytes (the kernel only reads
        // both) and a control buffer; all outlive the call and have the lengths given.
        let sent = unsafe { libc::sendmsg(socket.as_raw_fd(), &header, libc::MSG_DONTWAIT) };
        if sent >= 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

/// Adds the `UDP_SEGMENT` control message, a u16; udp(7).
fn set_segment_size(header: &mut libc::msghdr, control: &mut Control, segment_size: u16) {
    const LEN: libc::c_uint = size_of::<u16>() as _;
    header.msg_control = control.0.as_mut_ptr().cast();
    // SAFETY: CMSG_SPACE only computes; it is below the 32 bytes of the buffer.
    header.msg_controllen = unsafe { libc::CMSG_SPACE(LEN) } as _;
    // SAFETY: the control buffer is aligned for a cmsghdr and holds `msg_controllen` bytes, so the
    // first header is within it and not null, and its data has room for the u16.
    unsafe {
        let first = libc::CMSG_FIRSTHDR(header);
        (*first).cmsg_level = libc::SOL_UDP;
        (*first).cmsg_type = libc::UDP_SEGMENT;
        (*first).cmsg_len = libc::CMSG_LEN(LEN) as _;
        libc::CMSG_DATA(first)
            .cast::<u16>()
            .write_unaligned(segment_size);
    }
}
