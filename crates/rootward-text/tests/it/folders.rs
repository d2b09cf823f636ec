//! Folders in and out, and what is said of bad ones.

use std::collections::BTreeMap;
use std::path::Path;

use rootward::body::Body;
use rootward::encoder::Side;
use rootward::tensors::{Tensor, Tensors};
use rootward_text::body::TextBody;
use rootward_text::model::{Length, TextModel};
use rootward_text::network::Precision;
use rootward_text::pooling::Pooling;
use serde_json::{Value, json};

use crate::{PLAIN, body, copy, encode, golden, texts};

/// Tensors by name: shapes and numbers.
type Numbers = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

fn open(folder: &Path) -> Result<TextModel, String> {
    TextModel::open(folder, usize::MAX).map_err(|error| error.to_string())
}

/// What is said of a copy of a model after something was done to it.
fn said(name: &str, harm: impl FnOnce(&Path)) -> String {
    let dir = tempfile::tempdir().unwrap();
    copy(&golden(name), dir.path());
    harm(dir.path());
    open(dir.path()).err().expect("the harm is noticed")
}

/// Changes a JSON file.
fn edit(path: &Path, change: impl FnOnce(&mut Value)) {
    let mut value: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    change(&mut value);
    std::fs::write(path, value.to_string()).unwrap();
}

/// Changes the tensors of a file.
fn edit_tensors(path: &Path, change: impl FnOnce(&mut Numbers)) {
    let read = Tensors::read(path).unwrap();
    let names: Vec<String> = read.names().map(str::to_owned).collect();
    let mut all = names.into_iter().map(|name| (name.clone(), read.floats(&name).unwrap())).collect();
    change(&mut all);
    let bytes = |values: &[f32]| values.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
    let all: Vec<_> = all.into_iter().map(|(name, (shape, values))| (name, shape, bytes(&values))).collect();
    let views = all.iter().map(|(name, shape, bytes)| {
        let dtype = safetensors::Dtype::F32;
        (name, safetensors::tensor::TensorView::new(dtype, shape.clone(), bytes).unwrap())
    });
    std::fs::write(path, safetensors::serialize(views, None).unwrap()).unwrap();
}

const WEIGHTS: &str = "model.safetensors";

#[test]
fn what_is_saved_opens_with_the_same_bits_and_saves_the_same_files() {
    let (dir, again) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for name in ["bert", "roberta"] {
        let first = body(name, PLAIN);
        let (one, two) = (dir.path().join(name), again.path().join(name));
        first.save(&one).unwrap();
        let model = open(&one).unwrap();
        assert_eq!(model.longest(), first.model().longest());
        assert_eq!((model.prompts(), model.length()), (first.model().prompts(), first.model().length()));
        model.save(&two).unwrap();
        let second = TextBody::new(model, Precision::Single, PLAIN);
        assert_eq!(encode(&second, &texts()), encode(&first, &texts()));
        for file in [WEIGHTS, "modules.json", "config.json", "tokenizer.json", "1_Pooling/config.json"] {
            assert_eq!(
                std::fs::read(one.join(file)).unwrap(),
                std::fs::read(two.join(file)).unwrap(),
                "{file}"
            );
        }
    }
}

#[test]
fn a_plain_folder_is_pooled_by_the_mean_and_modules_are_followed() {
    let (plain, whole) = (open(&golden("bert")).unwrap(), open(&golden("roberta")).unwrap());
    assert_eq!(
        (plain.pooling(), plain.length(), plain.dim(), plain.longest()),
        (Pooling::Mean, Length::Free, 32, 40)
    );
    assert_eq!(
        (whole.pooling(), whole.length(), whole.dim(), whole.longest()),
        (Pooling::Mean, Length::Unit, 16, 20)
    );
    assert_eq!(whole.prompts().of(Side::Query), "find: ");
}

/// What is read of `bert` under modules with this pooling, and with these prompts.
fn with_modules(modules: &[&str], pooling: &Value, prompts: &Value) -> TextModel {
    let dir = tempfile::tempdir().unwrap();
    copy(&golden("bert"), dir.path());
    let place = |(at, kind): (usize, &&str)| {
        let path = if at == 0 { String::new() } else { format!("{at}_{kind}") };
        json!({"idx": at, "name": at.to_string(), "path": path, "type": format!("sentence_transformers.models.{kind}")})
    };
    let modules: Vec<Value> = modules.iter().enumerate().map(place).collect();
    let write = |name: &str, value: &Value| std::fs::write(dir.path().join(name), value.to_string()).unwrap();
    write("modules.json", &json!(modules));
    std::fs::create_dir(dir.path().join("1_Pooling")).unwrap();
    write("1_Pooling/config.json", pooling);
    // Of a normalisation, the hub has no folder at all.
    write("config_sentence_transformers.json", &json!({"prompts": prompts, "default_prompt_name": null}));
    open(dir.path()).unwrap()
}

