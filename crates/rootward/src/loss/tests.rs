//! The kernel against PyTorch, against finite differences, and against a plain twin in double precision.

mod hyperbolic;

use proptest::prelude::*;
use rand::RngExt;
use rand_pcg::Pcg64;
use serde::Deserialize;

use super::*;
use crate::encoder::{Encoder, Input, Keep, Side, Text, Trainable};
use crate::optimiser::Optimiser;
use crate::random::{Purpose, stream};
use crate::table::{Score, TableEncoder};
use crate::tensors::{Tensor, Tensors};

/// Everything that a loss takes.
#[derive(Clone, Debug)]
struct Case {
    queries: Matrix,
    docs: Matrix,
    positives: Rows<u32>,
    known: Rows<u32>,
    log_weights: Option<Vec<f32>>,
    weights: Option<Rows<f32>>,
    temperature: f32,
}

/// A loss and its gradients in double precision.
struct Expected {
    loss: f64,
    queries: Vec<f64>,
    docs: Vec<f64>,
}

impl Case {
    fn run(&self) -> Result<LossGrad, LossError> {
        corrected_softmax(
            &mut Scratch::default(),
            &self.queries,
            &self.docs,
            self.targets(),
            self.temperature,
        )
    }

    fn targets(&self) -> Targets<'_> {
        Targets {
            positives: &self.positives,
            known: &self.known,
            log_weights: self.log_weights.as_deref(),
            weights: self.weights.as_ref(),
        }
    }

    /// The formula of [`corrected_softmax`], one term at a time.
    fn twin(&self) -> Expected {
        let (batch, dim) = (self.queries.n_rows(), self.queries.dim());
        let (queries, docs) = (doubles(&self.queries), doubles(&self.docs));
        let temperature = f64::from(self.temperature);
        let mut expected =
            Expected { loss: 0.0, queries: vec![0.0; queries.len()], docs: vec![0.0; docs.len()] };
        for row in 0..batch {
            let positives = self.positives.row(row);
            let vector = |of: &[f64], at: usize| of[at * dim..(at + 1) * dim].to_vec();
            let query = vector(&queries, row);
            let score = |column: usize| {
                vector(&docs, column).iter().zip(&query).map(|(d, q)| d * q).sum::<f64>() / temperature
            };
            let weight = |column: usize| self.log_weights.as_ref().map_or(0.0, |w| f64::from(w[column]));
            let known = self.known.row(row);
            let negatives = (0..self.docs.n_rows()).filter(|column| !known.contains(&(*column as u32)));
            let negatives: Vec<(usize, f64)> = negatives.map(|c| (c, score(c) + weight(c))).collect();
            let counts = |place: usize| self.weights.as_ref().map_or(1.0, |w| f64::from(w.row(row)[place]));
            for (place, positive) in positives.iter().map(|p| *p as usize).enumerate() {
                let terms: Vec<(usize, f64)> =
                    [(positive, score(positive))].into_iter().chain(negatives.clone()).collect();
                let max = terms.iter().map(|(_, s)| *s).fold(f64::NEG_INFINITY, f64::max);
                let sum: f64 = terms.iter().map(|(_, s)| (s - max).exp()).sum();
                let share = counts(place) / (positives.len() * batch) as f64;
                expected.loss += share * (max + sum.ln() - score(positive));
                for (place, (column, s)) in terms.iter().enumerate() {
                    let slope = share / temperature * ((s - max).exp() / sum - f64::from(place == 0));
                    for i in 0..dim {
                        expected.queries[row * dim + i] += slope * docs[column * dim + i];
                        expected.docs[column * dim + i] += slope * query[i];
                    }
                }
            }
        }
        expected
    }
}

fn doubles(matrix: &Matrix) -> Vec<f64> {
    matrix.values().iter().map(|x| f64::from(*x)).collect()
}

/// Numbers are within a tolerance that is relative to the greatest of them, or within the rounding of f32 where terms as
/// large as 5 cancel, as those of two documents with one vector do.
fn assert_close(got: &[f32], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(got.len(), expected.len(), "{what}");
    let greatest = expected.iter().fold(0f64, |max, x| max.max(x.abs()));
    for (i, (got, expected)) in got.iter().zip(expected).enumerate() {
        let error = (f64::from(*got) - expected).abs();
        assert!(error <= tolerance * greatest + 3e-7, "{what}[{i}]: {got} is not {expected}");
    }
}

