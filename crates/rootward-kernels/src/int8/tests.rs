//! Codes, sums and bounds against plain twins, at every level of the machine.

use proptest::prelude::*;

use super::scan::*;
use super::*;
use crate::{Level, dot_at};

/// Vectors that are hard on codes: zeros, huge, tiny, one large number among small ones.
fn vector(dim: usize) -> impl Strategy<Value = Vec<f32>> {
    let scale = prop_oneof![6 => Just(1.0f32), 1 => Just(1e30), 1 => Just(1e-30), 1 => Just(0.0), 1 => Just(1e-42), 1 => Just(1e18)];
    let outlier = prop_oneof![3 => Just(1.0f32), 1 => Just(1e4)];
    (prop::collection::vec(-1f32..1.0, dim), scale, outlier).prop_map(|(mut numbers, scale, outlier)| {
        numbers[0] *= outlier;
        numbers.iter().map(|x| x * scale).collect()
    })
}

fn documents_and_queries() -> impl Strategy<Value = (usize, Vec<Vec<f32>>, Vec<Vec<f32>>)> {
    (1usize..70).prop_flat_map(|dim| {
        (Just(dim), prop::collection::vec(vector(dim), 0..150), prop::collection::vec(vector(dim), 0..20))
    })
}

fn codes_of(dim: usize, docs: &[Vec<f32>]) -> Codes {
    let mut codes = Codes::with_capacity(dim, docs.len());
    codes.extend(docs.iter().map(|doc| &doc[..]));
    codes
}

fn scanned(level: Level, codes: &Codes, queries: &QueryCodes, thresholds: &[f32]) -> Vec<Within> {
    let which: Vec<u32> = (0..queries.len() as u32).collect();
    let mut found = Vec::new();
    scan_at(level, codes, queries, &which, thresholds, &mut found);
    found.sort_by_key(|within| (within.query, within.place));
    found
}

/// What `scan` finds, one document and query at a time.
fn naive(codes: &Codes, queries: &QueryCodes, thresholds: &[f32]) -> Vec<(u32, u32)> {
    let mut found = Vec::new();
    let steps = codes.dim().div_ceil(STEP);
    for (query, side) in queries.sides.iter().enumerate().filter(|(_, side)| side.scale > 0.0) {
        for place in 0..codes.len() {
            let (panel, lane) = (place / LANES, place % LANES);
            let rows = &codes.rows()[panel * steps..][..steps];
            let bytes =
                rows.iter().flat_map(|row| row.0[lane * STEP..][..STEP].iter().map(|x| i32::from(*x) - 128));
            let factors =
                queries.factors(query).iter().flat_map(|x| x.to_le_bytes()).map(|x| i32::from(x as i8));
            let sum: i32 = bytes.zip(factors).map(|(a, b)| a * b).sum();
            let sides = &codes.sides()[panel];
            let off = side.weight * (side.ratio * sides.lengths[lane] + sides.errors[lane]);
            let most = sum as f32 * sides.scales[lane] + off;
            if most >= thresholds[query] || most.is_nan() {
                found.push((query as u32, place as u32));
            }
        }
    }
    found
}

