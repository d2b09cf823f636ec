//! Whether one ranking is better than another, or was only luckier with these queries.
//!
//! Two rankings are measured on the same queries. A paired randomisation test asks how often a difference as large
//! would come about if the two had swapped their results query by query at random; a bootstrap asks how much the
//! difference varies from one draw of queries to another  [Smucker, Allan & Carterette, CIKM 2007]. All sums are of
//! whole numbers, so that equal sums are equal, and neither threads nor the order of additions show in a result.

use rand::Rng;
use rayon::prelude::*;
use serde::Serialize;

use crate::random::{Purpose, stream};

/// How a difference is tested.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Resampling {
    /// How many times signs are drawn for the test, and queries for the interval; at least 1.
    pub draws: usize,
    /// The share of the bootstrap's differences that the interval holds, in (0, 1).
    pub confidence: f64,
    /// What all draws follow from.
    pub seed: u64,
}

/// How much better one ranking is than another.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// The mean of the first less the mean of the second.
    pub mean: f64,
    /// The ends of the interval that holds the difference of most draws of queries.
    pub interval: [f64; 2],
    /// How likely a difference this large, of either sign, is when it does not matter which ranking is which; at
    /// least `1 / (draws + 1)`.
    pub p: f64,
}

/// Why two lists of results cannot be compared.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum SignificanceError {
    /// There is nothing to compare.
    #[error("at least one query was expected, none was found")]
    NoQueries,
    /// The lists are of different queries.
    #[error(
        "results of {expected} queries were expected, {got} were found; compare rankings of the same queries"
    )]
    Count {
        /// Results of the first ranking.
        expected: usize,
        /// Results of the second.
        got: usize,
    },
    /// A result is no number.
    #[error("result {at} is not a finite number")]
    NotFinite {
        /// Its place in its list, from 0.
        at: usize,
    },
    /// Nothing would be drawn.
    #[error(
        "at least 1 draw and a confidence between 0 and 1 were expected, {draws} and {confidence} were found"
    )]
    Settings {
        /// Draws asked for.
        draws: usize,
        /// Confidence asked for.
        confidence: f64,
    },
}

/// The difference of two rankings by their results on the same queries, in the same order: the first less the second.
///
/// # Errors
/// Those of [`every_two`].
pub fn paired(first: &[f64], second: &[f64], how: &Resampling) -> Result<Difference, SignificanceError> {
    let rows = every_two(&[second.to_vec(), first.to_vec()], how)?;
    Ok(rows[1][0])
}

/// The difference of every two of some rankings: entry `[i][j]`, for `j` below `i`, is the mean of ranking `i` less that
/// of ranking `j`.
///
/// Row `i` holds the results of ranking `i`, query by query, in the same order for all. Queries are drawn once for all
/// rankings, so that many cost little more than two.
///
/// # Errors
/// When the lists are empty, of different lengths or hold what is no number, or the settings make no sense.
pub fn every_two(rows: &[Vec<f64>], how: &Resampling) -> Result<Vec<Vec<Difference>>, SignificanceError> {
    let Resampling { draws, confidence, seed } = *how;
    if draws == 0 || !(confidence > 0.0 && confidence < 1.0) {
        return Err(SignificanceError::Settings { draws, confidence });
    }
    let n = rows.first().map_or(0, Vec::len);
    if let Some(other) = rows.iter().find(|row| row.len() != n) {
        return Err(SignificanceError::Count { expected: n, got: other.len() });
    }
    if let Some(at) = rows.iter().find_map(|row| row.iter().position(|value| !value.is_finite())) {
        return Err(SignificanceError::NotFinite { at });
    }
    if n == 0 {
        return Err(SignificanceError::NoQueries);
    }
    let largest = rows.iter().flatten().fold(0.0, |largest: f64, value| largest.max(value.abs()));
    // A power of two, so that results such as 3/8 are whole.
    let unit = if largest == 0.0 { 1.0 } else { largest.log2().ceil().exp2() / PARTS };
    let whole =
        |row: &Vec<f64>| -> Vec<i64> { row.iter().map(|value| (value / unit).round() as i64).collect() };
    let whole: Vec<Vec<i64>> = rows.iter().map(whole).collect();
    let sums = bootstrap(&whole, draws, seed);
    let outside = ((1.0 - confidence) / 2.0 * draws as f64).floor() as usize;
    let low = outside.min(draws - 1);
    let mean_of = |sum: i64| sum as f64 * unit / n as f64;
    let difference = |of: usize, and: usize| {
        let own: Vec<i64> = whole[of].iter().zip(&whole[and]).map(|(a, b)| a - b).collect();
        let mut drawn: Vec<i64> = sums.iter().map(|sums| sums[of] - sums[and]).collect();
        drawn.sort_unstable();
        Difference {
            mean: mean_of(own.iter().sum()),
            interval: [drawn[low], drawn[draws - 1 - low]].map(mean_of),
            p: randomisation(&own, draws, seed),
        }
    };
    Ok((0..rows.len()).map(|of| (0..of).map(|and| difference(of, and)).collect()).collect())
}

