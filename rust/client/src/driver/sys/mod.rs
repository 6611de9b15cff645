//! The system calls that no safe wrapper covers: batched receive with UDP GRO and send with UDP
//! GSO. All of this crate's `unsafe` is in here.

mod receive;
mod send;

use std::io;
use std::mem::size_of;
use std::os::fd::{AsRawFd, BorrowedFd};

pub(crate) use receive::ReceiveBatch;
pub(crate) use send::{Destination, send};

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
            size_of::<libc::c_int>() as _,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