#[test]
fn folders_as_those_of_bge_e5_and_gte_are_read_with_their_pooling_length_and_prompts() {
    let switches = |on: &str| {
        let modes = ["pooling_mode_cls_token", "pooling_mode_mean_tokens", "pooling_mode_max_tokens"];
        let mut config = json!({"word_embedding_dimension": 32});
        modes.iter().for_each(|mode| config[mode] = json!(*mode == on));
        config
    };
    let (unit, whole) = (["Transformer", "Pooling", "Normalize"], ["Transformer", "Pooling"]);
    let bge = with_modules(&unit, &switches("pooling_mode_cls_token"), &json!({}));
    assert_eq!((bge.pooling(), bge.length()), (Pooling::Cls, Length::Unit));
    assert_eq!((bge.prompts().of(Side::Query), bge.prompts().of(Side::Document)), ("", ""));
    let prompts = json!({"query": "query: ", "passage": "passage: "});
    let e5 = with_modules(&unit, &switches("pooling_mode_mean_tokens"), &prompts);
    assert_eq!((e5.pooling(), e5.length()), (Pooling::Mean, Length::Unit));
    assert_eq!((e5.prompts().of(Side::Query), e5.prompts().of(Side::Document)), ("query: ", "passage: "));
    let gte = with_modules(&whole, &json!({"pooling_mode": "mean"}), &json!({"query": ""}));
    assert_eq!((gte.pooling(), gte.length()), (Pooling::Mean, Length::Free));
}

#[test]
fn a_tensor_beside_the_encoder_is_carried_along() {
    let dir = tempfile::tempdir().unwrap();
    open(&golden("roberta")).unwrap().save(dir.path()).unwrap();
    let names = |folder: &Path| -> Vec<String> {
        Tensors::read(&folder.join(WEIGHTS)).unwrap().names().map(str::to_owned).collect()
    };
    assert!(names(dir.path()).contains(&"pooler.dense.weight".to_owned()));
    assert_eq!(names(dir.path()), names(&golden("roberta")));
}

#[test]
fn a_folder_of_the_hub_stands_for_its_snapshot() {
    let dir = tempfile::tempdir().unwrap();
    let hub = dir.path().join("models--some--bert");
    copy(&golden("bert"), &hub.join("snapshots/abc"));
    assert!(open(&hub).is_ok());
    copy(&golden("roberta"), &hub.join("snapshots/def"));
    let error = open(&hub).err().unwrap();
    assert!(error.contains("holds 2 snapshots and no refs/main"), "{error}");
    std::fs::create_dir(hub.join("refs")).unwrap();
    std::fs::write(hub.join("refs/main"), "def\n").unwrap();
    assert_eq!(open(&hub).unwrap().dim(), 16);
}

#[test]
fn weights_of_half_precision_and_with_a_prefix_are_read() {
    check_halves(safetensors::Dtype::F16, |x| half::f16::from_f32(x).to_le_bytes(), 1e-3);
    check_halves(safetensors::Dtype::BF16, |x| half::bf16::from_f32(x).to_le_bytes(), 1e-2);
}

/// Opens a model whose numbers have 16 bits; they and its vectors may be off by this share.
fn check_halves(dtype: safetensors::Dtype, bytes: fn(f32) -> [u8; 2], share: f32) {
    let dir = tempfile::tempdir().unwrap();
    copy(&golden("bert"), dir.path());
    let path = dir.path().join(WEIGHTS);
    let read = Tensors::read(&path).unwrap();
    let names: Vec<String> = read.names().map(str::to_owned).collect();
    let all: Vec<_> = names
        .iter()
        .map(|name| {
            let (shape, values) = read.floats(name).unwrap();
            let halves: Vec<u8> = values.iter().flat_map(|x| bytes(*x)).collect();
            (format!("bert.{name}"), shape, halves)
        })
        .collect();
    let views = all.iter().map(|(name, shape, bytes)| {
        (name, safetensors::tensor::TensorView::new(dtype, shape.clone(), bytes).unwrap())
    });
    std::fs::write(&path, safetensors::serialize(views, None).unwrap()).unwrap();
    let (half, whole) = (open(dir.path()).unwrap(), open(&golden("bert")).unwrap());
    let near = half
        .parameters()
        .iter()
        .zip(whole.parameters())
        .all(|(a, b)| (a - b).abs() <= share * b.abs() + 1e-7);
    assert!(near && half.parameters() != whole.parameters());
    let vectors = |model| encode(&TextBody::new(model, Precision::Single, PLAIN), &texts());
    let (half, whole) = (vectors(half), vectors(whole));
    for row in 0..whole.n_rows() {
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        let (a, b) = (half.row(row), whole.row(row));
        let cosine = dot(a, b) / (dot(a, a) * dot(b, b)).sqrt();
        assert!(cosine > 1.0 - share, "{dtype:?}: {cosine}");
    }
}

