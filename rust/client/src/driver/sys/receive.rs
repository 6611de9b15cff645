//! recvmmsg(2) on a connected socket, with and without UDP GRO.

use std::os::fd::{AsRawFd, BorrowedFd};
use std::{io, mem, ptr};

/// With GRO a message is a whole batch, so that a few are enough.
const GRO_MESSAGES: usize = 8;
const GRO_MESSAGE_LEN: usize = 65_536;
/// Without it a message is a datagram: two frames of the benchmarks' video.
const PLAIN_MESSAGES: usize = 16;
const PLAIN_MESSAGE_LEN: usize = 2_048;

/// Space for the one control message that is asked for (`UDP_GRO`, an int), as aligned as a cmsghdr.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
struct Control([u8; 64]);

/// Buffers for one `recvmmsg`, used for many sockets in turn.
pub(crate) struct ReceiveBatch {
    message_len: usize,
    bytes: Vec<u8>,
    controls: Vec<Control>,
    vectors: Vec<libc::iovec>,
    headers: Vec<libc::mmsghdr>,
}

impl ReceiveBatch {
    pub(crate) fn new(gro: bool) -> Self {
        let (messages, message_len) = if gro {
            (GRO_MESSAGES, GRO_MESSAGE_LEN)
        } else {
            (PLAIN_MESSAGES, PLAIN_MESSAGE_LEN)
        };
        // SAFETY: both are plain C structs of integers and pointers, for which zero is valid.
        let (vector, header) = unsafe { (mem::zeroed(), mem::zeroed()) };
        Self {
            message_len,
            bytes: vec![0; messages * message_len],
            controls: vec![Control([0; 64]); messages],
            vectors: vec![vector; messages],
            headers: vec![header; messages],
        }
    }

    /// Receives what is there, without waiting, and calls `each` with every datagram. Returns how
    /// many messages came; fewer than fit means that the socket is empty.
    pub(crate) fn receive(
        &mut self,
        socket: BorrowedFd<'_>,
        mut each: impl FnMut(&mut [u8]),
    ) -> io::Result<usize> {
        let count = self.call(socket)?;
        let areas = self.bytes.chunks_exact_mut(self.message_len);
        for (header, area) in self.headers[..count].iter().zip(areas) {
            let len = (header.msg_len as usize).min(area.len());
            if len == 0 || header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0 {
                continue;
            }
            let segment = segment_size(&header.msg_hdr).unwrap_or(len);
            for datagram in area[..len].chunks_mut(segment) {
                each(datagram);
            }
        }
        Ok(count)
    }

    fn call(&mut self, socket: BorrowedFd<'_>) -> io::Result<usize> {
        let areas = self.bytes.chunks_exact_mut(self.message_len);
        let slots = self
            .headers
            .iter_mut()
            .zip(&mut self.vectors)
            .zip(&mut self.controls);
        for (((header, vector), control), area) in slots.zip(areas) {
            vector.iov_base = area.as_mut_ptr().cast();
            vector.iov_len = area.len();
            let header = &mut header.msg_hdr;
            header.msg_iov = vector;
            header.msg_iovlen = 1;
            header.msg_control = (&raw mut *control).cast();
            header.msg_controllen = size_of::<Control>() as _;
            header.msg_flags = 0;
        }
        loop {
            // SAFETY: every header was just pointed at a vector, an area and a control buffer of
            // its own, all owned by self, of the lengths given, untouched until the call returns.
            let result = unsafe {
                libc::recvmmsg(
                    socket.as_raw_fd(),
                    self.headers.as_mut_ptr(),
                    self.headers.len() as libc::c_uint,
                    libc::MSG_DONTWAIT as _,
                    ptr::null_mut(),
                )
            };
            if let Ok(count) = usize::try_from(result) {
                return Ok(count);
            }
            let error = io::Error::last_os_error();
            match error.kind() {
                io::ErrorKind::Interrupted => {}
                io::ErrorKind::WouldBlock => return Ok(0),
                _ => return Err(error),
            }
        }
    }
}

/// The size of the datagrams in a coalesced message; `None` when it holds just one.
fn segment_size(header: &libc::msghdr) -> Option<usize> {
    // SAFETY: the kernel has filled `msg_control` and set `msg_controllen` to what it wrote; the
    // buffer lives in the batch that the header belongs to.
    let mut control = unsafe { libc::CMSG_FIRSTHDR(header) };
    while !control.is_null() {
        // SAFETY: CMSG_FIRSTHDR and CMSG_NXTHDR return null or a header within the buffer.
        let (level, kind) = unsafe { ((*control).cmsg_level, (*control).cmsg_type) };
        if level == libc::SOL_UDP && kind == libc::UDP_GRO {
            // SAFETY: udp(7): the data of this control message is an int.
            let size = unsafe {
                libc::CMSG_DATA(control)
                    .cast::<libc::c_int>()
                    .read_unaligned()
            };
            return usize::try_from(size).ok().filter(|size| *size > 0);
        }
        // SAFETY: `control` is a header within the buffer of `header`.
        control = unsafe { libc::CMSG_NXTHDR(header, control) };
    }
    None
}
