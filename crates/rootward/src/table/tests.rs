//! The table against PyTorch's optimisers, and what holds of its rows.

use serde::Deserialize;

use super::*;
use crate::encoder::Text;
use crate::random::{Purpose, stream};
use crate::tensors::Tensor;

const ADAM: Optimiser = Optimiser::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, lazy: true, decay: 0.0 };
const DENSE: Optimiser = Optimiser::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, lazy: false, decay: 0.0 };

fn inputs(rows: &[u32]) -> Vec<Input<'static>> {
    rows.iter().map(|idx| Input { idx: *idx, text: Text::default() }).collect()
}

fn matrix(rows: &[Vec<f32>]) -> Matrix {
    Matrix::new(rows.len(), rows[0].len(), rows.concat()).unwrap()
}

fn random(score: Score, optimiser: Optimiser) -> TableEncoder {
    let config = TableConfig { dim: 4, score, init: 0.7 };
    let mut encoder = TableEncoder::new(5, 6, config, &mut stream(1, Purpose::Init));
    encoder.start_optimiser(optimiser);
    encoder
}

fn bits(encoder: &TableEncoder, side: Side) -> Vec<Vec<u32>> {
    let rows = &encoder.table(side).learned.rows();
    (0..rows.n_rows()).map(|row| rows.row(row).iter().map(|x| x.to_bits()).collect()).collect()
}

/// Steps that each row of queries has taken.
fn steps(encoder: &TableEncoder) -> Vec<u32> {
    encoder.tensors(Keep::Training).counts("query.steps", 5).unwrap()
}

/// One step that moves some rows by gradients that differ from row to row.
fn train(encoder: &mut TableEncoder, side: Side, rows: &[u32]) {
    let dim = encoder.dim() as u32;
    let grads: Vec<Vec<f32>> =
        rows.iter().map(|row| (1..=dim).map(|i| (i * (row + 1)) as f32 / 8.0).collect()).collect();
    encoder.backward(side, &inputs(rows), &matrix(&grads)).unwrap();
    encoder.step(0.1);
}

