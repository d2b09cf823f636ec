//! The mean of token vectors, its gradients, and its folder.

use super::*;

const READ: Reading = Reading { max_tokens: 4, pairs: 0 };

fn body(dim: usize) -> StaticBody {
    StaticBody::random(Tokens::of_words(&["a", "light", "shoe"]), dim, READ, 7)
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
            let more = StaticBody::of(Tokens::of_words(&["a", "light", "shoe"]), rows, READ);
            let slope = value(&more) - value(&body(2));
            let got = body(2).vectors.rows().row(row)[i] - moved.vectors.rows().row(row)[i];
            assert!((slope - f64::from(got)).abs() < 1e-5, "{row} {i}: {got} is not {slope}");
        }
    }
}

#[test]
fn pairs_begin_with_nothing_and_learn_the_order_of_words() {
    let reading = Reading { pairs: 64, ..READ };
    let mut paired = StaticBody::random(Tokens::of_words(&["a", "light", "shoe"]), 3, reading, 7);
    assert_eq!(encode(&paired, "a shoe"), encode(&body(3), "a shoe"));
    paired.backward(Side::Query, &["a shoe"], &Matrix::new(1, 3, vec![1.0; 3]).unwrap()).unwrap();
    paired.step(1.0);
    // Half of the gradient goes to each of the two tokens and to their pair.
    let moved: Vec<f32> = encode(&body(3), "a shoe").iter().map(|x| x - 0.75).collect();
    assert_eq!(encode(&paired, "a shoe"), moved);
    assert_ne!(encode(&paired, "shoe a"), moved);
    let dir = tempfile::tempdir().unwrap();
    paired.save(dir.path()).unwrap();
    let again = StaticBody::open(dir.path(), None, reading).unwrap();
    assert_eq!(encode(&again, "a shoe"), moved);
}

#[test]
fn what_is_saved_is_opened() {
    let (dir, body) = (tempfile::tempdir().unwrap(), body(3));
    body.save(dir.path()).unwrap();
    let again = StaticBody::open(dir.path(), None, READ).unwrap();
    assert_eq!(encode(&again, "a light shoe"), encode(&body, "a light shoe"));
    let narrow = StaticBody::open(dir.path(), Some(2), READ).unwrap();
    assert_eq!(encode(&narrow, "a light shoe"), encode(&body, "a light shoe")[..2]);
}

#[test]
fn a_tokenizer_of_another_model_and_a_missing_file_are_named() {
    let (dir, said) = (tempfile::tempdir().unwrap(), |dir: &Path, dim| {
        StaticBody::open(dir, dim, READ).err().unwrap().to_string()
    });
    assert!(said(dir.path(), None).contains("model.safetensors could not be read"));
    body(3).save(dir.path()).unwrap();
    assert!(
        said(dir.path(), Some(4))
            .ends_with("have 3 numbers, 4 were asked for; set `encoder.body.dim` to at most that")
    );
    Tokens::of_words(&["a", "b", "c", "d"]).write(&dir.path().join(TOKENIZER)).unwrap();
    assert!(said(dir.path(), None).contains("its matrix has 4 rows, but the tokenizer numbers 5 tokens"));
    std::fs::remove_file(dir.path().join(TOKENIZER)).unwrap();
    assert!(said(dir.path(), None).contains("tokenizer.json could not be read"));
}
