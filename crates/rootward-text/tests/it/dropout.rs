//! Dropout that drops: what it does to vectors, and that the way back goes through the same masks.

use rootward::body::Body;
use rootward::encoder::Side;
use rootward::matrix::Matrix;
use rootward_text::body::TextBody;
use rootward_text::config::DropoutRates;
use rootward_text::training::{Activations, Training};

use crate::{PLAIN, body, encode, slices, texts};

fn dropping(hidden: f32, attention: f32) -> Training {
    Training { dropout: DropoutRates { hidden, attention }, ..PLAIN }
}

fn in_training(body: &mut TextBody, side: Side, texts: &[String]) -> Matrix {
    body.encode_in_training(side, &slices(texts)).unwrap()
}

#[test]
fn vectors_in_training_differ_by_step_and_side_and_are_repeated_within_a_step() {
    for (hidden, attention) in [(0.2, 0.0), (0.0, 0.2)] {
        let (mut body, texts) = (body("bert", dropping(hidden, attention)), texts());
        let plain = encode(&body, &texts);
        let queries = in_training(&mut body, Side::Query, &texts);
        assert_eq!(in_training(&mut body, Side::Query, &texts), queries);
        assert_eq!(encode(&body, &texts), plain);
        let docs = in_training(&mut body, Side::Document, &texts);
        body.step(0.0);
        let later = in_training(&mut body, Side::Query, &texts);
        assert!(plain != queries && docs != queries && later != queries);
    }
}

#[test]
fn the_mean_of_vectors_in_training_is_about_the_plain_vector() {
    let (mut body, texts) = (body("bert", dropping(0.05, 0.05)), vec!["the cat and the dog".to_owned()]);
    let plain = encode(&body, &texts);
    let mut mean = vec![0.0; plain.values().len()];
    for _ in 0..400 {
        let one = in_training(&mut body, Side::Query, &texts);
        mean.iter_mut().zip(one.values()).for_each(|(mean, x)| *mean += x / 400.0);
        body.step(0.0);
    }
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let cosine =
        dot(&mean, plain.values()) / (dot(&mean, &mean) * dot(plain.values(), plain.values())).sqrt();
    assert!(cosine > 0.99, "{cosine}");
}

/// The slope of `sum(vectors)` along the gradient, by the gradient and by differences.
fn slopes(name: &str, training: Training) -> (f64, f64) {
    const STEP: f32 = 2e-3;
    let texts = texts();
    let mut body = body(name, training);
    let ones =
        |body: &TextBody| Matrix::new(texts.len(), body.dim(), vec![1.0; texts.len() * body.dim()]).unwrap();
    let grad = ones(&body);
    body.backward(Side::Query, &slices(&texts), &grad).unwrap();
    let norm = body.gradient().iter().map(|g| f64::from(*g) * f64::from(*g)).sum::<f64>().sqrt();
    let start = body.tensors(rootward::encoder::Keep::Training);
    let gradient = body.gradient().to_vec();
    let sum_at = |rate: f32| {
        let mut moved = start.clone();
        let layout = body.model().layout().clone();
        for place in layout.tensors() {
            let (n_rows, dim) = place.as_matrix();
            let values = place.range.clone().map(|i| {
                body.model().parameters()[i] + (f64::from(rate) * f64::from(gradient[i]) / norm) as f32
            });
            let values = Matrix::new(n_rows, dim, values.collect()).unwrap();
            moved.insert(&place.unique_name(), (&values).into());
        }
        let mut other = crate::body(name, training);
        other.restore(&moved).unwrap();
        let vectors = other.encode_in_training(Side::Query, &slices(&texts)).unwrap();
        vectors.values().iter().map(|x| f64::from(*x)).sum::<f64>()
    };
    (norm, (sum_at(STEP) - sum_at(-STEP)) / f64::from(2.0 * STEP))
}

#[test]
fn gradients_are_quotients_of_differences_with_the_mask_held() {
    for name in ["bert", "roberta"] {
        for activations in [Activations::Kept, Activations::Recomputed] {
            let (by_gradient, by_difference) = slopes(name, Training { activations, ..dropping(0.3, 0.3) });
            assert!((by_difference / by_gradient - 1.0).abs() < 5e-3, "{by_gradient} {by_difference}");
        }
    }
}