#[test]
fn bad_tensors_are_named_with_file_expected_and_found() {
    const KEY: &str = "encoder.layer.1.attention.self.key.bias";
    let harmed =
        |change: fn(&mut Numbers)| said("bert", |folder| edit_tensors(&folder.join(WEIGHTS), change));
    fn put(all: &mut Numbers, name: &str, n: usize) {
        all.insert(name.to_owned(), (vec![n], vec![0.0; n]));
    }
    for (error, expected) in [
        (harmed(|all| _ = all.remove(KEY)), "is missing, expected it with shape [32]"),
        (harmed(|all| put(all, KEY, 2)), "has shape [2], expected [32]"),
        (harmed(|all| all.get_mut(KEY).unwrap().1[3] = f32::NAN), "holds NaN at place 3"),
    ] {
        assert!(error.contains(WEIGHTS) && error.contains(KEY) && error.contains(expected), "{error}");
    }
    let error = harmed(|all| put(all, "encoder.layer.2.output.dense.bias", 32));
    assert!(error.contains("`encoder.layer.2.output.dense.bias` has no place in the model"), "{error}");
    let error = said("bert", |folder| {
        let mut counts = Tensors::read(&folder.join(WEIGHTS)).unwrap();
        counts.insert(KEY, Tensor::from(&[1u32; 32][..]));
        counts.write(&folder.join(WEIGHTS)).unwrap();
    });
    assert!(error.contains(KEY) && error.contains("of type U32, expected F32, F16 or BF16"), "{error}");
}

#[test]
fn a_damaged_or_missing_file_is_named() {
    let error = said("bert", |folder| std::fs::write(folder.join(WEIGHTS), b"{}").unwrap());
    assert!(error.contains("model.safetensors is damaged"), "{error}");
    for (file, expected) in [
        ("config.json", "expected config.json"),
        (WEIGHTS, "expected model.safetensors"),
        ("tokenizer.json", "expected tokenizer.json"),
    ] {
        let error = said("bert", |folder| std::fs::remove_file(folder.join(file)).unwrap());
        assert!(error.contains("is not a model folder") && error.contains(expected), "{error}");
    }
    let error = said("bert", |folder| std::fs::write(folder.join("tokenizer.json"), b"{}").unwrap());
    assert!(error.contains("tokenizer.json is no tokenizer"), "{error}");
    let error = said("roberta", |folder| std::fs::write(folder.join("modules.json"), b"[1").unwrap());
    assert!(error.contains("modules.json does not parse"), "{error}");
    assert!(open(Path::new("nowhere")).is_err_and(|error| error.contains("nowhere")));
}

#[test]
fn a_tokenizer_with_more_tokens_than_embeddings_is_refused() {
    let error = said("bert", |folder| {
        edit(&folder.join("tokenizer.json"), |tokenizer| tokenizer["model"]["vocab"]["zebra"] = json!(500));
    });
    assert!(error.contains("gives token 500 (`zebra`)") && error.contains("has only"), "{error}");
}

#[test]
fn modules_that_are_not_computed_are_refused_by_name() {
    let kinds = |file: &'static str, key: &'static str, value: Value| {
        said("roberta", move |folder| edit(&folder.join(file), |config| config[key] = value))
    };
    for (error, expected) in [
        (
            kinds("1_Pooling/config.json", "pooling_mode", json!("lasttoken")),
            "pooling_mode is lasttoken, supported: cls, mean, max",
        ),
        (kinds("1_Pooling/config.json", "include_prompt", json!(false)), "include_prompt is false"),
        (
            kinds("2_Dense/config.json", "activation_function", json!("torch.nn.SiLU")),
            "activation_function is torch.nn.SiLU",
        ),
        (kinds("2_Dense/config.json", "in_features", json!(31)), "in_features is 31, expected 32"),
        (kinds("config.json", "model_type", json!("mpnet")), "model_type is mpnet, supported: bert"),
    ] {
        assert!(error.contains(expected), "{error}");
    }
    let error = said("roberta", |folder| {
        edit(&folder.join("modules.json"), |modules| modules[1]["type"] = json!("x.LSTM"));
    });
    assert!(error.contains("the list of modules is Transformer, LSTM, Dense"), "{error}");
}

#[test]
fn any_text_is_encoded_however_long_or_odd() {
    let body = body("roberta", PLAIN);
    let odd = ["", " ", "\u{0}\u{202e}\u{fffd}🙂", "<s></s>[MASK]", "a\u{301}\u{301}"].map(str::to_owned);
    let long = ["cat ".repeat(100_000), "x".repeat(100_000)];
    let vectors = encode(&body, &[odd.as_slice(), &long].concat());
    assert!(vectors.n_rows() == 7 && vectors.values().iter().all(|x| x.is_finite()));
    // Of a long text as many tokens are read as there may be, with the special ones.
    let cut = encode(&body, &["cat ".repeat(18)]);
    assert_eq!(vectors.row(5), cut.row(0));
    let error = TextModel::open(&golden("bert"), 2).err().unwrap().to_string();
    assert!(error.contains("is 2, expected more than the 2 special tokens"), "{error}");
}