fn assert_agrees(case: &Case, tolerance: f64) {
    let (got, expected) = (case.run().unwrap(), case.twin());
    assert!(
        (got.loss - expected.loss).abs() <= tolerance * (1.0 + expected.loss),
        "{} {}",
        got.loss,
        expected.loss
    );
    assert_close(got.queries.values(), &expected.queries, tolerance, "query gradient");
    assert_close(got.docs.values(), &expected.docs, tolerance, "document gradient");
}

fn matrix(n_rows: usize, dim: usize, rng: &mut Pcg64) -> Matrix {
    Matrix::new(n_rows, dim, (0..n_rows * dim).map(|_| rng.random_range(-1.5..1.5)).collect()).unwrap()
}

/// A batch as training may meet it: repeated documents, queries without positives, queries that know everything.
fn random_case(seed: u64, batch: usize, n_docs: usize, dim: usize, temperature: f32) -> Case {
    let mut rng = stream(seed, Purpose::Init);
    let queries = matrix(batch, dim, &mut rng);
    let mut docs = matrix(n_docs, dim, &mut rng);
    for _ in 0..n_docs / 4 {
        let (from, to) = (rng.random_range(0..n_docs), rng.random_range(0..n_docs));
        let copy = docs.row(from).to_vec();
        docs.row_mut(to).copy_from_slice(&copy);
    }
    let (mut positives, mut known) = (Rows::empty(), Rows::empty());
    for _ in 0..batch {
        let share = if rng.random_bool(0.1) { 1.0 } else { 0.3 };
        let row: Vec<u32> = (0..n_docs as u32).filter(|_| rng.random_bool(share)).collect();
        positives.push(row.iter().copied().filter(|_| rng.random_bool(0.5)).collect::<Vec<_>>());
        known.push(row.iter().chain(row.first()).copied().collect::<Vec<_>>());
    }
    let log_weights =
        rng.random_bool(0.5).then(|| (0..n_docs).map(|_| rng.random_range(-3.0..2.0)).collect());
    let weights = rng.random_bool(0.5).then(|| {
        let mut weight = |_: &u32| if rng.random_bool(0.1) { 0.0 } else { rng.random_range(0.1..3.0) };
        positives.iter().map(|row| row.iter().map(&mut weight).collect()).collect()
    });
    Case { queries, docs, positives, known, log_weights, weights, temperature }
}

/// Query `b` should retrieve document `b` and nothing else.
fn diagonal(queries: Matrix, docs: Matrix, temperature: f32) -> Case {
    let positives: Rows<u32> = (0..queries.n_rows() as u32).map(|row| vec![row]).collect();
    Case { queries, docs, known: positives.clone(), positives, log_weights: None, weights: None, temperature }
}

#[derive(Deserialize)]
struct Golden {
    name: String,
    temperature: f32,
    normalise: bool,
    log_weights: Vec<f32>,
    queries: Vec<Vec<f32>>,
    docs: Vec<Vec<f32>>,
    positives: Vec<Vec<u32>>,
    known: Vec<Vec<u32>>,
    loss: f64,
    grad_queries: Vec<Vec<f64>>,
    grad_docs: Vec<Vec<f64>>,
}

fn table(rows: &[Vec<f32>]) -> Matrix {
    Matrix::new(rows.len(), rows[0].len(), rows.concat()).unwrap()
}

fn encoder(golden: &Golden) -> TableEncoder {
    let mut tensors = Tensors::default();
    tensors.insert("query", Tensor::from(&table(&golden.queries)));
    tensors.insert("document", Tensor::from(&table(&golden.docs)));
    let score = if golden.normalise { Score::Cosine } else { Score::Dot };
    TableEncoder::from_tensors(score, &tensors).unwrap()
}

fn every_row(n: usize) -> Vec<Input<'static>> {
    (0..n as u32).map(|idx| Input { idx, text: Text::default() }).collect()
}

/// The gradients of the tables themselves, read off a step of plain descent; a rate of 256 loses no digit.
fn table_gradient(encoder: &TableEncoder, side: Side, grad: &Matrix) -> Vec<f32> {
    let mut moved = encoder.clone();
    moved.start_optimiser(Optimiser::Sgd {});
    moved.backward(side, &every_row(grad.n_rows()), grad).unwrap();
    moved.step(256.0);
    let rows = |encoder: &TableEncoder| {
        let name = if side == Side::Query { "query" } else { "document" };
        encoder.tensors(Keep::Model).matrix(name).unwrap()
    };
    rows(encoder).values().iter().zip(rows(&moved).values()).map(|(a, b)| (a - b) / 256.0).collect()
}

