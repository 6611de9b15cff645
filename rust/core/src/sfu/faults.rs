//! Panics on purpose, so that tests can see that one session's defect stays its own. Builds without debug assertions have none.

/// Counts the points that are passed, and panics at the one that was chosen.
#[derive(Debug, Default)]
pub(super) struct Faults {
    #[cfg(debug_assertions)]
    left: Option<u32>,
}

impl Faults {
    /// A point at which a defect could be.
    #[inline]
    #[allow(
        clippy::missing_const_for_fn,
        reason = "it is one only where it does nothing"
    )]
    pub(super) fn point(&mut self) {
        #[cfg(debug_assertions)]
        match &mut self.left {
            None => {}
            Some(0) => {
                self.left = None;
                panic!("a fault that was asked for");
            }
            Some(left) => *left -= 1,
        }
    }
}

#[cfg(debug_assertions)]
impl super::Sfu {
    /// Has the work on some session panic: after so many of the points at which that can happen. For tests.
    #[doc(hidden)]
    pub fn panic_after(&mut self, points: u32) {
        self.faults.left = Some(points);
    }
}
