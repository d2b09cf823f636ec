//! Allotting units to splits so that each split has its share, at every depth.
//!
//! Units of weight 1 are apportioned exactly: at every depth each split has its share of them, rounded up or down.
//! Heavier ones come before them, the heaviest first, dealt out in proportion to the shares; what they took from a share
//! the light ones make good as far as they go.

use std::collections::BTreeMap;

use rand::seq::SliceRandom;
use rand_pcg::Pcg64;

use super::units::Unit;
use crate::dataset::Split;

/// Less than this is a rounding error of a share.
const TINY: f64 = 1e-9;

/// Numbers for train, dev and test.
type Each = [f64; 3];

/// The split of every unit; those without weight are trained on.
pub(super) fn allot(units: &[Unit], portions: Each, rng: &mut Pcg64) -> Vec<Split> {
    let mut totals: BTreeMap<Option<u32>, usize> = BTreeMap::new();
    for (depth, weight) in units.iter().flat_map(|unit| &unit.weight) {
        *totals.entry(*depth).or_default() += weight;
    }
    let target =
        |(depth, total): (&Option<u32>, &usize)| (*depth, portions.map(|portion| portion * *total as f64));
    let mut needs: BTreeMap<Option<u32>, Each> = totals.iter().map(target).collect();
    let mut sides = vec![Split::Train; units.len()];
    let mut order: Vec<usize> = (0..units.len()).collect();
    order.shuffle(rng);
    let weight = |unit: &usize| units[*unit].weight.values().sum::<usize>();
    let (mut heavy, light): (Vec<usize>, Vec<usize>) =
        order.into_iter().filter(|unit| weight(unit) > 0).partition(|unit| weight(unit) > 1);
    heavy.sort_by_key(|unit| std::cmp::Reverse(weight(unit)));
    for unit in heavy {
        let side = least_served(&needs, &units[unit], portions, &totals);
        for (depth, weight) in &units[unit].weight {
            needs.entry(*depth).or_default()[side] -= *weight as f64;
        }
        sides[unit] = Split::ALL[side];
    }
    let mut by_depth: BTreeMap<Option<u32>, Vec<usize>> = BTreeMap::new();
    for unit in light {
        by_depth.entry(units[unit].weight.keys().next().copied().flatten()).or_default().push(unit);
    }
    let mut owed = Each::default();
    for (depth, units) in by_depth {
        let counts = apportion(units.len(), needs.get(&depth).copied().unwrap_or(portions), &mut owed);
        let turns = Split::ALL.into_iter().zip(counts).flat_map(|(side, n)| std::iter::repeat_n(side, n));
        units.into_iter().zip(turns).for_each(|(unit, side)| sides[unit] = side);
    }
    sides
}

/// Of the splits with room for half of a unit, or for any of it where there is none, the one that has got the least for
/// its portion at the depths of the unit, the unit counted half  [Sainte-Laguë].
///
/// Dealt like this from the heaviest down, every split gets heavy and light units alike.
fn least_served(
    needs: &BTreeMap<Option<u32>, Each>,
    unit: &Unit,
    portions: Each,
    totals: &BTreeMap<Option<u32>, usize>,
) -> usize {
    let weight = unit.weight.values().sum::<usize>() as f64;
    let room = |side: usize| needs.values().map(|need| need[side]).sum::<f64>();
    let roomiest = (1..3).fold(0, |best, side| if room(side) > room(best) { side } else { best });
    let served = |side: usize| {
        let at = |(depth, weight): (&Option<u32>, &usize)| {
            let (target, weight) = (portions[side] * totals[depth] as f64, *weight as f64);
            weight * (target - needs[depth][side] + weight / 2.0) / portions[side]
        };
        unit.weight.iter().map(at).sum::<f64>()
    };
    let fits = (0..3).filter(|side| room(*side) > TINY && room(*side) >= weight / 2.0);
    fits.min_by(|one, other| served(*one).total_cmp(&served(*other))).unwrap_or(roomiest)
}

/// Whole numbers that sum up to `n`, each the share of a need rounded down or up; who is owed most is rounded up first.
fn apportion(n: usize, needs: Each, owed: &mut Each) -> [usize; 3] {
    let room = needs.map(|need| need.max(0.0));
    let sum: f64 = room.iter().sum();
    let shares = room.map(|room| if sum > TINY { room * n as f64 / sum } else { n as f64 / 3.0 });
    let mut counts = shares.map(|share| (share + TINY).floor() as usize);
    let rests: Vec<f64> = shares.iter().zip(counts).map(|(share, count)| share - count as f64).collect();
    (0..3).for_each(|side| owed[side] += rests[side]);
    let mut by_debt: Vec<usize> = (0..3).filter(|side| rests[*side] > TINY).collect();
    by_debt.sort_by(|one, other| owed[*other].total_cmp(&owed[*one]));
    let left = n.saturating_sub(counts.iter().sum());
    for side in by_debt.into_iter().take(left) {
        counts[side] += 1;
        owed[side] -= 1.0;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_follow_the_needs_and_debts_are_paid() {
        let mut owed = Each::default();
        let counts: Vec<_> = (0..5).map(|_| apportion(4, [3.2, 0.4, 0.4], &mut owed)).collect();
        assert_eq!(counts, [[3, 1, 0], [3, 0, 1], [4, 0, 0], [3, 1, 0], [3, 0, 1]]);
        assert!(owed.iter().all(|rest| rest.abs() < 1e-6), "{owed:?}");
        assert_eq!(apportion(10, [8.0, 1.0, 1.0], &mut owed), [8, 1, 1]);
        assert_eq!(apportion(3, [-5.0, 1.0, 1.0], &mut Each::default()), [0, 2, 1]);
    }
}
