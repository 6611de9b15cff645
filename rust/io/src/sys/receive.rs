//! recvmmsg(2) into buffers that are made once, with UDP GRO.

use std::{
    io, mem,
    net::SocketAddr,
    os::fd::{AsRawFd, BorrowedFd},
    ptr,
};

use super::address;

/// Messages per call. A message is a whole GRO batch, so this many senders' frames fit.
const MESSAGES: usize = 32;

/// Room for one message; a GRO batch never exceeds the largest IP packet.
const MESSAGE_BYTES: usize = 65_536;

/// Space for the one control message that is asked for (`UDP_GRO`, an int), as aligned as a cmsghdr.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
struct Control([u8; 64]);

/// Buffers for one `recvmmsg` and what the last one received.
pub(crate) struct ReceiveBatch {
    /// `MESSAGES` areas of `MESSAGE_BYTES`. Untouched areas cost address space only.
    bytes: Vec<u8>,
    names: Vec<libc::sockaddr_storage>,
    controls: Vec<Control>,
    vectors: Vec<libc::iovec>,
    headers: Vec<libc::mmsghdr>,
}

impl ReceiveBatch {
    pub(crate) fn new() -> Self {
        // SAFETY: the three are plain C structs of integers and pointers, for which zero is valid.
        let (name, vector, header) = unsafe { (mem::zeroed(), mem::zeroed(), mem::zeroed()) };
        Self {
            bytes: vec![0; MESSAGES * MESSAGE_BYTES],
            names: vec![name; MESSAGES],
            controls: vec![Control([0; 64]); MESSAGES],
            vectors: vec![vector; MESSAGES],
            headers: vec![header; MESSAGES],
        }
    }

    /// Receives what is there, without waiting. Calls `each` with every datagram, in order of
    /// arrival, to be changed in place. Returns `(messages, more)`: how many messages came, and
    /// whether there may be more.
    ///
    /// # Errors
    ///
    /// The system's, `WouldBlock` excepted: that is `(0, false)`.
    pub(crate) fn receive(
        &mut self,
        socket: BorrowedFd<'_>,
        mut each: impl FnMut(SocketAddr, &mut [u8]),
    ) -> io::Result<(usize, bool)> {
        let count = self.call(socket)?;
        let areas = self.bytes.chunks_exact_mut(MESSAGE_BYTES);
        for ((header, name), area) in self.headers[..count].iter().zip(&self.names).zip(areas) {
            let length = header.msg_len as usize;
            if header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0 || length == 0 {
                continue;
            }
            let Some(remote) = address::decode(name) else {
                continue;
            };
            let segment = segment_size(&header.msg_hdr).unwrap_or(length);
            for datagram in area[..length].chunks_mut(segment) {
                each(remote, datagram);
            }
        }
        // A short count means that the next receive would have blocked; a datagram that comes
        // later makes a new edge.
        Ok((count, count == MESSAGES))
    }

    fn call(&mut self, socket: BorrowedFd<'_>) -> io::Result<usize> {
        self.prepare();
        loop {
            // SAFETY: `headers` are MESSAGES valid mmsghdr; `prepare` has just pointed each at a
            // name, a vector, an area and a control buffer of its own, all owned by self, of the
            // lengths given, and not touched until the call returns.
            let result = unsafe {
                libc::recvmmsg(
                    socket.as_raw_fd(),
                    self.headers.as_mut_ptr(),
                    MESSAGES as libc::c_uint,
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

    /// Sets every pointer anew: the kernel changes the lengths, and pointers kept across calls
    /// would alias the slices handed out in between. A few ns beside the call's several hundred.
    fn prepare(&mut self) {
        let areas = self.bytes.chunks_exact_mut(MESSAGE_BYTES);
        let names = self.names.iter_mut().zip(&mut self.controls);
        let slots = self
            .headers
            .iter_mut()
            .zip(&mut self.vectors)
            .zip(names)
            .zip(areas);
        for (((header, vector), (name, control)), area) in slots {
            vector.iov_base = area.as_mut_ptr().cast();
            vector.iov_len = area.len();
            let header = &mut header.msg_hdr;
            header.msg_name = (&raw mut *name).cast();
            header.msg_namelen = size_of::<libc::sockaddr_storage>() as _;
            header.msg_iov = vector;
            header.msg_iovlen = 1;
            header.msg_control = (&raw mut *control).cast();
            header.msg_controllen = size_of::<Control>() as _;
            header.msg_flags = 0;
        }
    }
}

/// The size of the datagrams in a coalesced message; `None` when it holds just one.
fn segment_size(header: &libc::msghdr) -> Option<usize> {
    // SAFETY: the kernel has filled `msg_control` and set `msg_controllen` to what it wrote; the
    // buffer still lives in the batch that the header belongs to.
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
            return usize::try_from(size).ok().filter(|&size| size > 0);
        }
        // SAFETY: `control` is a header within the buffer of `header`.
        control = unsafe { libc::CMSG_NXTHDR(header, control) };
    }
    None
}
