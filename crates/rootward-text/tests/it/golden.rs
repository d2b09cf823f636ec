//! Vectors, gradients and losses against those of PyTorch: see `golden/tiny.py`.

use rootward::body::Body;
use rootward::encoder::Side;
use rootward::matrix::Matrix;
use rootward::optimiser::Optimiser;
use rootward::tensors::Tensors;
use rootward_text::body::TextBody;
use rootward_text::model::TextModel;
use rootward_text::network::Precision;
use rootward_text::training::{Activations, Training};

use crate::{PLAIN, body, body_in, copy, expected, golden, slices, texts};

fn numbers() -> Tensors {
    Tensors::read(&golden("expected.safetensors")).unwrap()
}

/// The bert model with another pooling, as a folder that says so.
fn pooled(how: &str, precision: Precision, training: Training) -> TextBody {
    let dir = tempfile::tempdir().unwrap();
    copy(&golden("bert"), dir.path());
    let module = |idx, path, kind| serde_json::json!({"idx": idx, "name": "", "path": path, "type": kind});
    let modules = serde_json::json!([module(0, "", "x.Transformer"), module(1, "1_Pooling", "x.Pooling")]);
    std::fs::write(dir.path().join("modules.json"), modules.to_string()).unwrap();
    std::fs::create_dir(dir.path().join("1_Pooling")).unwrap();
    let pooling = serde_json::json!({"embedding_dimension": 32, "pooling_mode": how});
    std::fs::write(dir.path().join("1_Pooling/config.json"), pooling.to_string()).unwrap();
    TextBody::new(TextModel::open(dir.path(), usize::MAX).unwrap(), precision, training)
}

/// The greatest difference of two lists, as a share of the greatest number expected.
fn apart(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len());
    found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / greatest(expected)
}

fn greatest(values: &[f32]) -> f32 {
    values.iter().fold(0.0, |greatest, x| greatest.max(x.abs()))
}

/// Compares vectors and every gradient.
fn check(name: &str, weights: &str, mut body: TextBody) {
    let (numbers, texts) = (numbers(), texts());
    let vectors = body.encode(Side::Document, &slices(&texts)).unwrap();
    let expected = numbers.matrix(&format!("{name}.vectors")).unwrap();
    assert!(apart(vectors.values(), expected.values()) < 3e-6, "{name}");
    assert_eq!(body.encode_in_training(Side::Document, &slices(&texts)).unwrap(), vectors);
    body.backward(Side::Document, &slices(&texts), &numbers.matrix(weights).unwrap()).unwrap();
    for place in body.model().layout().tensors() {
        let found = &body.gradient()[place.range.clone()];
        let gradient = |tensor: &str| numbers.floats(&format!("{name}.gradient.{tensor}")).unwrap().1;
        let tensor = place.unique_name();
        let expected = gradient(&tensor);
        // A bias of keys adds the same to all scores of a row, which changes no share: its true gradient is zero.
        let far = if tensor.ends_with("key.bias") {
            assert!(greatest(&expected) < 1e-6);
            greatest(found) / greatest(&gradient(&tensor.replace("key", "query")))
        } else {
            apart(found, &expected)
        };
        assert!(far < 2e-5, "{name}: {tensor} is {far:e} off");
    }
}

#[test]
fn vectors_and_gradients_are_those_of_pytorch_with_every_pooling() {
    for how in ["cls", "mean", "max"] {
        check(&format!("bert.{how}"), "bert.weights", pooled(how, Precision::Single, PLAIN));
    }
}

#[test]
fn activations_that_are_computed_again_give_the_same_gradients() {
    let training = Training { activations: Activations::Recomputed, ..PLAIN };
    check("bert.mean", "bert.weights", pooled("mean", Precision::Single, training));
}

#[test]
fn positions_of_roberta_a_dense_layer_and_the_other_gelu_are_those_of_pytorch() {
    check("roberta", "roberta.weights", body("roberta", PLAIN));
}

#[test]
fn queries_go_behind_their_prompt() {
    let texts = texts();
    let vectors = body("roberta", PLAIN).encode(Side::Query, &slices(&texts)).unwrap();
    let expected = numbers().matrix("roberta.query.vectors").unwrap();
    assert!(apart(vectors.values(), expected.values()) < 3e-6);
}

#[test]
fn products_of_bfloat16_stay_near() {
    let texts = texts();
    let vectors = pooled("mean", Precision::Half, PLAIN).encode(Side::Document, &slices(&texts)).unwrap();
    let expected = numbers().matrix("bert.mean.vectors").unwrap();
    let far = apart(vectors.values(), expected.values());
    assert!(far > 1e-5 && far < 0.05, "{far}");
}

#[test]
fn gradients_of_bfloat16_stay_near() {
    for activations in [Activations::Kept, Activations::Recomputed] {
        let mut body = pooled("mean", Precision::Half, Training { activations, ..PLAIN });
        let (numbers, texts) = (numbers(), texts());
        let weights = numbers.matrix("bert.weights").unwrap();
        body.backward(Side::Document, &slices(&texts), &weights).unwrap();
        let mut farthest = 0.0f32;
        for place in body.model().layout().tensors() {
            let tensor = place.unique_name();
            // The true gradient of a bias of keys is zero.
            if !tensor.ends_with("key.bias") {
                let expected = numbers.floats(&format!("bert.mean.gradient.{tensor}")).unwrap().1;
                farthest = farthest.max(apart(&body.gradient()[place.range.clone()], &expected));
            }
        }
        assert!(farthest > 1e-4 && farthest < 0.05, "{farthest}");
    }
}

/// Twenty losses of AdamW, each as a share of what PyTorch finds.
fn losses(precision: Precision) -> Vec<f64> {
    let (texts, targets) = (texts(), numbers().matrix("bert.targets").unwrap());
    let mut body = body_in(precision, "bert", Training { greatest_norm: 0.5, ..PLAIN });
    body.start_optimiser(Optimiser::Adam {
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        lazy: false,
        decay: 0.05,
    });
    let step = |expected: &serde_json::Value| {
        let vectors = body.encode_in_training(Side::Document, &slices(&texts)).unwrap();
        let n = vectors.values().len() as f32;
        let apart: Vec<f32> = vectors.values().iter().zip(targets.values()).map(|(x, y)| x - y).collect();
        let loss = apart.iter().map(|x| f64::from(x * x)).sum::<f64>() / f64::from(n) / 2.0;
        let grad = apart.iter().map(|x| x / n).collect();
        let grad = Matrix::new(vectors.n_rows(), vectors.dim(), grad).unwrap();
        body.backward(Side::Document, &slices(&texts), &grad).unwrap();
        body.step(0.002);
        loss / expected.as_f64().unwrap()
    };
    expected()["losses"].as_array().unwrap().iter().map(step).collect()
}

#[test]
fn twenty_losses_of_adamw_follow_those_of_pytorch() {
    let losses = losses(Precision::Single);
    assert!(losses.iter().all(|share| (share - 1.0).abs() < 2e-5), "{losses:?}");
}

#[test]
fn twenty_losses_in_bfloat16_stay_near() {
    let losses = losses(Precision::Half);
    assert!(losses.iter().all(|share| (share - 1.0).abs() < 0.03), "{losses:?}");
}
