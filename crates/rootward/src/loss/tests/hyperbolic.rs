//! The softmax of hyperbolic distances against its definition in double precision, and against slopes of that.

use super::*;
use crate::table::TableConfig;

/// A case whose vectors are those of points of hyperbolic space.
fn hyperbolic_case(seed: u64, batch: usize, n_docs: usize, dim: usize, temperature: f32) -> Case {
    let config = TableConfig { dim, score: Score::Hyperbolic, init: 0.8 };
    let encoder = TableEncoder::new(batch, n_docs, config, &mut stream(seed, Purpose::Init));
    let queries = encoder.encode(Side::Query, &every_row(batch)).unwrap();
    let docs = encoder.encode(Side::Document, &every_row(n_docs)).unwrap();
    Case { queries, docs, ..random_case(seed, batch, n_docs, dim + 1, temperature) }
}

fn run(case: &Case) -> Result<LossGrad, LossError> {
    let Case { queries, docs, temperature, .. } = case;
    hyperbolic_softmax(&mut Scratch::default(), queries, docs, case.targets(), *temperature)
}

/// The loss of vectors that are given in double precision, with the targets of a case.
fn definition(case: &Case, queries: &[f64], docs: &[f64]) -> f64 {
    let (batch, dim) = (case.queries.n_rows(), case.queries.dim());
    let mut loss = 0.0;
    for (row, query) in queries.chunks_exact(dim).enumerate() {
        let score = |column: u32| {
            let doc = &docs[column as usize * dim..][..dim];
            let product: f64 = query.iter().zip(doc).map(|(q, d)| q * d).sum();
            -(-product).acosh() / f64::from(case.temperature)
        };
        let weight = |column: u32| case.log_weights.as_ref().map_or(0.0, |w| f64::from(w[column as usize]));
        let known = case.known.row(row);
        let negatives = (0..case.docs.n_rows() as u32).filter(|column| !known.contains(column));
        let sum: f64 = negatives.map(|column| (score(column) + weight(column)).exp()).sum();
        let positives = case.positives.row(row);
        let counts = |place: usize| case.weights.as_ref().map_or(1.0, |w| f64::from(w.row(row)[place]));
        for (place, positive) in positives.iter().enumerate() {
            let one = (1.0 + sum / score(*positive).exp()).ln();
            loss += counts(place) * one / (positives.len() * batch) as f64;
        }
    }
    loss
}

/// The slope of a function over every number of a vector.
fn slopes(at: &[f64], value: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let moved = |i: usize, step: f64| {
        let mut moved = at.to_vec();
        moved[i] += step;
        value(&moved)
    };
    (0..at.len()).map(|i| (moved(i, 1e-5) - moved(i, -1e-5)) / 2e-5).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_softmax_of_distances_and_its_gradients_are_as_defined(
        seed: u64, batch in 1usize..30, n_docs in 1usize..20, dim in 1usize..6, temperature in 0.3f32..3.0,
    ) {
        let case = hyperbolic_case(seed, batch, n_docs, dim, temperature);
        let (queries, docs) = (doubles(&case.queries), doubles(&case.docs));
        // Where two points nearly coincide, the slope of their distance jumps: rounding decides.
        let apart = |q: &[f64], d: &[f64]| q.iter().zip(d).map(|(q, d)| q * d).sum::<f64>() < -1.02;
        let mut pairs = queries.chunks_exact(dim + 1).flat_map(|q| docs.chunks_exact(dim + 1).map(move |d| (q, d)));
        prop_assume!(pairs.all(|(q, d)| apart(q, d)));
        let (found, expected) = (run(&case).unwrap(), definition(&case, &queries, &docs));
        prop_assert!((found.loss - expected).abs() < 2e-5 * (1.0 + expected), "{} {expected}", found.loss);
        let of_queries = slopes(&queries, |moved| definition(&case, moved, &docs));
        let of_docs = slopes(&docs, |moved| definition(&case, &queries, moved));
        assert_close(found.queries.values(), &of_queries, 1e-4, "query gradient");
        assert_close(found.docs.values(), &of_docs, 1e-4, "document gradient");
    }
}

#[test]
fn a_query_at_the_place_of_its_document_has_finite_gradients() {
    let docs = Matrix::new(2, 2, vec![2f32.sqrt(), 1.0, 2f32.sqrt(), -1.0]).unwrap();
    let queries = Matrix::new(2, 2, vec![-2f32.sqrt(), 1.0, -2f32.sqrt(), -1.0]).unwrap();
    let found = run(&diagonal(queries, docs, 0.5)).unwrap();
    assert!(found.loss < 0.1 && found.queries.values().iter().all(|g| g.is_finite()), "{found:?}");
}

#[test]
fn a_product_that_overflows_is_refused_as_a_distance_too() {
    let (docs, queries) = (Matrix::new(1, 1, vec![3e38]).unwrap(), Matrix::new(1, 1, vec![-3e38]).unwrap());
    let case = diagonal(queries, docs, 1.0);
    let message = run(&case).unwrap_err().to_string();
    assert!(message.starts_with("a score of query 0 is not finite"), "{message}");
}
