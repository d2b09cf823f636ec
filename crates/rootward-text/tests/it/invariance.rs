//! What results do not depend on: the texts beside a text, their order, chunks, groups and threads.

use proptest::prelude::*;
use rayon::ThreadPoolBuilder;
use rootward::body::Body;
use rootward::encoder::Side;
use rootward::matrix::Matrix;
use rootward_text::body::TextBody;
use rootward_text::config::DropoutRates;
use rootward_text::network::Precision;
use rootward_text::training::{Activations, Training};

use crate::{PLAIN, bits, body, body_in, slices};

const DROPPING: Training = Training { dropout: DropoutRates { hidden: 0.1, attention: 0.1 }, ..PLAIN };

fn lists() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec("(cat|dog|oak|the|x|!| ){0,40}", 1..40)
}

/// The vectors and the gradient, on some threads.
fn both(precision: Precision, training: Training, texts: &[String], threads: usize) -> [Vec<u32>; 2] {
    let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| {
        let mut body = body_in(precision, "bert", training);
        let vectors = body.encode_in_training(Side::Query, &slices(texts)).unwrap();
        let grad = Matrix::new(texts.len(), 32, vectors.values().iter().map(|x| x.cos()).collect()).unwrap();
        body.backward(Side::Query, &slices(texts), &grad).unwrap();
        [bits(vectors.values()), bits(body.gradient())]
    })
}

fn row(body: &TextBody, vectors: &Matrix, at: usize) -> Vec<u32> {
    assert_eq!(vectors.dim(), body.dim());
    bits(vectors.row(at))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_vector_does_not_depend_on_the_texts_beside_it(texts in lists(), at: prop::sample::Index) {
        let mut body = body("bert", DROPPING);
        let all = body.encode(Side::Query, &slices(&texts)).unwrap();
        let dropped = body.encode_in_training(Side::Query, &slices(&texts)).unwrap();
        let mut turned = texts.clone();
        turned.reverse();
        let reversed = body.encode(Side::Query, &slices(&turned)).unwrap();
        let at = at.index(texts.len());
        let alone = body.encode(Side::Query, &[&texts[at]]).unwrap();
        let dropped_alone = body.encode_in_training(Side::Query, &[&texts[at]]).unwrap();
        prop_assert_eq!(row(&body, &all, at), row(&body, &alone, 0));
        prop_assert_eq!(row(&body, &all, at), row(&body, &reversed, texts.len() - 1 - at));
        prop_assert_eq!(row(&body, &dropped, at), row(&body, &dropped_alone, 0));
    }

    #[test]
    fn threads_change_no_bit_of_vectors_or_gradients(texts in lists(), recomputed: bool, half: bool) {
        let precision = if half { Precision::Half } else { Precision::Single };
        let activations = if recomputed { Activations::Recomputed } else { Activations::Kept };
        // Chunks of several groups, so that threads share them.
        let training = Training { activations, chunk_tokens: 1000, ..DROPPING };
        prop_assert_eq!(both(precision, training, &texts, 1), both(precision, training, &texts, 3));
    }

    #[test]
    fn activations_computed_again_change_no_bit(texts in lists()) {
        let recomputed = Training { activations: Activations::Recomputed, ..DROPPING };
        for precision in [Precision::Single, Precision::Half] {
            let kept = both(precision, DROPPING, &texts, 2);
            prop_assert_eq!(both(precision, recomputed, &texts, 2), kept);
        }
    }
}

#[test]
fn chunks_change_gradients_by_rounding_only() {
    let texts: Vec<String> = (0..60).map(|i| "cat dog oak ".repeat(i % 12)).collect();
    let gradient = |chunk_tokens| {
        let mut body = body("bert", Training { chunk_tokens, ..PLAIN });
        let grad = Matrix::new(60, 32, (0..60 * 32).map(|i| (i as f32).sin()).collect()).unwrap();
        body.backward(Side::Query, &slices(&texts), &grad).unwrap();
        body.gradient().to_vec()
    };
    let (one, many) = (gradient(usize::MAX), gradient(50));
    let greatest = one.iter().fold(0.0f32, |greatest, x| greatest.max(x.abs()));
    assert!(one.iter().zip(&many).all(|(a, b)| (a - b).abs() <= 2e-6 * greatest));
}
