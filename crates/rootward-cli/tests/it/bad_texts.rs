//! Encoders of texts that are damaged or of another kind, and texts that are odd: one error that names file, expected
//! and found, or vectors that are numbers.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::program::Folder;
use crate::texts::{TRAIN, put_transformer, with_texts};

/// Tensors of a file: their kinds of numbers, shapes and bytes.
type Numbers = BTreeMap<String, (String, Vec<usize>, Vec<u8>)>;

/// Something done to a model's folder.
type Harm = fn(&Folder);

const BODY: &str = "encoder.body={kind=\"transformer\",from=\"MODEL\",max_tokens=16,clip=1.0}";
const WEIGHTS: &str = "model.safetensors";

/// A command that begins with the model in a folder.
fn train_from(model: &str) -> String {
    format!("{TRAIN} --set {} --set encoder.towers=one --set stages.0.epochs=1", BODY.replace("MODEL", model))
}

/// What every verb that opens the model says after something was done to it; none of them writes anything.
fn check(model: &str, cases: &[(Harm, &[&str])]) {
    for (harm, words) in cases {
        let folder = with_texts();
        put_transformer(&folder, model);
        harm(&folder);
        let lines = [
            format!("{} --out out", train_from(model)),
            format!("distill --from {model} --dim 8 --out out"),
            format!("baselines --data shop --zero-shot {model} --draws 100"),
        ];
        for line in lines {
            let error = folder.fails(&line);
            let lacking: Vec<_> = words.iter().filter(|word| !error.contains(**word)).collect();
            assert!(lacking.is_empty(), "{lacking:?} not in: {error}");
            assert!(!folder.at("out").exists(), "{line}");
        }
    }
}

fn edit(folder: &Folder, file: &str, key: &str, value: Value) {
    let mut config: Value = serde_json::from_slice(&folder.read(file)).unwrap();
    config[key] = value;
    folder.write(file, config.to_string());
}

fn edit_tensors(folder: &Folder, file: &str, change: impl FnOnce(&mut Numbers)) {
    let bytes = folder.read(file);
    let (length, rest) = bytes.split_at(8);
    let (header, data) = rest.split_at(u64::from_le_bytes(length.try_into().unwrap()) as usize);
    let header: BTreeMap<String, Value> = serde_json::from_slice(header).unwrap();
    let number = |value: &Value| value.as_u64().unwrap() as usize;
    let read = |(name, tensor): (String, Value)| {
        let place = &tensor["data_offsets"];
        let shape = tensor["shape"].as_array().unwrap().iter().map(number).collect();
        let bytes = data[number(&place[0])..number(&place[1])].to_vec();
        (name, (tensor["dtype"].as_str().unwrap().to_owned(), shape, bytes))
    };
    let mut all = header.into_iter().filter(|(name, _)| name != "__metadata__").map(read).collect();
    change(&mut all);
    let (mut header, mut data) = (BTreeMap::new(), Vec::new());
    for (name, (dtype, shape, bytes)) in &all {
        let end = data.len() + bytes.len();
        header.insert(name, json!({"dtype": dtype, "shape": shape, "data_offsets": [data.len(), end]}));
        data.extend(bytes);
    }
    let header = serde_json::to_vec(&header).unwrap();
    folder.write(file, [&(header.len() as u64).to_le_bytes(), &header[..], &data].concat());
}

fn edit_bert(folder: &Folder, change: fn(&mut Numbers)) {
    edit_tensors(folder, "bert/model.safetensors", change);
}

/// Takes rows away from the table of words.
fn shorten(folder: &Folder) {
    edit_bert(folder, |all| {
        let (_, shape, bytes) = all.get_mut("embeddings.word_embeddings.weight").unwrap();
        bytes.truncate(bytes.len() / shape[0] * 55);
        shape[0] = 55;
    });
}

fn halve(folder: &Folder) {
    let bytes = folder.read("bert/model.safetensors");
    folder.write("bert/model.safetensors", &bytes[..bytes.len() / 2]);
}

const KEY: &str = "encoder.layer.1.attention.self.key.bias";
const ONE_MODEL: &str = "of one model?";

#[test]
fn weights_that_are_not_those_of_the_configuration_are_refused() {
    check(
        "bert",
        &[
            (shorten, &[WEIGHTS, "word_embeddings.weight` has shape [55, 32], expected [60, 32]", ONE_MODEL]),
            (
                |folder| {
                    shorten(folder);
                    edit(folder, "bert/config.json", "vocab_size", json!(55));
                },
                &["bert/tokenizer.json: the tokenizer gives token", "has only 55 rows", ONE_MODEL],
            ),
            (
                |folder| edit_bert(folder, |all| _ = all.remove(KEY)),
                &[WEIGHTS, KEY, "is missing, expected it with shape [32]", ONE_MODEL],
            ),
            (
                |folder| {
                    edit_bert(folder, |all| {
                        let more = all[KEY].clone();
                        all.insert("encoder.layer.9.output.dense.bias".to_owned(), more);
                    });
                },
                &[WEIGHTS, "`encoder.layer.9.output.dense.bias` has no place in the model", ONE_MODEL],
            ),
            (halve, &["bert/model.safetensors is damaged: expected a safetensors file", "fetch it again"]),
            (
                |folder| {
                    edit_bert(folder, |all| {
                        all.get_mut(KEY).unwrap().2[4..8].copy_from_slice(&f32::NAN.to_le_bytes());
                    });
                },
                &[WEIGHTS, KEY, "holds NaN at place 1, expected finite numbers", "take another"],
            ),
        ],
    );
}

