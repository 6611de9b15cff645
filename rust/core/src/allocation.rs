//! Who gets how much of one receiver's path: video layers for a budget, by priority.
//!
//! Every consumer has a ladder of steps, each costing more than the one below. First everybody gets the lowest step, the
//! most important first; then whoever has least for its priority goes up, until nothing more fits. What a consumer has
//! already it keeps rather than that another gets it, and to go up takes more room than to stay: layers do not flap.

use std::cmp::Reverse;

use crate::keys::ConsumerKey;

/// One choice of layers and what it costs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Step {
    /// Spatial layer, or index of the simulcast stream.
    pub spatial: u8,
    /// Temporal layer.
    pub temporal: u8,
    /// Bits per second of this and all that it needs.
    pub bps: u64,
}

/// A consumer's steps, rising in cost.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ladder {
    steps: [Step; MAX_STEPS],
    len: usize,
}

/// Steps of one ladder at most: more layers than browsers send.
const MAX_STEPS: usize = 16;

impl Ladder {
    /// Adds a step. One that costs no more than the one below takes its place.
    pub fn push(&mut self, step: Step) {
        while self.last().is_some_and(|below| below.bps >= step.bps) {
            self.len -= 1;
        }
        if let Some(free) = self.steps.get_mut(self.len) {
            *free = step;
            self.len += 1;
        }
    }

    /// The steps, lowest first.
    pub fn steps(&self) -> &[Step] {
        &self.steps[..self.len]
    }

    /// The highest step.
    pub fn last(&self) -> Option<Step> {
        self.steps().last().copied()
    }
}

/// What one consumer could be given, and is given now.
#[derive(Debug, Clone)]
pub struct Demand {
    /// Whose it is.
    pub consumer: ConsumerKey,
    /// 1 to 255: twice the priority, twice the share.
    pub priority: u8,
    /// What there is.
    pub ladder: Ladder,
    /// The step it has, if any.
    pub current: Option<usize>,
    /// The step it gets.
    pub granted: Option<usize>,
    /// Whether it can get no more.
    settled: bool,
}

/// How careful to be.
#[derive(Debug, Clone, Copy)]
pub struct Caution {
    /// Whether anybody may get more than they have. Who has nothing may get the lowest step in any case.
    pub may_rise: bool,
    /// Whether what runs may cost a little more than the budget: no queue says that it is too much.
    pub calm: bool,
    /// Whether the budget is known to be a limit. What was only assumed so far leaves nobody with nothing: sending is how
    /// one finds out.
    pub limit_known: bool,
}

/// To go up, there must be room for this much more than the step costs, in percent.
const HEADROOM: u64 = 115;
/// What is given already may cost this much of the budget, in percent, when all is calm.
const TOLERANCE: u64 = 115;

/// Fills in [`Demand::granted`]. The order of the demands may change.
pub fn allocate(budget_bps: u64, caution: Caution, demands: &mut [Demand]) {
    let percent = if caution.calm { TOLERANCE } else { 100 };
    // Hundredths of bits, so that percentages are exact.
    let mut left = budget_bps.saturating_mul(percent);
    demands.sort_unstable_by_key(|demand| (Reverse(demand.priority), demand.consumer));
    for (rank, demand) in demands.iter_mut().enumerate() {
        (demand.granted, demand.settled) = (None, false);
        let Some(lowest) = demand.ladder.steps().first() else {
            continue;
        };
        let cost = demand.cost(0, percent);
        // One picture remains whatever it costs, unless it is out of all proportion.
        let spared = rank == 0 && lowest.bps < LAST_PICTURE * budget_bps;
        if cost <= left || spared || !caution.limit_known {
            left = left.saturating_sub(cost);
            demand.granted = Some(0);
        }
    }
    while let Some(demand) = poorest(demands) {
        let next = demand.granted.map_or(0, |granted| granted + 1);
        let more = demand
            .cost(next, percent)
            .saturating_sub(demand.paid(percent));
        let rises = Some(next) > demand.current;
        if more > left || (rises && !caution.may_rise) {
            demand.settled = true;
            continue;
        }
        left -= more;
        demand.granted = Some(next);
    }
}

/// A stream of one layer that takes more than this multiple of the whole path is not sent at all.
const LAST_PICTURE: u64 = 2;

/// Who has least for its priority and could get more; what it had before counts half.
fn poorest(demands: &mut [Demand]) -> Option<&mut Demand> {
    let open = demands.iter_mut().filter(|demand| !demand.settled);
    let shares = open.filter_map(|demand| {
        let granted = demand.granted?;
        demand.ladder.steps().get(granted + 1)?;
        let had = demand.current.is_some_and(|current| granted < current);
        let share = demand.ladder.steps()[granted].bps * 512 / u64::from(demand.priority.max(1));
        Some((if had { share / 2 } else { share }, demand))
    });
    shares
        .min_by_key(|(share, _)| *share)
        .map(|(_, demand)| demand)
}

impl Demand {
    /// A consumer that was given `before`.
    pub fn new(consumer: ConsumerKey, priority: u8, ladder: Ladder, before: Option<Step>) -> Self {
        let upto = |step: &Step| {
            before.is_some_and(|before| {
                (step.spatial, step.temporal) <= (before.spatial, before.temporal)
            })
        };
        Self {
            consumer,
            priority,
            ladder,
            current: ladder.steps().iter().rposition(upto),
            granted: None,
            settled: false,
        }
    }

    /// Grants all that there is.
    pub fn satisfy(&mut self) {
        self.granted = self.ladder.steps().len().checked_sub(1);
    }

    /// The step it gets.
    pub fn step(&self) -> Option<Step> {
        self.granted.map(|at| self.ladder.steps()[at])
    }

    /// What a step takes of the budget.
    fn cost(&self, step: usize, percent: u64) -> u64 {
        let bps = self.ladder.steps()[step].bps;
        match Some(step) > self.current {
            // More than it has: with headroom, and against the budget itself.
            true => bps * HEADROOM * percent / 100,
            false => bps * 100,
        }
    }

    fn paid(&self, percent: u64) -> u64 {
        self.granted
            .map_or(0, |granted| self.cost(granted, percent))
    }
}

#[cfg(test)]
#[path = "allocation_tests.rs"]
mod tests;
