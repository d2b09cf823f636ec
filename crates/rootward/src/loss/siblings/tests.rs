//! Against PyTorch, against finite differences, and as one with the softmax over a whole batch where both can do it.

use proptest::prelude::*;
use rand::RngExt;
use serde::Deserialize;

use super::*;
use crate::loss::{Scratch, Targets, corrected_softmax};
use crate::random::{Purpose, fill_normal, stream};

/// Everything that the loss takes.
#[derive(Clone, Debug, Deserialize)]
struct Case {
    temperature: f32,
    queries: Vec<Vec<f32>>,
    columns: Vec<Vec<f32>>,
    contests: Vec<Contest>,
}

#[derive(Clone, Debug, Deserialize)]
struct Contest {
    query: u32,
    winner: u32,
    rivals: Vec<u32>,
    log_weights: Vec<f32>,
    weight: f32,
}

fn table(rows: &[Vec<f32>]) -> Matrix {
    Matrix::new(rows.len(), rows[0].len(), rows.concat()).unwrap()
}

impl Case {
    fn run(&self) -> Result<LossGrad, LossError> {
        let each = || self.contests.iter();
        let contests = Contests {
            queries: &each().map(|c| c.query).collect::<Vec<_>>(),
            winners: &each().map(|c| c.winner).collect::<Vec<_>>(),
            rivals: &each().map(|c| c.rivals.clone()).collect(),
            log_weights: Some(&each().map(|c| c.log_weights.clone()).collect()),
            weights: &each().map(|c| c.weight).collect::<Vec<_>>(),
        };
        sibling_softmax(&table(&self.queries), &table(&self.columns), contests, self.temperature)
    }

    /// The formula, one term at a time, in double precision.
    fn twin(&self) -> f64 {
        let score = |query: u32, column: u32| {
            let (query, column) = (&self.queries[query as usize], &self.columns[column as usize]);
            let products = query.iter().zip(column).map(|(q, c)| f64::from(*q) * f64::from(*c));
            products.sum::<f64>() / f64::from(self.temperature)
        };
        let loss = |c: &Contest| {
            let own = score(c.query, c.winner).exp();
            let rivals = c.rivals.iter().zip(&c.log_weights);
            let others: f64 = rivals.map(|(r, w)| (score(c.query, *r) + f64::from(*w)).exp()).sum();
            f64::from(c.weight) * ((own + others) / own).ln()
        };
        self.contests.iter().map(loss).sum::<f64>() / self.queries.len() as f64
    }
}

fn random_case(seed: u64, batch: usize, n_columns: usize, dim: usize) -> Case {
    let mut rng = stream(seed, Purpose::Init);
    let mut vectors = |n: usize| {
        let mut values = vec![0.0; n * dim];
        fill_normal(&mut values, 1.0, &mut rng);
        values.chunks(dim).map(<[f32]>::to_vec).collect::<Vec<_>>()
    };
    let (queries, columns) = (vectors(batch), vectors(n_columns));
    let mut contests = Vec::new();
    for query in 0..batch as u32 {
        for _ in 0..rng.random_range(0..4) {
            let rivals: Vec<u32> = (0..n_columns as u32).filter(|_| rng.random_bool(0.4)).collect();
            let log_weights = rivals.iter().map(|_| rng.random_range(-2.0..2.0)).collect();
            let winner = rng.random_range(0..n_columns as u32);
            let weight = if rng.random_bool(0.1) { 0.0 } else { rng.random_range(0.1..2.0) };
            contests.push(Contest { query, winner, rivals, log_weights, weight });
        }
    }
    Case { temperature: 0.7, queries, columns, contests }
}

fn assert_close(got: &Matrix, expected: &[f64], what: &str) {
    let greatest = expected.iter().fold(0f64, |max, x| max.max(x.abs()));
    for (i, (got, expected)) in got.values().iter().zip(expected).enumerate() {
        let error = (f64::from(*got) - expected).abs();
        assert!(error <= 3e-5 * greatest + 3e-7, "{what}[{i}]: {got} is not {expected}");
    }
}

#[derive(Deserialize)]
struct Golden {
    #[serde(flatten)]
    case: Case,
    loss: f64,
    grad_queries: Vec<Vec<f64>>,
    grad_columns: Vec<Vec<f64>>,
}