proptest! {
    #[test]
    fn scores_lie_within_what_the_scan_says((dim, docs, queries) in documents_and_queries()) {
        let (codes, coded) = (codes_of(dim, &docs), QueryCodes::of(dim, &queries.concat()));
        let takes_part = (0..queries.len()).filter(|query| coded.scale(*query).is_some()).count();
        for level in Level::available() {
            let found = scanned(level, &codes, &coded, &vec![f32::NEG_INFINITY; queries.len()]);
            prop_assert_eq!(found.len(), takes_part * docs.len());
            for Within { query, place, least, most } in found {
                let score = dot_at(level, &queries[query as usize], &docs[place as usize]);
                let score = f64::from(score) / f64::from(coded.scale(query as usize).unwrap());
                let out = score < f64::from(least) || score > f64::from(most);
                prop_assert!(!out, "{} of {} and {} lies outside {} to {}", score, query, place, least, most);
            }
        }
    }

    #[test]
    fn what_may_reach_a_threshold_is_found((dim, docs, queries) in documents_and_queries(), at in 0usize..150) {
        let (codes, coded) = (codes_of(dim, &docs), QueryCodes::of(dim, &queries.concat()));
        let of = |query: usize| {
            let scale = f64::from(coded.scale(query).unwrap_or(1.0));
            let score = docs.get(at % docs.len().max(1)).map_or(0.0, |doc| dot_at(Level::Baseline, &queries[query], doc));
            ((f64::from(score) / scale) as f32).next_down()
        };
        let thresholds: Vec<f32> = (0..queries.len()).map(of).collect();
        for level in Level::available() {
            let found = scanned(level, &codes, &coded, &thresholds);
            for (query, threshold) in thresholds.iter().enumerate().filter(|(query, _)| coded.scale(*query).is_some()) {
                for (place, doc) in docs.iter().enumerate() {
                    let score = f64::from(dot_at(level, &queries[query], doc)) / f64::from(coded.scale(query).unwrap());
                    let seen = found.iter().any(|within| (within.query, within.place) == (query as u32, place as u32));
                    prop_assert!(seen || score < f64::from(*threshold));
                }
            }
        }
    }

    #[test]
    fn codes_can_be_added((dim, docs, queries) in documents_and_queries(), at in 0usize..150) {
        let (first, then) = docs.split_at(at % docs.len().max(1));
        let mut codes = codes_of(dim, first);
        codes.extend(then.iter().map(|doc| &doc[..]));
        let coded = QueryCodes::of(dim, &queries.concat());
        let thresholds = vec![f32::NEG_INFINITY; queries.len()];
        let found = |codes: &Codes| format!("{:?}", scanned(Level::detected(), codes, &coded, &thresholds));
        prop_assert_eq!(found(&codes), found(&codes_of(dim, &docs)));
    }
}

/// One query, alone and many times, so that no other's ratio widens the bound, and thresholds that no rounding can touch.
#[test]
fn every_level_finds_what_a_plain_loop_does() {
    let number = |i: usize| ((i * 2_654_435_761) % 1_000) as f32 / 500.0 - 1.0;
    for dim in [1, 5, 64, 131, 200] {
        let docs: Vec<Vec<f32>> =
            (0..300).map(|doc| (0..dim).map(|i| number(doc * dim + i)).collect()).collect();
        let codes = codes_of(dim, &docs);
        for query in 0..3 {
            let query: Vec<f32> = (0..dim).map(|i| number(7 + query * dim + i)).collect();
            for times in [1, 9, 40] {
                let (coded, thresholds) = (QueryCodes::of(dim, &query.repeat(times)), vec![0.0; times]);
                for level in Level::available() {
                    let found = scanned(level, &codes, &coded, &thresholds);
                    let found: Vec<(u32, u32)> =
                        found.iter().map(|within| (within.query, within.place)).collect();
                    assert_eq!(found, naive(&codes, &coded, &thresholds), "{times} at {level}, dim {dim}");
                }
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[test]
fn machines_without_the_instruction_find_the_same() {
    if Level::detected() < Level::Avx512 {
        return;
    }
    let number = |i: usize| ((i * 48_271) % 997) as f32 / 498.0 - 1.0;
    let docs: Vec<Vec<f32>> = (0..300).map(|doc| (0..70).map(|i| number(doc * 70 + i)).collect()).collect();
    let queries: Vec<f32> = (0..13 * 70).map(|i| number(3 * i + 1)).collect();
    let (codes, queries) = (codes_of(70, &docs), QueryCodes::of(70, &queries));
    let (which, thresholds) = ((0..13).collect::<Vec<u32>>(), [100.0; 13]);
    let asked = Asked { codes: &codes, queries: &queries, thresholds: &thresholds };
    let (mut plain, mut best) = (Vec::new(), Vec::new());
    // SAFETY: the lines above made sure that this machine has the instructions.
    unsafe { avx512(asked, &which, &mut plain) };
    scan_at(Level::Avx512, &codes, &queries, &which, &thresholds, &mut best);
    assert!(!best.is_empty());
    assert_eq!(plain, best);
}
