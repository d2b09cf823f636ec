//! What training moves and remembers.

use rootward::body::Body;
use rootward::encoder::{Keep, Side};
use rootward::matrix::Matrix;
use rootward::optimiser::Optimiser;
use rootward_text::body::TextBody;
use rootward_text::config::DropoutRates;
use rootward_text::layout::Part;
use rootward_text::training::{Frozen, Training};

use crate::{PLAIN, bits, body, encode, slices, texts};

const ADAM: Optimiser = Optimiser::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, lazy: false, decay: 0.01 };
const DROPPING: Training = Training { dropout: DropoutRates { hidden: 0.1, attention: 0.1 }, ..PLAIN };

/// Some steps that push vectors apart from the first text's.
fn train(body: &mut TextBody, steps: usize) {
    let texts = texts();
    for _ in 0..steps {
        let vectors = body.encode_in_training(Side::Query, &slices(&texts)).unwrap();
        let grad = vectors.values().iter().map(|x| x.sin()).collect();
        let grad = Matrix::new(vectors.n_rows(), vectors.dim(), grad).unwrap();
        body.backward(Side::Query, &slices(&texts), &grad).unwrap();
        body.step(1e-3);
    }
}

#[test]
fn frozen_parts_stay_and_all_others_move() {
    for (embeddings, layers) in [(true, 0), (false, 1), (true, 1), (true, 2)] {
        let mut body = body("roberta", Training { frozen: Frozen { embeddings, layers }, ..PLAIN });
        let before = body.model().parameters().to_vec();
        body.start_optimiser(ADAM);
        train(&mut body, 1);
        for place in body.model().layout().tensors() {
            let frozen = match place.part {
                Part::Embeddings => embeddings,
                Part::Layer(layer) => layer < layers,
                Part::Head(_) => false,
            };
            let stayed = body.model().parameters()[place.range.clone()] == before[place.range.clone()];
            assert_eq!(stayed, frozen, "{} with {embeddings}, {layers}", place.unique_name());
        }
    }
}

#[test]
fn training_goes_on_from_what_was_kept_bit_for_bit() {
    for optimiser in [
        ADAM,
        Optimiser::Sgd {},
        Optimiser::Adagrad { epsilon: 1e-6 },
        Optimiser::RiemannianSgd { clip: 0.1 },
    ] {
        let mut whole = body("roberta", DROPPING);
        whole.start_optimiser(optimiser);
        train(&mut whole, 2);
        let kept = whole.tensors(Keep::Training);
        train(&mut whole, 2);
        let mut resumed = body("roberta", DROPPING);
        resumed.start_optimiser(optimiser);
        resumed.restore(&kept).unwrap();
        train(&mut resumed, 2);
        assert_eq!(bits(resumed.model().parameters()), bits(whole.model().parameters()), "{optimiser:?}");
        assert_eq!(resumed.tensors(Keep::Training), whole.tensors(Keep::Training));
    }
}

#[test]
fn a_restored_model_encodes_as_the_one_that_was_kept() {
    let (mut moved, mut restored) = (body("bert", PLAIN), body("bert", PLAIN));
    let before = encode(&moved, &texts());
    moved.start_optimiser(ADAM);
    train(&mut moved, 1);
    assert_ne!(encode(&moved, &texts()), before);
    restored.restore(&moved.tensors(Keep::Model)).unwrap();
    assert_eq!(encode(&restored, &texts()), encode(&moved, &texts()));
    let error = restored.restore(&body("roberta", PLAIN).tensors(Keep::Model)).unwrap_err().to_string();
    assert!(error.contains("embeddings.word_embeddings.weight") && error.contains("expected"), "{error}");
}

#[test]
fn a_gradient_of_another_shape_is_refused() {
    let error = body("bert", PLAIN).backward(Side::Query, &["cat"], &Matrix::zeros(1, 31)).unwrap_err();
    assert!(error.to_string().contains("(1, 32) were expected, (1, 31) came"), "{error}");
}

#[test]
fn nothing_to_encode_is_no_vectors() {
    let mut body = body("roberta", PLAIN);
    assert_eq!(encode(&body, &[]), Matrix::zeros(0, 16));
    body.backward(Side::Query, &[], &Matrix::zeros(0, 16)).unwrap();
    assert!(body.gradient().iter().all(|x| *x == 0.0));
}
