//! sendmsg(2) with UDP GSO.

use std::{
    io,
    mem::{self, MaybeUninit, size_of},
    net::SocketAddr,
    os::fd::{AsRawFd, BorrowedFd},
};

use super::address::RawAddress;

/// The kernel's `UDP_MAX_SEGMENTS` before 6.9; later ones take 128.
pub(crate) const MAX_SEGMENTS: usize = 64;

/// The largest IPv4 datagram, 65,535 bytes, less the IP and UDP headers. A GSO batch counts as one.
pub(crate) const MAX_UDP_PAYLOAD: usize = 65_507;

/// Room for `CMSG_SPACE(sizeof(u16))`, aligned as a cmsghdr.
#[repr(C, align(8))]
struct Control([MaybeUninit<u8>; 32]);

/// Sends `bytes` to `remote` in one call: as one datagram, or, when they are longer than
/// `segment_size`, as datagrams of that size of which the last may be shorter.
///
/// # Errors
///
/// The system's. `EIO` or `EINVAL` for several segments mean that this path cannot do GSO (no
/// checksum offload; a segment above the path's MTU, which newer kernels call `EMSGSIZE`).
pub(crate) fn send(
    socket: BorrowedFd<'_>,
    remote: SocketAddr,
    bytes: &[u8],
    segment_size: usize,
) -> io::Result<()> {
    let mut address = RawAddress::new(remote);
    let mut control = Control([MaybeUninit::uninit(); 32]);
    let mut vector = libc::iovec {
        iov_base: bytes.as_ptr().cast_mut().cast(),
        iov_len: bytes.len(),
    };
    // SAFETY: msghdr is a C struct of integers and pointers (and, on musl, padding): zero is valid.
    let mut header: libc::msghdr = unsafe { mem::zeroed() };
    (header.msg_name, header.msg_namelen) = address.as_raw();
    header.msg_iov = &raw mut vector;
    header.msg_iovlen = 1;
    if bytes.len() > segment_size {
        let segment_size = u16::try_from(segment_size).map_err(|_| io::ErrorKind::InvalidInput)?;
        set_segment_size(&mut header, &mut control, segment_size);
    }
    loop {
        // SAFETY: `header` points at an address, a vector, the caller's bytes (which the kernel
        // only reads) and a control buffer; all outlive the call and have the lengths given.
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
    const LENGTH: libc::c_uint = size_of::<u16>() as _;
    // SAFETY: CMSG_SPACE only computes.
    let space = unsafe { libc::CMSG_SPACE(LENGTH) } as usize;
    debug_assert!(space <= size_of::<Control>());
    header.msg_control = control.0.as_mut_ptr().cast();
    header.msg_controllen = space as _;
    // SAFETY: the control buffer is aligned for a cmsghdr and holds `space` bytes, so the first
    // header is within it and not null, and its data has room for the u16.
    unsafe {
        let first = libc::CMSG_FIRSTHDR(header);
        (*first).cmsg_level = libc::SOL_UDP;
        (*first).cmsg_type = libc::UDP_SEGMENT;
        (*first).cmsg_len = libc::CMSG_LEN(LENGTH) as _;
        libc::CMSG_DATA(first)
            .cast::<u16>()
            .write_unaligned(segment_size);
    }
}