#[test]
fn configurations_that_make_no_sense_or_another_network_are_refused() {
    check(
        "bert",
        &[
            (
                |folder| edit(folder, "bert/config.json", "num_attention_heads", json!(5)),
                &[
                    "bert/config.json: hidden_size is 32, expected a multiple of num_attention_heads, which is 5",
                ],
            ),
            (
                |folder| edit(folder, "bert/config.json", "model_type", json!("mamba")),
                &["bert/config.json: model_type is mamba, supported: bert, roberta, xlm-roberta"],
            ),
            (
                |folder| edit(folder, "bert/config.json", "hidden_size", json!(4_000_000_000_000u64)),
                &["bert/config.json: hidden_size is 4000000000000, expected at most"],
            ),
            (
                |folder| edit(folder, "bert/config.json", "vocab_size", json!(16_000_000)),
                &[WEIGHTS, "has shape [60, 32], expected [16000000, 32]"],
            ),
            (
                |folder| folder.write("bert/config.json", ""),
                &["bert/config.json does not parse", "expected the file that the model came with"],
            ),
            (
                |folder| folder.write("bert/sentence_bert_config.json", "{\"max_seq_length\": 0}"),
                &[
                    "the length of the longest sequence is 0, expected more than the 2 special",
                    "max_seq_length",
                ],
            ),
            (
                |folder| folder.write("bert/tokenizer.json", "hello\nworld\n"),
                &["bert/tokenizer.json is no tokenizer", "expected a tokenizer.json as Hugging Face's"],
            ),
        ],
    );
}

#[test]
fn modules_that_are_missing_or_unknown_are_refused() {
    check(
        "roberta",
        &[
            (
                |folder| std::fs::remove_dir_all(folder.at("roberta/1_Pooling")).unwrap(),
                &["roberta/1_Pooling", "expected config.json, because modules.json lists this folder"],
            ),
            (
                |folder| std::fs::remove_dir_all(folder.at("roberta/2_Dense")).unwrap(),
                &["roberta/2_Dense", "expected config.json, because modules.json lists this folder"],
            ),
            (
                |folder| edit(folder, "roberta/1_Pooling/config.json", "pooling_mode", json!("weird")),
                &["roberta/1_Pooling/config.json: pooling_mode is weird, supported: cls, mean, max"],
            ),
        ],
    );
}

#[test]
fn no_tokens_at_all_are_no_setting() {
    let folder = with_texts();
    put_transformer(&folder, "bert");
    let none = |line: String| folder.fails(&format!("{line} --set encoder.body.max_tokens=0 --out out"));
    for error in [none(train_from("bert")), none(TRAIN.to_owned())] {
        assert!(error.contains("`encoder.body.max_tokens` is 0, expected 1 to"), "{error}");
    }
    assert!(!folder.at("out").exists());
}

#[test]
fn numbers_of_16_bits_rank_as_those_of_32_do() {
    let folder = with_texts();
    put_transformer(&folder, "bert");
    let recall = |folder: &Folder| {
        let found = folder.json("baselines --data shop --zero-shot bert --draws 100");
        let rows = found["rows"].as_array().unwrap();
        let row = rows.iter().find(|row| row["name"] == "bert, zero-shot").unwrap();
        row["recall"].as_f64().unwrap_or_else(|| panic!("{row}"))
    };
    let whole = recall(&folder);
    edit_tensors(&folder, "bert/model.safetensors", |all| {
        for (dtype, _, bytes) in all.values_mut() {
            // The upper half of a number is the bfloat16 next to it towards zero.
            *bytes = bytes.chunks_exact(4).flat_map(|number| [number[2], number[3]]).collect();
            *dtype = "BF16".to_owned();
        }
    });
    assert!((recall(&folder) - whole).abs() < 0.26, "at most one of 4 queries has another answer");
    folder.done(&format!("{} --out out", train_from("bert")));
}

