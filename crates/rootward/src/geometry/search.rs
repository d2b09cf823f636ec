//! The smallest dimension that reaches a recall, whatever is measured in it.
//!
//! A measurement is a function of dimension and seed: the construction, or a whole training run. Recall rises with the
//! dimension but for noise, so every dimension is measured under all seeds and judged by their mean; the answer is a
//! dimension whose mean reaches the target, where one number less does not.

use std::collections::BTreeMap;

use serde::Serialize;

/// What is searched.
#[derive(Clone, Debug, PartialEq)]
pub struct Search<'a> {
    /// Recalls to reach, 0 to 1.
    pub targets: &'a [f64],
    /// Seeds that each dimension is measured under.
    pub seeds: &'a [u64],
    /// The dimension that is measured first; from there it doubles or halves.
    pub first: usize,
    /// The greatest dimension that is measured.
    pub most: usize,
}

/// What was measured in one dimension.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trial {
    /// The dimension.
    pub dim: usize,
    /// The recall under each seed, in the order of the seeds.
    pub recalls: Vec<f64>,
}

impl Trial {
    /// The mean over the seeds.
    pub fn mean(&self) -> f64 {
        self.recalls.iter().sum::<f64>() / self.recalls.len() as f64
    }
}

/// Where a recall is first reached.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SmallestDim {
    /// The recall to reach.
    pub target: f64,
    /// The smallest dimension whose mean recall reaches it; none where the search ended before.
    pub reached: Option<Trial>,
    /// The greatest dimension below it that was measured, one less unless the search ended before; none at 1.
    pub below: Option<Trial>,
}

impl SmallestDim {
    /// The dimension, where the target is reached.
    pub fn dim(&self) -> Option<usize> {
        self.reached.as_ref().map(|trial| trial.dim)
    }
}

/// The smallest dimension that reaches each target, by doubling or halving and then bisection.
///
/// `recall` is asked once for each seed of each dimension that is measured; the targets share what was measured.
/// `progress` is told of each dimension once all its seeds are done.
///
/// # Errors
/// The first error of `recall`, at once.
///
/// # Panics
/// When there is no seed, or `first` is 0 or greater than `most`.
pub fn smallest_dims<E>(
    search: &Search<'_>,
    mut recall: impl FnMut(usize, u64) -> Result<f64, E>,
    mut progress: impl FnMut(&Trial),
) -> Result<Vec<SmallestDim>, E> {
    assert!(!search.seeds.is_empty(), "a dimension is measured under at least one seed");
    assert!((1..=search.most).contains(&search.first), "the search begins between 1 and its end");
    let mut trials = BTreeMap::new();
    let mut found = Vec::with_capacity(search.targets.len());
    for &target in search.targets {
        while let Some(dim) = next_dim(search, target, &trials) {
            let recalls = search.seeds.iter().map(|seed| recall(dim, *seed)).collect::<Result<_, E>>()?;
            let trial = Trial { dim, recalls };
            progress(&trial);
            trials.insert(dim, trial);
        }
        let (below, reached) = bracket(target, &trials);
        found.push(SmallestDim { target, reached: reached.cloned(), below: below.cloned() });
    }
    Ok(found)
}

/// The dimension to measure next; none once the bracket is closed.
fn next_dim(search: &Search<'_>, target: f64, trials: &BTreeMap<usize, Trial>) -> Option<usize> {
    let (below, reached) = bracket(target, trials);
    match (below.map_or(0, |trial| trial.dim), reached.map(|trial| trial.dim)) {
        (0, None) => Some(search.first),
        (below, None) if below >= search.most => None,
        (below, None) => Some((2 * below).min(search.most)),
        (below, Some(reached)) if reached - below == 1 => None,
        (below, Some(reached)) => Some(below.midpoint(reached)),
    }
}