#[test]
fn loss_and_gradients_are_those_of_pytorch() {
    let golden: Vec<Golden> =
        serde_json::from_str(include_str!("../../../tests/golden/siblings.json")).unwrap();
    assert_eq!(golden.len(), 4);
    for Golden { case, loss, grad_queries, grad_columns } in golden {
        let found = case.run().unwrap();
        assert!((found.loss - loss).abs() < 1e-5 * loss, "{} is not {loss}", found.loss);
        assert_close(&found.queries, &grad_queries.concat(), "query gradient");
        assert_close(&found.docs, &grad_columns.concat(), "column gradient");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn gradients_are_the_slopes_of_the_loss(
        seed: u64, batch in 1usize..5, n_columns in 1usize..9, dim in 1usize..5,
    ) {
        let case = random_case(seed, batch, n_columns, dim);
        let found = case.run().unwrap();
        prop_assert!((found.loss - case.twin()).abs() < 1e-5 * (1.0 + found.loss));
        let slope = |which: fn(&mut Case) -> &mut Vec<Vec<f32>>, at: usize| {
            let moved = |step: f32| {
                let mut moved = case.clone();
                let place = &mut which(&mut moved)[at / dim][at % dim];
                *place += step;
                let stands = f64::from(*place);
                (moved.twin(), stands)
            };
            let ((above, right), (below, left)) = (moved(1e-3), moved(-1e-3));
            (above - below) / (right - left)
        };
        let slopes = |n: usize, which| (0..n * dim).map(|at| slope(which, at)).collect::<Vec<_>>();
        assert_close(&found.queries, &slopes(batch, |case| &mut case.queries), "query gradient");
        assert_close(&found.docs, &slopes(n_columns, |case| &mut case.columns), "column gradient");
    }

    #[test]
    fn a_contest_with_all_others_is_the_softmax_of_the_batch(seed: u64, batch in 1usize..9) {
        let mut case = random_case(seed, batch, batch, 4);
        let all = 0..batch as u32;
        let others = |own: u32| all.clone().filter(|other| *other != own).collect::<Vec<_>>();
        let contest = |own: u32| {
            let rivals = others(own);
            Contest { query: own, winner: own, log_weights: vec![0.0; rivals.len()], rivals, weight: 1.0 }
        };
        case.contests = all.clone().map(contest).collect();
        let diagonal: Rows<u32> = all.clone().map(|own| vec![own]).collect();
        let targets = Targets { positives: &diagonal, known: &diagonal, log_weights: None, weights: None };
        let (queries, columns) = (table(&case.queries), table(&case.columns));
        let whole =
            corrected_softmax(&mut Scratch::default(), &queries, &columns, targets, case.temperature).unwrap();
        let found = case.run().unwrap();
        prop_assert!((found.loss - whole.loss).abs() < 1e-5 * (1.0 + whole.loss));
        let doubles = |matrix: &Matrix| matrix.values().iter().map(|x| f64::from(*x)).collect::<Vec<_>>();
        assert_close(&found.queries, &doubles(&whole.queries), "query gradient");
        assert_close(&found.docs, &doubles(&whole.docs), "column gradient");
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let case = random_case(5, 90, 70, 24);
    let bits = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let found = pool.install(|| case.run()).unwrap();
        let numbers = found.queries.values().iter().chain(found.docs.values());
        (found.loss.to_bits(), numbers.map(|x| x.to_bits()).collect::<Vec<_>>())
    };
    assert_eq!(bits(1), bits(3));
}

#[test]
fn what_does_not_fit_is_told() {
    let fails = |change: &dyn Fn(&mut Case)| {
        let mut case = random_case(3, 4, 6, 3);
        case.contests =
            vec![Contest { query: 1, winner: 2, rivals: vec![3], log_weights: vec![0.0], weight: 1.0 }];
        change(&mut case);
        case.run().unwrap_err().to_string()
    };
    let says = [
        (fails(&|case| case.contests[0].query = 4), "queries of contests: expected 4, got 5"),
        (fails(&|case| case.contests[0].winner = 6), "query 1 names document column 6, the batch has 6"),
        (fails(&|case| case.contests[0].rivals.push(0)), "weights of a contest's rivals: expected 2, got 1"),
        (
            fails(&|case| case.contests[0].weight = -1.0),
            "a positive of query 1 counts -1, expected a finite number, 0 or more",
        ),
        (
            fails(&|case| case.temperature = 0.0),
            "the temperature is 0, expected a number above 0; scores are divided by it",
        ),
    ];
    for (got, expected) in says {
        assert_eq!(got, expected);
    }
    assert!(fails(&|case| case.columns[5][0] = f32::NAN).starts_with("document vector 5 is not finite"));
}
