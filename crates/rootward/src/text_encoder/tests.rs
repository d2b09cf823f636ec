//! Towers, heads and the documents' own vectors: shapes, gradients against finite differences, saving.

use super::*;
use crate::encoder::Text;
use crate::recipe::BodyConfig;
use crate::static_body::{Reading, StaticBody};
use crate::tokens::Tokens;

const TEXTS: [&str; 3] = ["a light shoe", "shoe", "a"];

fn config(towers: Towers, head: Option<usize>, documents: Documents, score: Score) -> TextConfig {
    let body = BodyConfig::Static { from: "random".to_owned(), dim: Some(4), max_tokens: 8, pairs: 0 };
    TextConfig { body, towers, head: head.map(|dim| HeadConfig { dim, speed: 1.0 }), documents, score }
}

fn open(config: &BodyConfig, start: Start<'_>) -> Result<Box<dyn Body>, OpenError> {
    let BodyConfig::Static { max_tokens, pairs, .. } = *config else { return Err("no such network".into()) };
    let reading = Reading { max_tokens, pairs };
    Ok(Box::new(match start {
        Start::Fresh { seed } => {
            StaticBody::random(Tokens::of_words(&["a", "light", "shoe"]), 4, reading, seed)
        }
        Start::Saved(folder) => StaticBody::open(folder, None, reading)?,
    }))
}

fn new(config: &TextConfig) -> TextEncoder {
    TextEncoder::new(config, TEXTS.len(), 7, &open).unwrap()
}

fn inputs() -> Vec<Input<'static>> {
    TEXTS.iter().zip(0..).map(|(text, idx)| Input { idx, text: Text::plain(text) }).collect()
}

/// Every kind of encoder that there is.
fn kinds() -> Vec<TextConfig> {
    let documents =
        [Documents::Encoded {}, Documents::Table { init: 0.5, speed: 1.0 }, Documents::Both { speed: 1.0 }];
    let mut kinds = Vec::new();
    for towers in [Towers::One, Towers::Two] {
        for head in [None, Some(3)] {
            for score in [Score::Dot, Score::Cosine] {
                kinds.extend(documents.map(|documents| config(towers, head, documents, score)));
            }
        }
    }
    kinds
}

/// An encoder whose parts all have something to say: a step away from where it began.
fn moved(config: &TextConfig) -> TextEncoder {
    let mut encoder = new(config);
    for (side, factor) in [(Side::Query, 0.3), (Side::Document, -0.2)] {
        let grad = gradient(encoder.dim(), factor);
        step(&mut encoder, side, &grad);
    }
    encoder
}

fn gradient(dim: usize, factor: f32) -> Matrix {
    let values = (0..TEXTS.len() * dim).map(|i| factor * ((i * 7 % 5) as f32 - 1.5)).collect();
    Matrix::new(TEXTS.len(), dim, values).unwrap()
}

fn step(encoder: &mut TextEncoder, side: Side, grad: &Matrix) {
    encoder.encode_in_training(side, &inputs()).unwrap();
    encoder.backward(side, &inputs(), grad).unwrap();
    encoder.step(1.0);
}

/// `<grad, vectors>`: the number whose gradient with respect to the vectors is `grad`.
fn value(encoder: &TextEncoder, side: Side, grad: &Matrix) -> f64 {
    let vectors = encoder.encode(side, &inputs()).unwrap();
    vectors.values().iter().zip(grad.values()).map(|(x, g)| f64::from(*x) * f64::from(*g)).sum()
}

/// The parameters, changed in one place of one tensor.
fn nudged(tensors: &Tensors, name: &str, place: usize, by: f32) -> Tensors {
    let mut matrix = tensors.matrix(name).unwrap();
    matrix.values_mut()[place] += by;
    let mut nudged = tensors.clone();
    nudged.insert(name, (&matrix).into());
    nudged
}

#[test]
fn gradients_of_every_parameter_are_those_of_finite_differences() {
    for config in kinds() {
        for side in SIDES {
            let encoder = moved(&config);
            let (grad, before) = (gradient(encoder.dim(), 1.0), encoder.tensors(Keep::Model));
            let mut after = moved(&config);
            step(&mut after, side, &grad);
            let after = after.tensors(Keep::Model);
            for name in before.names() {
                for place in 0..before.matrix(name).unwrap().values().len() {
                    let at = |by| {
                        let mut encoder = moved(&config);
                        encoder.restore(&nudged(&before, name, place, by)).unwrap();
                        value(&encoder, side, &grad)
                    };
                    let slope = (at(0.01) - at(-0.01)) / 0.02;
                    let number = |tensors: &Tensors| tensors.matrix(name).unwrap().values()[place];
                    let got = f64::from(number(&before) - number(&after));
                    assert!(
                        (got - slope).abs() < 2e-2 * (1.0 + slope.abs()),
                        "{config:?} {side:?} {name} {place}: {got} is not {slope}"
                    );
                }
            }
        }
    }
}

#[test]
fn what_is_saved_is_opened() {
    for config in kinds() {
        let (dir, encoder) = (tempfile::tempdir().unwrap(), moved(&config));
        encoder.save(dir.path()).unwrap();
        let tensors = Tensors::read(&dir.path().join(PARAMETERS)).unwrap();
        let again = TextEncoder::open(&config, TEXTS.len(), dir.path(), &tensors, &open).unwrap();
        for side in SIDES {
            assert_eq!(again.encode(side, &inputs()).unwrap(), encoder.encode(side, &inputs()).unwrap());
        }
    }
}

#[test]
fn a_head_begins_with_the_first_numbers_of_the_network() {
    let config = |head| config(Towers::One, head, Documents::Encoded {}, Score::Dot);
    let encode = |head| new(&config(head)).encode(Side::Query, &inputs()).unwrap();
    let (whole, first) = (encode(None), encode(Some(3)));
    (0..TEXTS.len()).for_each(|i| assert_eq!(first.row(i), &whole.row(i)[..3]));
    let error = TextEncoder::new(&config(Some(5)), 3, 7, &open).err().unwrap().to_string();
    assert_eq!(
        error,
        "`encoder.head.dim` is 5, but the network's vectors have 4 numbers; expected at most these"
    );
}

#[test]
fn only_a_table_keeps_documents_from_being_added() {
    let reads = |documents| {
        let encoder = new(&config(Towers::One, None, documents, Score::Dot));
        SIDES.map(|side| encoder.reads_texts(side))
    };
    assert_eq!(reads(Documents::Encoded {}), [true, true]);
    assert_eq!(reads(Documents::Table { init: 1.0, speed: 1.0 }), [true, false]);
    assert_eq!(reads(Documents::Both { speed: 1.0 }), [true, false]);
}

#[test]
fn two_towers_learn_apart_and_one_together() {
    let change = |towers| {
        let config = config(towers, None, Documents::Encoded {}, Score::Dot);
        let mut encoder = new(&config);
        step(&mut encoder, Side::Query, &gradient(4, 1.0));
        encoder.encode(Side::Document, &inputs()).unwrap()
            == new(&config).encode(Side::Document, &inputs()).unwrap()
    };
    assert_eq!([Towers::One, Towers::Two].map(change), [false, true]);
}