/// The corrected p of several tests, by Holm's step-down: that all differences below a level are real is as sure as
/// that one is by a single test  [Holm, Scand. J. Statistics 1979].
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut ascending: Vec<usize> = (0..p.len()).collect();
    ascending.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    let (mut corrected, mut least) = (vec![0.0; p.len()], 0.0f64);
    for (before, at) in ascending.into_iter().enumerate() {
        least = least.max((p.len() - before) as f64 * p[at]).min(1.0);
        corrected[at] = least;
    }
    corrected
}

/// A result of one query is a whole number of this many parts of the largest one, or of the power of two above it, so
/// that sums over two million queries do not overflow.
const PARTS: f64 = (1u64 << 40) as f64;

/// Permutations drawn together, one for each bit of a word.
const BITS: usize = 64;

/// The share of the sign changes whose sum is as far from 0 as that of the differences, themselves included.
///
/// A word of random bits holds the sign of one query in 64 permutations: one pass over the queries makes 64 sums.
fn randomisation(differences: &[i64], draws: usize, seed: u64) -> f64 {
    let changing: Vec<i64> = differences.iter().copied().filter(|d| *d != 0).collect();
    let found: i64 = changing.iter().sum();
    // Each difference is wrong by at most one part, in this sum as in those of the permutations.
    let far = found.abs() - 2 * changing.len() as i64;
    let as_far = |block: usize| {
        let sums = signed_sums(&changing, &mut stream(seed, Purpose::Signs { block }));
        sums[..BITS.min(draws - block * BITS)].iter().filter(|sum| sum.abs() >= far).count()
    };
    let n_as_far: usize = (0..draws.div_ceil(BITS)).into_par_iter().map(as_far).sum();
    (n_as_far + 1) as f64 / (draws + 1) as f64
}

/// The sums of the differences with 64 draws of their signs.
fn signed_sums(differences: &[i64], rng: &mut impl Rng) -> [i64; BITS] {
    let mut sums = [0i64; BITS];
    for difference in differences {
        let word = rng.next_u64();
        for (bit, sum) in (0u32..).zip(&mut sums) {
            let minus = -((word >> bit & 1) as i64); // all bits where the sign changes, else none
            *sum += (difference ^ minus) - minus;
        }
    }
    sums
}

