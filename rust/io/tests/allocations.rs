//! The packet path of the shell allocates nothing: receive, flush, send, publish, wait.

mod support;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use support::{Echo, await_metric, options, peer};
use videocall_io::{MessageQueue, Worker};

/// Counts what one thread allocates.
struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static COUNTED: Cell<bool> = const { Cell::new(false) };
}

// SAFETY: everything is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if COUNTED.get() {
            ALLOCATIONS.fetch_add(1, Relaxed);
        }
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_thousand_rounds_allocate_nothing() {
    let queue = MessageQueue::new(16).unwrap();
    let make = |setup| {
        COUNTED.set(true);
        Echo::new(setup)
    };
    let worker = Worker::start_with(0, &options(), &queue, make).unwrap();
    let peer = peer(worker.listen_addresses()[0]);
    let round = || {
        peer.send(&[1; 1_200]).unwrap();
        peer.recv(&mut [0; 1_500]).unwrap()
    };
    round();
    let before = ALLOCATIONS.load(Relaxed);
    assert!(before > 0, "the counter works");
    for _ in 0..1_000 {
        assert_eq!(round(), 1_200);
    }
    assert_eq!(ALLOCATIONS.load(Relaxed), before);
    await_metric(&worker, "datagrams", 1_001);
    worker.join();
}