#[test]
fn a_static_model_that_is_damaged_is_refused() {
    let cases: [(Harm, &[&str]); 4] = [
        (
            |folder| {
                edit_tensors(folder, "small/model.safetensors", |all| {
                    for (_, shape, bytes) in all.values_mut() {
                        bytes.truncate(bytes.len() / shape[0] * 9);
                        shape[0] = 9;
                    }
                });
            },
            &["small/model.safetensors: its matrix has 9 rows, but the tokenizer numbers", ONE_MODEL],
        ),
        (
            |folder| edit_tensors(folder, "small/model.safetensors", BTreeMap::clear),
            &["the static model in small: tensor `embeddings` is missing", "`rootward distill` makes one"],
        ),
        (
            |folder| folder.write("small/tokenizer.json", "hello"),
            &["small/tokenizer.json is no tokenizer", "expected a tokenizer.json"],
        ),
        (
            |folder| std::fs::remove_file(folder.at("small/tokenizer.json")).unwrap(),
            &["small/tokenizer.json could not be read", "expected the tokenizer of a model"],
        ),
    ];
    for (harm, words) in cases {
        let folder = with_texts();
        put_transformer(&folder, "bert");
        folder.done("distill --from bert --dim 8 --out small");
        harm(&folder);
        let error = folder.fails(&format!("{TRAIN} --set encoder.body.from=small --out out"));
        assert!(words.iter().all(|word| error.contains(word)), "{error}");
        assert!(!folder.at("out").exists());
    }
}

#[test]
fn long_empty_and_unknown_texts_are_trained_measured_and_asked_for() {
    let folder = with_texts();
    put_transformer(&folder, "bert");
    let long = "winter shoes ".repeat(50_000);
    let odd = [("long", long.as_str()), ("empty", ""), ("unknown", "\u{13000}\u{0}\u{200b}")];
    for (id, text) in odd {
        let doc = json!({"_id": id, "title": "", "text": text}).to_string();
        let query = json!({"_id": format!("ask-{id}"), "text": text}).to_string();
        let edge = format!("{id}\tfootwear");
        let judged = format!("ask-{id}\t{id}\t1");
        let files = [
            ("corpus.jsonl", &doc),
            ("queries.jsonl", &query),
            ("hierarchy.tsv", &edge),
            ("qrels/train.tsv", &judged),
            ("qrels/test.tsv", &judged),
        ];
        for (file, line) in files {
            let file = format!("shop/{file}");
            folder.write(&file, format!("{}{line}\n", folder.text(&file)));
        }
    }
    for (train, model) in
        [(format!("{TRAIN} --set stages.0.epochs=1"), "static"), (train_from("bert"), "bert-model")]
    {
        folder.done(&format!("{train} --set encoder.documents={{kind=\"encoded\"}} --out {model}"));
        // A score that is not a number would be an error here.
        assert_eq!(folder.json(&format!("eval --data shop --model {model}"))["queries"], 7);
        let line = format!("search --data shop --model {model} --k 2 --json");
        for asked in ["\u{13001}", " "] {
            let output = folder.command(&line).arg(asked).output().unwrap();
            let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
            let scores = answer["hits"].as_array().unwrap().iter().map(|hit| hit["score"].as_f64());
            assert!(
                scores.clone().count() == 2 && scores.into_iter().all(|score| score.is_some()),
                "{answer}"
            );
        }
    }
}

#[test]
fn a_folder_of_the_hub_s_cache_is_a_model() {
    let folder = with_texts();
    put_transformer(&folder, "bert");
    for (file, content) in folder.files("bert") {
        folder.write(&format!("models--some--bert/snapshots/0a1b/{file}"), content);
    }
    folder.write("models--some--bert/refs/main", "0a1b");
    folder.done(&format!("{} --out one", train_from("models--some--bert")));
    folder.done(&format!("{} --out two", train_from("bert")));
    assert_eq!(folder.files("one/body"), folder.files("two/body"));
    folder.done("baselines --data shop --zero-shot models--some--bert --draws 100");
}

#[test]
fn bytes_and_escapes_that_are_no_characters_are_told_by_file_and_line() {
    let cases: [(&str, &[u8], &[&str]); 4] = [
        (
            "corpus.jsonl",
            b"{\"_id\":\"x\",\"title\":\"caf\xe9\",\"text\":\"\"}",
            &["UTF-8 was expected, byte 0xe9", "iconv"],
        ),
        (
            "queries.jsonl",
            b"{\"_id\":\"x\",\"text\":\"caf\xe9\"}",
            &["UTF-8 was expected, byte 0xe9", "iconv"],
        ),
        (
            "corpus.jsonl",
            b"{\"_id\":\"x\",\"title\":\"\\ud83d\",\"text\":\"\"}",
            &["half of a surrogate pair", "U+FFFD"],
        ),
        ("queries.jsonl", b"{\"_id\":\"x\",\"text\":\"\\udc00 x\"}", &["half of a surrogate pair", "U+FFFD"]),
    ];
    for (file, line, words) in cases {
        let folder = with_texts();
        let file = format!("shop/{file}");
        let whole = folder.read(&file);
        let place = format!("{file}:{}: ", whole.split(|byte| *byte == b'\n').count());
        folder.write(&file, [&whole, line, b"\n"].concat());
        let error = folder.fails(&format!("{TRAIN} --out out"));
        assert!(error.starts_with(&place) && words.iter().all(|word| error.contains(word)), "{error}");
        assert!(!folder.at("out").exists());
    }
}