#[test]
fn losses_and_gradients_are_those_of_pytorch() {
    let golden: Vec<Golden> = serde_json::from_str(include_str!("../../tests/golden/losses.json")).unwrap();
    assert_eq!(golden.len(), 8);
    for golden in golden {
        let encoder = encoder(&golden);
        let case = Case {
            queries: encoder.encode(Side::Query, &every_row(golden.queries.len())).unwrap(),
            docs: encoder.encode(Side::Document, &every_row(golden.docs.len())).unwrap(),
            positives: golden.positives.iter().cloned().collect(),
            known: golden.known.iter().cloned().collect(),
            log_weights: Some(golden.log_weights.clone()),
            weights: None,
            temperature: golden.temperature,
        };
        let found = case.run().unwrap();
        let name = &golden.name;
        assert!((found.loss - golden.loss).abs() < 1e-5 * golden.loss, "{name}: {}", found.loss);
        let grads = [
            (Side::Query, &found.queries, golden.grad_queries.concat()),
            (Side::Document, &found.docs, golden.grad_docs.concat()),
        ];
        for (side, grad, expected) in grads {
            assert_close(&table_gradient(&encoder, side, grad), &expected, 1e-5, name);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn gradients_are_the_slopes_of_the_loss(
        seed: u64, batch in 1usize..5, n_docs in 1usize..9, dim in 1usize..5, temperature in 0.3f32..3.0,
    ) {
        let case = random_case(seed, batch, n_docs, dim, temperature);
        let found = case.run().unwrap();
        let slope = |place: (usize, usize), which: fn(&mut Case) -> &mut Matrix| {
            let at = |step: f32| {
                let mut moved = case.clone();
                which(&mut moved).row_mut(place.0)[place.1] += step;
                (moved.twin().loss, f64::from(which(&mut moved).row(place.0)[place.1]))
            };
            let ((above, right), (below, left)) = (at(1e-3), at(-1e-3));
            (above - below) / (right - left)
        };
        let slopes = |n_rows: usize, which: fn(&mut Case) -> &mut Matrix| -> Vec<f64> {
            (0..n_rows * dim).map(|i| slope((i / dim, i % dim), which)).collect()
        };
        assert_close(found.queries.values(), &slopes(batch, |c| &mut c.queries), 3e-5, "query gradient");
        assert_close(found.docs.values(), &slopes(n_docs, |c| &mut c.docs), 3e-5, "document gradient");
    }

    #[test]
    fn the_slope_over_the_log_temperature_is_that_of_the_loss(
        seed: u64, batch in 1usize..40, n_docs in 1usize..20, dim in 1usize..9, temperature in 0.3f32..3.0,
    ) {
        let case = random_case(seed, batch, n_docs, dim, temperature);
        let found = case.run().unwrap().slope_over_log_temperature(&case.queries);
        let at = |factor: f32| {
            let moved = Case { temperature: temperature * factor, ..case.clone() };
            (moved.twin().loss, f64::from(moved.temperature).ln())
        };
        let ((above, right), (below, left)) = (at(1.001), at(0.999));
        let slope = (above - below) / (right - left);
        prop_assert!((found - slope).abs() < 1e-4 * (1.0 + slope.abs()), "{found} is not {slope}");
    }

    #[test]
    fn weights_of_one_change_no_bit(
        seed: u64, batch in 1usize..60, n_docs in 1usize..40, dim in 1usize..20, temperature in 0.05f32..3.0,
    ) {
        let plain = Case { weights: None, ..random_case(seed, batch, n_docs, dim, temperature) };
        let ones = plain.positives.iter().map(|row| vec![1.0; row.len()]).collect();
        let weighted = Case { weights: Some(ones), ..plain.clone() };
        let bits = |case: &Case| {
            let found = case.run().unwrap();
            let numbers = found.queries.values().iter().chain(found.docs.values());
            (found.loss.to_bits(), numbers.map(|x| x.to_bits()).collect::<Vec<_>>())
        };
        prop_assert_eq!(bits(&plain), bits(&weighted));
    }

    #[test]
    fn small_batches_agree_with_the_plain_twin(
        seed: u64, batch in 1usize..60, n_docs in 1usize..40, dim in 1usize..20, temperature in 0.05f32..3.0,
    ) {
        assert_agrees(&random_case(seed, batch, n_docs, dim, temperature), 5e-5);
    }
}

#[test]
fn batches_of_many_blocks_agree_with_the_plain_twin() {
    for batch in [BLOCK * GROUPS - 1, BLOCK * GROUPS, BLOCK * GROUPS + 1, 2 * BLOCK * GROUPS + 5] {
        assert_agrees(&random_case(batch as u64, batch, 70, 9, 0.5), 5e-5);
    }
}

#[test]
fn a_document_gradient_longer_than_a_task_is_summed_whole() {
    assert_agrees(&random_case(3, 40, REDUCE / 64 + 30, 64, 1.0), 5e-5);
}

#[test]
fn a_scratch_that_was_used_for_another_shape_changes_nothing() {
    let mut scratch = Scratch::default();
    for (batch, n_docs, dim) in [(200, 90, 16), (3, 5, 2), (30, 120, 7), (200, 90, 16)] {
        let case = random_case(1, batch, n_docs, dim, 0.7);
        let used = corrected_softmax(&mut scratch, &case.queries, &case.docs, case.targets(), 0.7).unwrap();
        let fresh = case.run().unwrap();
        assert_eq!((used.loss, used.queries, used.docs), (fresh.loss, fresh.queries, fresh.docs));
    }
}

#[test]
fn a_query_that_knows_every_document_adds_neither_loss_nor_gradient() {
    let mut case = random_case(5, 30, 12, 4, 1.0);
    case.known = (0..30).map(|_| (0..12).collect()).collect();
    let found = case.run().unwrap();
    assert_eq!(found.loss, 0.0);
    assert!(found.queries.values().iter().chain(found.docs.values()).all(|x| *x == 0.0));
}

#[test]
fn a_query_without_positives_adds_neither_loss_nor_gradient() {
    let mut case = random_case(6, 30, 12, 4, 1.0);
    (case.positives, case.weights) = ((0..30).map(|_| Vec::new()).collect(), None);
    let found = case.run().unwrap();
    assert_eq!(found.loss, 0.0);
    assert!(found.queries.values().iter().chain(found.docs.values()).all(|x| *x == 0.0));
}

#[test]
fn the_in_batch_softmax_is_the_corrected_one_with_the_diagonal() {
    let mut rng = stream(9, Purpose::Init);
    let case = diagonal(matrix(50, 6, &mut rng), matrix(50, 6, &mut rng), 0.3);
    let found = in_batch_softmax(&mut Scratch::default(), &case.queries, &case.docs, 0.3).unwrap();
    let same = case.run().unwrap();
    assert_eq!((found.loss, found.queries, found.docs), (same.loss, same.queries, same.docs));
}

#[test]
fn an_empty_batch_has_no_loss() {
    let case = diagonal(Matrix::zeros(0, 3), Matrix::zeros(0, 3), 1.0);
    assert_eq!(case.run().unwrap().loss, 0.0);
    let no_docs = Case { queries: Matrix::zeros(1, 3), positives: [vec![]].into_iter().collect(), ..case };
    let no_docs = Case { known: no_docs.positives.clone(), ..no_docs };
    assert_eq!(no_docs.run().unwrap().queries, Matrix::zeros(1, 3));
}

#[test]
fn the_number_of_threads_does_not_change_a_bit() {
    let case = random_case(4, 2 * BLOCK * GROUPS + 7, 300, 33, 0.4);
    let bits = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let found = pool.install(|| case.run().unwrap());
        let numbers = found.queries.values().iter().chain(found.docs.values());
        (found.loss.to_bits(), numbers.map(|x| x.to_bits()).collect::<Vec<_>>())
    };
    let one = bits(1);
    assert!(bits(2) == one && bits(3) == one);
}

#[test]
fn scores_far_beyond_what_exp_can_hold_stay_finite() {
    let values = [1e4, -1e4, 5e3, 0.0];
    let queries = Matrix::new(4, 1, values.to_vec()).unwrap();
    let docs = Matrix::new(4, 1, vec![1.0, -1.0, 1.0, -0.5]).unwrap();
    for temperature in [1.0, 0.01] {
        let case = diagonal(queries.clone(), docs.clone(), temperature);
        assert_agrees(&case, 1e-5);
        assert_agrees(&Case { log_weights: Some(vec![-50.0, 3.0, 60.0, 0.0]), ..case }, 1e-5);
    }
}

fn error(case: &Case) -> String {
    case.run().unwrap_err().to_string()
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let case = random_case(1, 3, 4, 2, 1.0);
    let narrow = Case { docs: Matrix::zeros(4, 5), ..case.clone() };
    assert_eq!(error(&narrow), "numbers in a document vector: expected 2, got 5");
    let short = Case { positives: Rows::empty(), ..case.clone() };
    assert_eq!(error(&short), "rows of positives: expected 3, got 0");
    let long = Case { known: (0..5).map(|_| vec![]).collect(), ..case.clone() };
    assert_eq!(error(&long), "rows of known documents: expected 3, got 5");
    let rows = |row: &[u32]| vec![1.0; row.len()];
    let few = Case { weights: Some(case.positives.iter().take(2).map(rows).collect()), ..case.clone() };
    assert_eq!(error(&few), "rows of weights of positives: expected 3, got 2");
    let one =
        |columns: Vec<u32>| [columns.clone(), columns.clone(), columns].into_iter().collect::<Rows<u32>>();
    let narrow = Case {
        positives: one(vec![0]),
        known: one(vec![0]),
        weights: Some([vec![1.0], vec![1.0, 1.0], vec![1.0]].into_iter().collect()),
        ..case.clone()
    };
    assert_eq!(error(&narrow), "weights of a query's positives: expected 1, got 2");
    let light = Case { log_weights: Some(vec![0.0; 3]), ..case };
    assert_eq!(error(&light), "weights of documents: expected 4, got 3");
    let (queries, docs) = (Matrix::zeros(2, 2), Matrix::zeros(3, 2));
    let error = in_batch_softmax(&mut Scratch::default(), &queries, &docs, 1.0).unwrap_err().to_string();
    assert_eq!(error, "documents: expected 2, got 3");
}

#[test]
fn a_column_that_is_not_there_is_named() {
    let case = random_case(1, 3, 4, 2, 1.0);
    let columns: Rows<u32> = [vec![0], vec![1, 4], vec![9]].into_iter().collect();
    let expected = "query 1 names document column 4, the batch has 4";
    assert_eq!(error(&Case { positives: columns.clone(), ..case.clone() }), expected);
    assert_eq!(error(&Case { known: columns, ..case }), expected);
}

#[test]
fn a_temperature_that_cannot_divide_is_refused() {
    for temperature in [0.0, -1.0, f32::NAN, f32::INFINITY] {
        let case = random_case(1, 3, 4, 2, temperature);
        assert!(
            error(&case).starts_with(&format!("the temperature is {temperature}, expected")),
            "{temperature}"
        );
    }
}

#[test]
fn a_weight_that_cannot_count_is_refused() {
    let case = diagonal(Matrix::zeros(2, 3), Matrix::zeros(2, 3), 1.0);
    for weight in [-1.0, f32::NAN, f32::INFINITY] {
        let weights = Some([vec![1.0], vec![weight]].into_iter().collect());
        let expected = format!("a positive of query 1 counts {weight}, expected a finite number, 0 or more");
        assert_eq!(error(&Case { weights, ..case.clone() }), expected);
    }
}

#[test]
fn a_vector_that_is_not_finite_is_refused_even_where_it_is_masked() {
    let mut case = diagonal(Matrix::zeros(2, 3), Matrix::zeros(2, 3), 1.0);
    for known in [vec![vec![0], vec![1]], vec![vec![0, 1], vec![0, 1]]] {
        case.known = known.into_iter().collect();
        for (value, place) in [(f32::NAN, 0), (f32::NAN, 4), (f32::INFINITY, 0), (f32::NEG_INFINITY, 5)] {
            let (mut queries, mut docs) = (case.clone(), case.clone());
            queries.queries.values_mut()[place] = value;
            docs.docs.values_mut()[place] = value;
            let row = place / 3;
            assert!(
                error(&queries).starts_with(&format!("query vector {row} is not finite")),
                "{value} {place}"
            );
            assert!(
                error(&docs).starts_with(&format!("document vector {row} is not finite")),
                "{value} {place}"
            );
        }
    }
}

#[test]
fn a_score_that_overflows_is_refused() {
    for (query, doc) in [(3e38, 3e38), (3e38, -3e38)] {
        let vectors = |x: f32| Matrix::new(2, 2, vec![x, x, 0.0, 1.0]).unwrap();
        let case = diagonal(vectors(query), vectors(doc), 1.0);
        assert!(error(&case).starts_with("a score of query 0 is not finite"), "{query} {doc}");
    }
}
