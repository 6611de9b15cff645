//! The core forwards, retransmits feedback and reports without allocating.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    time::Instant,
};

use videocall_benches::Rig;

/// Counts what is allocated while it is told to.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    static COUNTS: Cell<bool> = const { Cell::new(false) };
}

// SAFETY: everything is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if COUNTS.get() {
            ALLOCATIONS.set(ALLOCATIONS.get() + 1);
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

fn counted(work: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    COUNTS.set(true);
    work();
    COUNTS.set(false);
    ALLOCATIONS.get() - before
}

const SUBSCRIBERS: usize = 10;

/// One frame or audio packet, and the feedback to it. Returns allocations of (media, feedback).
fn step(rig: &mut Rig) -> (u64, u64) {
    let mut datagrams = rig.next_datagrams();
    let media = counted(|| rig.handle(&mut datagrams));
    let mut feedback = rig.deliver();
    (media, counted(|| rig.handle(&mut feedback)))
}

#[test]
fn the_counter_counts() {
    assert_eq!(counted(|| drop(std::hint::black_box(Box::new(1)))), 1);
}

#[test]
fn forwarding_allocates_nothing_and_batches_frames() {
    let mut rig = Rig::connect(SUBSCRIBERS, Instant::now());
    // Ten seconds in which every buffer finds its size.
    for _ in 0..800 {
        step(&mut rig);
    }
    let (before, received) = (*rig.metrics(), rig.received());
    let mut allocations = (0, 0);
    for _ in 0..800 {
        let (media, feedback) = step(&mut rig);
        allocations = (allocations.0 + media, allocations.1 + feedback);
    }
    let after = rig.metrics();
    let forwarded = after.rtp_sent - before.rtp_sent;
    assert_eq!(
        forwarded,
        (after.rtp_received - before.rtp_received) * SUBSCRIBERS as u64
    );
    let each = forwarded / SUBSCRIBERS as u64;
    for (now, before) in rig.received().iter().zip(&received).skip(1) {
        assert_eq!(
            now - before,
            each,
            "every subscriber authenticated every packet"
        );
    }
    let video = (after.video_sent - before.video_sent) as f64;
    let per_send = video / (after.video_sends - before.video_sends) as f64;
    assert!(per_send >= 4.0, "{per_send:.2} segments per video send");
    assert_eq!(allocations, (0, 0), "for {forwarded} packets");
}