/// The smallest dimension measured that reaches the target, and the greatest below it that does not.
fn bracket(target: f64, trials: &BTreeMap<usize, Trial>) -> (Option<&Trial>, Option<&Trial>) {
    let reached = trials.values().find(|trial| trial.mean() >= target);
    let end = reached.map_or(usize::MAX, |trial| trial.dim);
    (trials.range(..end).next_back().map(|(_, trial)| trial), reached)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;

    /// The answers for a measurement that cannot fail, and the dimensions asked for in order.
    fn find(search: &Search<'_>, recall: impl Fn(usize, u64) -> f64) -> (Vec<SmallestDim>, Vec<usize>) {
        let mut asked = Vec::new();
        let found = smallest_dims::<Infallible>(
            search,
            |dim, seed| Ok(recall(dim, seed)),
            |trial| asked.push(trial.dim),
        );
        (found.unwrap(), asked)
    }

    fn search(targets: &[f64]) -> Search<'_> {
        Search { targets, seeds: &[1, 2, 3], first: 8, most: 1000 }
    }

    #[test]
    fn the_search_doubles_and_then_bisects() {
        let (found, asked) = find(&search(&[0.5]), |dim, _| dim as f64 / 40.0);
        assert_eq!((found[0].dim(), &asked[..]), (Some(20), &[8, 16, 32, 24, 20, 18, 19][..]));
        assert_eq!(found[0].below.as_ref().map(|trial| trial.dim), Some(19));
    }

    #[test]
    fn a_dimension_below_the_first_is_found_by_halving() {
        let (found, asked) = find(&search(&[0.5]), |dim, _| if dim > 2 { 1.0 } else { 0.0 });
        assert_eq!((found[0].dim(), &asked[..]), (Some(3), &[8, 4, 2, 3][..]));
    }

    #[test]
    fn one_dimension_has_none_below_it() {
        let (found, asked) = find(&search(&[0.5]), |_, _| 1.0);
        assert_eq!(
            (found[0].dim(), found[0].below.is_none(), &asked[..]),
            (Some(1), true, &[8, 4, 2, 1][..])
        );
    }

    #[test]
    fn a_target_out_of_reach_ends_the_search_at_its_greatest_dimension() {
        let (found, asked) = find(&search(&[1.0]), |_, _| 0.9);
        assert_eq!((found[0].dim(), asked.last()), (None, Some(&1000)));
        assert_eq!(found[0].below.as_ref().map(|trial| trial.dim), Some(1000));
    }

    #[test]
    fn seeds_count_by_their_mean() {
        let (found, _) = find(&search(&[0.5]), |dim, seed| if dim < 10 * seed as usize { 0.0 } else { 0.75 });
        assert_eq!((found[0].dim(), found[0].reached.as_ref().unwrap().mean()), (Some(20), 0.5));
        assert_eq!(found[0].reached.as_ref().unwrap().recalls, [0.75, 0.75, 0.0]);
    }

    #[test]
    fn targets_share_what_was_measured() {
        let (found, mut asked) = find(&search(&[0.95, 0.99, 0.95]), |dim, _| (dim as f64 + 0.5) / 100.0);
        assert_eq!(found.iter().map(SmallestDim::dim).collect::<Vec<_>>(), [Some(95), Some(99), Some(95)]);
        let n_asked = asked.len();
        asked.sort_unstable();
        asked.dedup();
        assert_eq!(asked.len(), n_asked);
    }

    #[test]
    fn an_error_ends_the_search_at_once() {
        let mut calls = 0;
        let failed = smallest_dims(
            &search(&[0.5]),
            |_, _| {
                calls += 1;
                Err("no")
            },
            |_| (),
        );
        assert_eq!((failed.unwrap_err(), calls), ("no", 1));
    }

    proptest! {
        #[test]
        fn the_answer_is_where_a_noisy_recall_crosses_its_target(
            noisy in proptest::collection::vec(0.0f64..1.0, 64),
            first in 1usize..65,
            target in 0.0f64..1.0,
        ) {
            let search = Search { targets: &[target], seeds: &[0], first, most: 64 };
            let (found, _) = find(&search, |dim, _| noisy[dim - 1]);
            match found[0].dim() {
                Some(dim) => {
                    prop_assert!(noisy[dim - 1] >= target);
                    prop_assert!(dim == 1 || noisy[dim - 2] < target);
                }
                None => prop_assert!(noisy[63] < target),
            }
        }

        #[test]
        fn without_noise_the_answer_is_the_first_that_counting_up_finds(
            needed in 1usize..70, first in 1usize..65,
        ) {
            let search = Search { targets: &[0.5], seeds: &[0], first, most: 64 };
            let (found, asked) = find(&search, |dim, _| if dim >= needed { 1.0 } else { 0.0 });
            prop_assert_eq!(found[0].dim(), (1..=64).find(|dim| *dim >= needed));
            prop_assert!(asked.len() <= 14, "{:?}", asked);
        }
    }
}
