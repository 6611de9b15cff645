//! The system calls that no safe wrapper covers: batched receive with UDP GRO, send with UDP GSO,
//! and the CPU clock of a thread. All of this crate's `unsafe` is in here.

mod address;
mod clock;
mod receive;
mod send;

use std::{
    io,
    mem::size_of,
    os::fd::{AsRawFd, BorrowedFd},
};

pub(crate) use clock::ThreadClock;
pub(crate) use receive::ReceiveBatch;
pub(crate) use send::{MAX_SEGMENTS, MAX_UDP_PAYLOAD, send};

/// Lets the kernel hand over datagrams of one flow and size as one buffer; udp(7), `UDP_GRO`.
pub(crate) fn enable_gro(socket: BorrowedFd<'_>) -> io::Result<()> {
    let on: libc::c_int = 1;
    // SAFETY: the option's value is an int, which outlives the call, and its size is given.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_UDP,
            libc::UDP_GRO,
            (&raw const on).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Sends without UDP checksums, for which the kernel refuses GSO with `EINVAL`.
#[cfg(test)]
pub(crate) fn disable_checksum(socket: BorrowedFd<'_>) -> io::Result<()> {
    let on: libc::c_int = 1;
    // SAFETY: as in `enable_gro`.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_NO_CHECK,
            (&raw const on).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
