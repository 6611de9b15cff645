//! Fair by priority, within the budget, and steady.

use proptest::prelude::*;
use slotmap::SlotMap;

use super::*;

const CALM: Caution = Caution {
    may_rise: true,
    calm: true,
    limit_known: true,
};

fn ladder(costs: &[u64]) -> Ladder {
    let mut ladder = Ladder::default();
    for (at, &bps) in costs.iter().enumerate() {
        ladder.push(Step {
            spatial: at as u8,
            temporal: 0,
            bps,
        });
    }
    ladder
}

/// Demands sort by priority and key; keys rise as they are made here.
fn demands(asked: &[(u8, &[u64], Option<usize>)]) -> Vec<Demand> {
    let mut keys = SlotMap::<ConsumerKey, ()>::with_key();
    let demand = |(priority, costs, current): &(u8, &[u64], Option<usize>)| {
        let mut demand = Demand::new(keys.insert(()), *priority, ladder(costs), None);
        demand.current = *current;
        demand
    };
    asked.iter().map(demand).collect()
}

/// What each gets, in the order asked.
fn granted(
    budget: u64,
    caution: Caution,
    asked: &[(u8, &[u64], Option<usize>)],
) -> Vec<Option<usize>> {
    let mut demands = demands(asked);
    allocate(budget, caution, &mut demands);
    demands.sort_by_key(|demand| demand.consumer);
    demands.iter().map(|demand| demand.granted).collect()
}

const THREE: &[u64] = &[150_000, 500_000, 1_500_000];

#[test]
fn everybody_gets_something_before_anybody_gets_more() {
    let four = [(1, THREE, None); 4];
    assert_eq!(granted(800_000, CALM, &four), [Some(0); 4]);
    let given = granted(1_300_000, CALM, &four);
    assert_eq!(given.iter().filter(|step| **step == Some(1)).count(), 1);
}

#[test]
fn priority_goes_first_and_further() {
    let both = |first, second| [(first, THREE, None), (second, THREE, None)];
    assert_eq!(granted(2_000_000, CALM, &both(1, 10)), [Some(0), Some(2)]);
    assert_eq!(granted(2_000_000, CALM, &both(10, 1)), [Some(2), Some(0)]);
    assert_eq!(granted(2_000_000, CALM, &both(1, 1)), [Some(1), Some(1)]);
    assert_eq!(granted(200_000, CALM, &both(1, 10)), [None, Some(0)]);
}

#[test]
fn the_last_picture_stays_unless_it_is_far_too_much() {
    assert_eq!(granted(90_000, CALM, &[(1, THREE, Some(2))]), [Some(0)]);
    assert_eq!(
        granted(300_000, CALM, &[(1, &[1_500_000], Some(0))]),
        [None]
    );
}

#[test]
fn who_comes_later_is_not_left_with_the_rest() {
    let two = [(1, THREE, Some(2)), (1, THREE, None)];
    assert_eq!(granted(1_800_000, CALM, &two), [Some(1), Some(1)]);
}

#[test]
fn going_up_takes_more_room_than_staying() {
    let one = |current| [(1, THREE, current)];
    assert_eq!(granted(1_600_000, CALM, &one(Some(1))), [Some(1)]);
    assert_eq!(granted(1_600_000, CALM, &one(Some(2))), [Some(2)]);
    assert_eq!(
        granted(1_400_000, CALM, &one(Some(2))),
        [Some(2)],
        "a little too much, and calm"
    );
    let queue = Caution {
        calm: false,
        ..CALM
    };
    assert_eq!(granted(1_400_000, queue, &one(Some(2))), [Some(1)]);
    let held = Caution {
        may_rise: false,
        ..CALM
    };
    assert_eq!(granted(5_000_000, held, &one(Some(1))), [Some(1)]);
    assert_eq!(granted(5_000_000, held, &one(None)), [Some(0)]);
}

proptest! {
    #[test]
    fn the_budget_holds_and_the_choice_is_steady(
        budget in 0u64..5_000_000,
        asked in proptest::collection::vec((1u8.., proptest::collection::vec(1_000u64..800_000, 0..6), proptest::option::of(0usize..6)), 0..8),
        calm: bool,
        may_rise: bool,
        limit_known: bool,
    ) {
        let mut asked = asked;
        for (_, costs, current) in &mut asked {
            costs.sort_unstable();
            costs.dedup();
            *current = current.filter(|at| *at < costs.len());
        }
        let asked: Vec<_> = asked.iter().map(|(priority, costs, current)| (*priority, &costs[..], *current)).collect();
        let mut demands = demands(&asked);
        let caution = Caution { may_rise, calm, limit_known };
        allocate(budget, caution, &mut demands);
        let cost = |demand: &Demand| demand.granted.map_or(0, |at| demand.ladder.steps()[at].bps);
        let given = demands.iter().filter(|demand| demand.granted.is_some()).count();
        let sum: u64 = demands.iter().map(cost).sum();
        let limit = if calm { budget * TOLERANCE / 100 } else { budget };
        prop_assert!(sum <= limit || given == 1 || !limit_known, "{sum} of {limit}");
        for demand in &demands {
            if !may_rise {
                prop_assert!(demand.granted <= demand.current.max(Some(0)));
            }
        }
        // The same once more, from where that led: where all got something, nobody goes down.
        if demands.iter().any(|demand| demand.granted.is_none()) {
            return Ok(());
        }
        let before: Vec<_> = demands.iter().map(|demand| demand.granted).collect();
        for demand in &mut demands {
            demand.current = demand.granted;
        }
        allocate(budget, Caution { may_rise: false, ..caution }, &mut demands);
        let after: Vec<_> = demands.iter().map(|demand| demand.granted).collect();
        prop_assert!(before.iter().zip(&after).all(|(before, after)| before <= after), "{before:?} {after:?}");
    }
}