/// For each draw of as many queries as there are, any query as often as it comes, the sum of every row.
fn bootstrap(rows: &[Vec<i64>], draws: usize, seed: u64) -> Vec<Vec<i64>> {
    let n = rows[0].len();
    // The results of one query side by side: a query is drawn for all rows at once.
    let by_query: Vec<i64> = (0..n).flat_map(|query| rows.iter().map(move |row| row[query])).collect();
    let drawn = |sample: usize| -> Vec<i64> {
        let rng = &mut stream(seed, Purpose::Bootstrap { sample });
        let mut sums = vec![0; rows.len()];
        for _ in 0..n {
            let query = ((u64::from(rng.next_u32()) * n as u64) >> 32) as usize;
            let results = &by_query[query * rows.len()..][..rows.len()];
            sums.iter_mut().zip(results).for_each(|(sum, result)| *sum += result);
        }
        sums
    };
    (0..draws).into_par_iter().map(drawn).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rayon::ThreadPoolBuilder;

    use super::*;

    const HOW: Resampling = Resampling { draws: 10_000, confidence: 0.95, seed: 7 };

    /// The differences between crossed and self-fertilised maize in eighths of an inch  [Darwin 1876].
    const DARWIN: [f64; 15] =
        [49.0, -67.0, 8.0, 16.0, 6.0, 23.0, 28.0, 41.0, 14.0, 29.0, 56.0, 24.0, 75.0, 60.0, -48.0];

    /// p by all sign changes there are.
    fn exact(differences: &[f64]) -> f64 {
        let found = differences.iter().sum::<f64>().abs();
        let sum = |signs: u32| -> f64 {
            (0..).zip(differences).map(|(bit, d)| if signs >> bit & 1 == 1 { -d } else { *d }).sum()
        };
        let all = 1u32 << differences.len();
        (0..all).filter(|signs| sum(*signs).abs() >= found - 1e-9).count() as f64 / f64::from(all)
    }

    #[test]
    fn darwins_maize_has_the_p_that_fisher_worked_out() {
        // 1,726 of 32,768 sign changes  [Fisher, The Design of Experiments, §21].
        assert_eq!(exact(&DARWIN), 1726.0 / 32768.0);
        let found = paired(&DARWIN, &[0.0; 15], &HOW).unwrap();
        assert!((found.p - 1726.0 / 32768.0).abs() < 0.007, "{found:?}");
        assert!((found.mean - 314.0 / 15.0).abs() < 1e-9, "{found:?}");
        assert!(found.interval[0] < 4.0 && found.interval[1] > 35.0, "{found:?}");
    }

    #[test]
    fn a_ranking_is_not_better_than_itself() {
        let found = paired(&DARWIN, &DARWIN, &HOW).unwrap();
        assert_eq!(found, Difference { mean: 0.0, interval: [0.0; 2], p: 1.0 });
    }

    #[test]
    fn a_clear_difference_has_the_least_p_and_an_interval_without_0() {
        let better: Vec<f64> = (0..200).map(|i| 0.5 + f64::from(i % 3) * 0.1).collect();
        let found = paired(&better, &vec![0.4; 200], &HOW).unwrap();
        assert_eq!(found.p, 1.0 / 10_001.0);
        assert!(found.interval[0] > 0.18 && found.interval[1] < 0.22, "{found:?}");
    }

    #[test]
    fn every_two_of_many_differ_as_they_do_alone() {
        let row = |step: u32| (0..60u32).map(|i| f64::from(i * i * step % 11) / 8.0).collect::<Vec<_>>();
        let rows = [row(1), row(2), row(3)];
        let found = every_two(&rows, &HOW).unwrap();
        assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [0, 1, 2]);
        for (of, and) in [(1, 0), (2, 0), (2, 1)] {
            assert_eq!(found[of][and], paired(&rows[of], &rows[and], &HOW).unwrap());
        }
    }

    #[test]
    fn one_and_two_threads_give_the_same_bits() {
        let values: Vec<f64> = (0..300).map(|i| f64::from(i * i % 17) / 17.0).collect();
        let others: Vec<f64> = (0..300).map(|i| f64::from(i * i % 13) / 13.0).collect();
        let on = |n| {
            let pool = ThreadPoolBuilder::new().num_threads(n).build().unwrap();
            pool.install(|| paired(&values, &others, &HOW).unwrap())
        };
        assert_eq!(on(1), on(2));
    }

    #[test]
    fn what_cannot_be_compared_is_refused() {
        let message = |a: &[f64], b: &[f64], how| paired(a, b, how).unwrap_err().to_string();
        assert!(message(&[], &[], &HOW).starts_with("at least one query was expected"));
        assert!(message(&[1.0], &[], &HOW).starts_with("results of 0 queries were expected, 1 were found"));
        assert_eq!(message(&[1.0, 0.0], &[1.0, f64::NAN], &HOW), "result 1 is not a finite number");
        assert!(message(&[1.0], &[1.0], &Resampling { draws: 0, ..HOW }).starts_with("at least 1 draw"));
        assert!(message(&[1.0], &[1.0], &Resampling { confidence: 1.0, ..HOW }).contains("10000 and 1 were"));
    }

    #[test]
    fn holm_multiplies_the_least_p_most_and_keeps_their_order() {
        let found = holm(&[0.01, 0.04, 0.03, 0.005]);
        let expected = [0.03, 0.06, 0.06, 0.02];
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
        assert_eq!((holm(&[0.9, 0.8]), holm(&[])), (vec![1.0, 1.0], vec![]));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn p_is_close_to_that_of_all_sign_changes(differences in proptest::collection::vec(-4i8..5, 1..11)) {
            let differences: Vec<f64> = differences.into_iter().map(|d| f64::from(d) / 3.0).collect();
            let found = paired(&differences, &vec![0.0; differences.len()], &HOW).unwrap();
            // Five standard deviations of a share of 10,000 draws.
            prop_assert!((found.p - exact(&differences)).abs() < 0.026, "{} {}", found.p, exact(&differences));
        }

        #[test]
        fn the_interval_is_close_to_that_of_the_normal_distribution(seed in any::<u64>()) {
            let values: Vec<f64> = (0..400u32).map(|i| f64::from(i * i % 101) / 101.0).collect();
            let found = paired(&values, &vec![0.3; 400], &Resampling { seed, ..HOW }).unwrap();
            let mean = values.iter().sum::<f64>() / 400.0;
            let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / 400.0;
            let half = 1.96 * (variance / 400.0).sqrt();
            for (found, expected) in found.interval.iter().zip([mean - 0.3 - half, mean - 0.3 + half]) {
                prop_assert!((found - expected).abs() < 0.1 * half, "{found} {expected}");
            }
        }

        #[test]
        fn swapping_the_two_turns_the_sign(a in proptest::collection::vec(0.0f64..1.0, 20)) {
            let zero = vec![0.5; 20];
            let (there, back) = (paired(&a, &zero, &HOW).unwrap(), paired(&zero, &a, &HOW).unwrap());
            prop_assert_eq!((there.mean, there.p), (-back.mean, back.p));
            prop_assert_eq!(there.interval, [-back.interval[1], -back.interval[0]]);
        }
    }
}
