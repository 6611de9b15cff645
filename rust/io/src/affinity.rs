//! Keeps a worker's thread on one processor, so that its caches stay warm.

use rustix::{
    io,
    thread::{CpuSet, sched_getaffinity, sched_setaffinity},
};

/// Pins the calling thread to the `index`-th of the processors it may use, wrapping around.
/// Returns that processor's number.
pub(crate) fn pin_current_thread(index: usize) -> io::Result<usize> {
    let allowed = processors(&sched_getaffinity(None)?);
    let cpu = allowed[index % allowed.len()];
    let mut only = CpuSet::new();
    only.set(cpu);
    sched_setaffinity(None, &only)?;
    Ok(cpu)
}

/// A running thread may always use at least the processor it runs on, so this is never empty.
fn processors(set: &CpuSet) -> Vec<usize> {
    (0..CpuSet::MAX_CPU)
        .filter(|&cpu| set.is_set(cpu))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_round_the_allowed_processors() {
        std::thread::spawn(|| {
            let allowed = processors(&sched_getaffinity(None).unwrap());
            let cpu = pin_current_thread(allowed.len()).unwrap();
            assert_eq!(cpu, allowed[0]);
            assert_eq!(processors(&sched_getaffinity(None).unwrap()), [cpu]);
        })
        .join()
        .unwrap();
    }
}
