//! The mean of token vectors, its gradients, and its folder.

use super::*;
use crate::tokens::tests::of_words;

fn body(dim: usize) -> StaticBody {
    StaticBody::random(of_words(&["a", "light", "shoe"]), dim, 4, 7)
}

fn encode(body: &StaticBody, text: &str) -> Vec<f32> {
    body.encode(Side::Query, &[text]).unwrap().row(0).to_vec()
}

#[test]
fn a_text_is_the_mean_of_the_tokens_that_are_read() {
    let body = body(3);
    let vectors = body.vectors.rows();
    let expected: Vec<f32> = (0..3).map(|i| (vectors.row(1)[i] + vectors.row(3)[i]) / 2.0).collect();
    assert_eq!(encode(&body, "a shoe"), expected);
    assert_eq!(encode(&body, ""), [0.0; 3]);
    assert_eq!(encode(&body, "a a a a shoe"), encode(&body, "a"));
}

#[test]
fn training_sees_the_vectors_that_are_used() {
    let mut body = body(3);
    let texts = ["a shoe", "light", ""];
    assert_eq!(
        body.encode_in_training(Side::Document, &texts).unwrap(),
        body.encode(Side::Query, &texts).unwrap()
    );
}

#[test]
fn gradients_are_those_of_finite_differences() {
    let (texts, grad) = (["a shoe a", "shoe"], Matrix::new(2, 2, vec![0.5, -1.0, 2.0, 0.25]).unwrap());
    let value = |body: &StaticBody| -> f64 {
        let vectors = body.encode(Side::Query, &texts).unwrap();
        vectors.values().iter().zip(grad.values()).map(|(x, g)| f64::from(*x) * f64::from(*g)).sum()
    };
    let mut moved = body(2);
    moved.backward(Side::Query, &texts, &grad).unwrap();
    moved.step(1.0);
    for row in 0..4 {
        for i in 0..2 {
            let mut rows = body(2).vectors.rows().clone();
            rows.row_mut(row)[i] += 1.0;
            let more = StaticBody::of(of_words(&["a", "light", "shoe"]), rows, 4);
            let slope = value(&more) - value(&body(2));
            let got = body(2).vectors.rows().row(row)[i] - moved.vectors.rows().row(row)[i];
            assert!((slope - f64::from(got)).abs() < 1e-5, "{row} {i}: {got} is not {slope}");
        }
    }
}

#[test]
fn what_is_saved_is_opened() {
    let (dir, body) = (tempfile::tempdir().unwrap(), body(3));
    body.save(dir.path()).unwrap();
    let again = StaticBody::open(dir.path(), None, 4).unwrap();
    assert_eq!(encode(&again, "a light shoe"), encode(&body, "a light shoe"));
    let narrow = StaticBody::open(dir.path(), Some(2), 4).unwrap();
    assert_eq!(encode(&narrow, "a light shoe"), encode(&body, "a light shoe")[..2]);
}

#[test]
fn a_tokenizer_of_another_model_and_a_missing_file_are_named() {
    let (dir, said) = (tempfile::tempdir().unwrap(), |dir: &Path, dim| {
        StaticBody::open(dir, dim, 4).err().unwrap().to_string()
    });
    assert!(said(dir.path(), None).contains("model.safetensors could not be read"));
    body(3).save(dir.path()).unwrap();
    assert!(said(dir.path(), Some(4)).ends_with("have 3 numbers, 4 were asked for; set `encoder.body.dim` to at most that"));
    of_words(&["a", "b", "c", "d"]).write(&dir.path().join(TOKENIZER)).unwrap();
    assert!(said(dir.path(), None).contains("its matrix has 4 rows, but the tokenizer numbers 5 tokens"));
    std::fs::remove_file(dir.path().join(TOKENIZER)).unwrap();
    assert!(said(dir.path(), None).contains("tokenizer.json could not be read"));
}