#[derive(Deserialize)]
struct Golden {
    name: String,
    rate: f32,
    beta1: Option<f32>,
    beta2: Option<f32>,
    epsilon: Option<f32>,
    params: Vec<Vec<f32>>,
    steps: Vec<GoldenStep>,
    expected: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct GoldenStep {
    rows: Vec<u32>,
    grads: Vec<Vec<f32>>,
}

impl Golden {
    fn optimiser(&self) -> Optimiser {
        match (self.beta1, self.beta2, self.epsilon) {
            (Some(beta1), Some(beta2), Some(epsilon)) => {
                Optimiser::Adam { beta1, beta2, epsilon, lazy: self.name == "adam", decay: 0.0 }
            }
            (None, None, Some(epsilon)) => Optimiser::Adagrad { epsilon },
            _ => Optimiser::Sgd {},
        }
    }
}

#[test]
fn optimisers_move_rows_as_those_of_pytorch_do() {
    let golden: Vec<Golden> =
        serde_json::from_str(include_str!("../../tests/golden/optimisers.json")).unwrap();
    assert_eq!(
        golden.iter().map(|g| &g.name[..]).collect::<Vec<_>>(),
        ["adam", "adam_all_rows", "adagrad", "sgd"]
    );
    for (golden, side) in golden.iter().flat_map(|g| [(g, Side::Query), (g, Side::Document)]) {
        let mut tensors = Tensors::default();
        tensors.insert("query", Tensor::from(&matrix(&golden.params)));
        tensors.insert("document", Tensor::from(&matrix(&golden.params)));
        let mut encoder = TableEncoder::from_tensors(Score::Dot, &tensors).unwrap();
        encoder.start_optimiser(golden.optimiser());
        for step in &golden.steps {
            encoder.backward(side, &inputs(&step.rows), &matrix(&step.grads)).unwrap();
            encoder.step(golden.rate);
        }
        let moved = encoder.encode(side, &inputs(&[0, 1, 2, 3, 4])).unwrap();
        for (got, expected) in moved.values().iter().zip(golden.expected.concat()) {
            let error = (f64::from(*got) - expected).abs();
            assert!(error < 1e-6 * (1.0 + expected.abs()), "{}: {got} is not {expected}", golden.name);
        }
    }
}

#[test]
fn gradients_of_a_repeated_input_add_up() {
    for score in [Score::Dot, Score::Cosine] {
        let one = vec![0.5, 0.25, -1.0, 2.0];
        let two: Vec<f32> = one.iter().map(|x| 2.0 * x).collect();
        let (mut twice, mut apart, mut double) =
            (random(score, ADAM), random(score, ADAM), random(score, ADAM));
        let grads = matrix(&[one.clone(), one.clone()]);
        twice.backward(Side::Document, &inputs(&[3, 3]), &grads).unwrap();
        for _ in 0..2 {
            apart.backward(Side::Document, &inputs(&[3]), &matrix(std::slice::from_ref(&one))).unwrap();
        }
        double.backward(Side::Document, &inputs(&[3]), &matrix(&[two])).unwrap();
        for encoder in [&mut twice, &mut apart, &mut double] {
            encoder.step(0.1);
        }
        let moved = |encoder: &TableEncoder| bits(encoder, Side::Document);
        assert!(moved(&twice) == moved(&apart) && moved(&twice) == moved(&double), "{score:?}");
    }
}

#[test]
fn lazy_steps_do_not_move_rows_that_they_do_not_touch() {
    for (score, optimiser) in [(Score::Dot, ADAM), (Score::Cosine, ADAM), (Score::Dot, Optimiser::Sgd {})] {
        let mut encoder = random(score, optimiser);
        train(&mut encoder, Side::Query, &[1, 4]);
        let before = (bits(&encoder, Side::Query), bits(&encoder, Side::Document));
        train(&mut encoder, Side::Query, &[0, 4]);
        let after = (bits(&encoder, Side::Query), bits(&encoder, Side::Document));
        assert_eq!(before.1, after.1);
        assert_eq!(before.0[1..4], after.0[1..4]);
        assert!(before.0[0] != after.0[0] && before.0[4] != after.0[4]);
    }
}

#[test]
fn a_dense_step_is_a_lazy_one_in_which_the_other_rows_have_gradient_zero() {
    for score in [Score::Dot, Score::Cosine] {
        let (mut dense, mut lazy) = (random(score, DENSE), random(score, ADAM));
        for rows in [[0u32, 1], [4, 1], [2, 3]] {
            let every_row = inputs(&[0, 1, 2, 3, 4]);
            lazy.backward(Side::Query, &every_row, &Matrix::zeros(5, 4)).unwrap();
            train(&mut lazy, Side::Query, &rows);
            train(&mut dense, Side::Query, &rows);
            assert_eq!(bits(&dense, Side::Query), bits(&lazy, Side::Query));
        }
        assert_eq!(steps(&dense), [3; 5]);
    }
}

#[test]
fn the_number_of_threads_does_not_change_a_dense_step() {
    let moved = |threads: usize| {
        let config = TableConfig { dim: 3, score: Score::Dot, init: 0.7 };
        let mut encoder = TableEncoder::new(5000, 1, config, &mut stream(1, Purpose::Init));
        encoder.start_optimiser(DENSE);
        let rows: Vec<u32> = (0..5000).step_by(7).collect();
        let grads =
            Matrix::new(rows.len(), 3, (0..3 * rows.len()).map(|i| i as f32 / 64.0).collect()).unwrap();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        encoder.backward(Side::Query, &inputs(&rows), &grads).unwrap();
        pool.install(|| encoder.step(0.1));
        encoder.step(0.1);
        bits(&encoder, Side::Query)
    };
    assert!(moved(1) == moved(2));
}

#[test]
fn a_step_forgets_the_gradients_it_has_used() {
    let mut encoder = random(Score::Dot, Optimiser::Sgd {});
    train(&mut encoder, Side::Query, &[1]);
    let before = bits(&encoder, Side::Query);
    encoder.step(0.1);
    assert_eq!(bits(&encoder, Side::Query), before);
}

#[test]
fn a_row_outside_the_table_is_an_error() {
    let expected = "the query table has 5 rows, row 5 was asked for; was the model trained on this data set?";
    for score in [Score::Dot, Score::Cosine] {
        let mut encoder = random(score, ADAM);
        assert_eq!(encoder.encode(Side::Query, &inputs(&[0, 5])).unwrap_err().to_string(), expected);
        let grads = Matrix::zeros(2, 4);
        assert_eq!(
            encoder.backward(Side::Query, &inputs(&[0, 5]), &grads).unwrap_err().to_string(),
            expected
        );
        assert!(encoder.encode(Side::Document, &inputs(&[5])).is_ok());
    }
}

#[test]
fn a_gradient_of_another_shape_is_an_error() {
    let mut encoder = random(Score::Dot, ADAM);
    for (n_rows, dim) in [(1, 4), (2, 3)] {
        let error = encoder.backward(Side::Query, &inputs(&[0, 1]), &Matrix::zeros(n_rows, dim)).unwrap_err();
        let expected = format!("gradients of shape (2, 4) were expected, ({n_rows}, {dim}) came");
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn cosine_vectors_have_norm_one() {
    let vectors = random(Score::Cosine, ADAM).encode(Side::Document, &inputs(&[0, 3, 5])).unwrap();
    for row in 0..3 {
        let norm: f32 = vectors.row(row).iter().map(|x| x * x).sum();
        assert!((norm - 1.0).abs() < 1e-6, "{norm}");
    }
}

/// The distance of two rows as points of the Lorentz model, in double precision.
fn hyperbolic_distance(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    ((1.0 + dot(a, a)).sqrt() * (1.0 + dot(b, b)).sqrt() - dot(a, b)).acosh()
}

#[test]
fn the_product_of_hyperbolic_vectors_is_minus_the_cosh_of_their_distance() {
    let encoder = random(Score::Hyperbolic, ADAM);
    let queries = encoder.encode(Side::Query, &inputs(&[0, 4])).unwrap();
    let docs = encoder.encode(Side::Document, &inputs(&[1, 3, 5])).unwrap();
    assert_eq!((encoder.dim(), queries.dim(), docs.dim()), (5, 5, 5));
    for (i, query) in [0, 4].into_iter().enumerate() {
        for (j, doc) in [1, 3, 5].into_iter().enumerate() {
            let score: f32 = queries.row(i).iter().zip(docs.row(j)).map(|(q, d)| q * d).sum();
            let distance = hyperbolic_distance(
                encoder.queries.learned.rows().row(query),
                encoder.docs.learned.rows().row(doc),
            );
            assert!((f64::from(score) + distance.cosh()).abs() < 1e-5, "{score} {distance}");
        }
    }
}

#[test]
fn gradients_of_hyperbolic_vectors_come_back_to_their_spatial_coordinates() {
    for side in [Side::Query, Side::Document] {
        let mut encoder = random(Score::Hyperbolic, Optimiser::Sgd {});
        let grad = [0.5f32, -1.0, 0.25, 2.0, -0.75];
        let row = encoder.table(side).learned.rows().row(2).to_vec();
        encoder.backward(side, &inputs(&[2]), &matrix(&[grad.to_vec()])).unwrap();
        encoder.step(1.0);
        let value = |row: &[f32]| {
            let rows = Matrix::new(1, 4, row.to_vec()).unwrap();
            let vectors = Score::Hyperbolic.vectors(side, rows);
            vectors.row(0).iter().zip(grad).map(|(x, g)| f64::from(*x) * f64::from(g)).sum::<f64>()
        };
        for i in 0..4 {
            let (mut more, mut less) = (row.clone(), row.clone());
            more[i] += 0.01;
            less[i] -= 0.01;
            let slope = (value(&more) - value(&less)) / f64::from(more[i] - less[i]);
            let got = f64::from(row[i] - encoder.table(side).learned.rows().row(2)[i]);
            assert!((got - slope).abs() < 1e-3, "{side:?} {i}: {got} is not {slope}");
        }
    }
}

#[test]
fn training_goes_on_from_its_tensors_bit_for_bit() {
    let flat = [ADAM, DENSE, Optimiser::Adagrad { epsilon: 1e-8 }, Optimiser::Sgd {}];
    let curved = (Score::Hyperbolic, Optimiser::RiemannianSgd { clip: 1.0 });
    for (score, optimiser) in flat.map(|optimiser| (Score::Cosine, optimiser)).into_iter().chain([curved]) {
        let mut first = random(score, optimiser);
        for rows in [[0, 1], [1, 4], [2, 4]] {
            train(&mut first, Side::Query, &rows);
            train(&mut first, Side::Document, &rows);
        }
        let config = TableConfig { dim: 4, score, init: 1.0 };
        let mut resumed = TableEncoder::new(5, 6, config, &mut stream(2, Purpose::Init));
        resumed.start_optimiser(optimiser);
        resumed.restore(&first.tensors(Keep::Training)).unwrap();
        for encoder in [&mut first, &mut resumed] {
            train(encoder, Side::Query, &[4, 0, 3]);
            train(encoder, Side::Document, &[1, 5]);
        }
        assert_eq!(first.tensors(Keep::Training), resumed.tensors(Keep::Training));
    }
}

#[test]
fn restoring_parameters_alone_leaves_what_the_optimiser_remembers() {
    let mut encoder = random(Score::Dot, ADAM);
    let start = encoder.tensors(Keep::Model);
    train(&mut encoder, Side::Query, &[2]);
    encoder.restore(&start).unwrap();
    assert_eq!(encoder.tensors(Keep::Model), start);
    assert_eq!(steps(&encoder), [0, 0, 1, 0, 0]);
    encoder.start_optimiser(ADAM);
    assert_eq!(steps(&encoder), [0; 5]);
}

#[test]
fn tensors_of_another_table_are_refused() {
    let mut encoder = random(Score::Dot, ADAM);
    let mut other = encoder.tensors(Keep::Model);
    other.insert("document", Tensor::from(&Matrix::zeros(6, 3)));
    let error = encoder.restore(&other).unwrap_err().to_string();
    assert_eq!(error, "tensor `document` has shape [6, 3], expected [6, 4]");
    let error = TableEncoder::from_tensors(Score::Dot, &other).unwrap_err().to_string();
    assert_eq!(error, "tensor `document` has shape [6, 3], expected rows of 4 numbers");
}

#[test]
fn a_table_starts_with_the_mean_and_deviation_that_were_asked_for() {
    let config = TableConfig { dim: 7, score: Score::Dot, init: 0.25 };
    let encoder = TableEncoder::new(10_000, 10_000, config, &mut stream(3, Purpose::Init));
    for side in [Side::Query, Side::Document] {
        let values = encoder.table(side).learned.rows().values();
        let n = values.len() as f64;
        let mean = values.iter().map(|x| f64::from(*x)).sum::<f64>() / n;
        let variance = values.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / n;
        let within_one = values.iter().filter(|x| x.abs() < 0.25).count() as f64 / n;
        assert!(mean.abs() < 5.0 * 0.25 / n.sqrt(), "{mean}");
        assert!((variance.sqrt() / 0.25 - 1.0).abs() < 5.0 / (2.0 * n).sqrt(), "{variance}");
        assert!((within_one - 0.682_689).abs() < 5.0 * (0.22 / n).sqrt(), "{within_one}");
    }
    assert_ne!(encoder.queries.learned.rows(), encoder.docs.learned.rows());
}
