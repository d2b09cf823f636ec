//! Encoders that read: trained on some questions, they answer others.

use std::path::Path;

use serde_json::{Value, json};

use crate::program::{Folder, files_of};

/// What is asked for, and what lies above it.
const TOPICS: [(&str, &str, [&str; 6]); 4] = [
    (
        "sandals",
        "footwear",
        [
            "open shoes for the beach",
            "flip flops",
            "summer shoes",
            "shoes with straps",
            "beach sandals",
            "light summer sandals",
        ],
    ),
    (
        "boots",
        "footwear",
        [
            "leather boots",
            "winter shoes",
            "hiking boots",
            "warm boots",
            "rubber boots for rain",
            "boots for the winter",
        ],
    ),
    (
        "violins",
        "instruments",
        [
            "a fiddle",
            "violin strings",
            "a violin for beginners",
            "fiddle and bow",
            "bows for violins",
            "violin for a child",
        ],
    ),
    (
        "flutes",
        "instruments",
        [
            "a wooden flute",
            "flute lessons",
            "a silver flute",
            "piccolo flute",
            "flute for beginners",
            "a flute for a child",
        ],
    ),
];

/// Questions of which five of each topic are trained on, and the sixth is the test.
pub(crate) fn with_texts() -> Folder {
    let folder = Folder::new();
    let (mut corpus, mut hierarchy, mut queries) =
        (String::new(), String::from("child\tparent\n"), String::new());
    let mut qrels =
        [String::from("query-id\tcorpus-id\tscore\n"), String::from("query-id\tcorpus-id\tscore\n")];
    for above in ["footwear", "instruments"] {
        corpus += &format!("{}\n", json!({"_id": above, "title": above, "text": format!("all {above}")}));
    }
    for (topic, above, asked) in TOPICS {
        corpus += &format!("{}\n", json!({"_id": topic, "title": topic, "text": ""}));
        hierarchy += &format!("{topic}\t{above}\n");
        for (i, text) in asked.into_iter().enumerate() {
            queries += &format!("{}\n", json!({"_id": format!("{topic}{i}"), "text": text}));
            qrels[i / 5] += &format!("{topic}{i}\t{topic}\t1\n");
        }
    }
    folder.write("shop/corpus.jsonl", corpus);
    folder.write("shop/hierarchy.tsv", hierarchy);
    folder.write("shop/queries.jsonl", queries);
    folder.write("shop/qrels/train.tsv", &qrels[0]);
    folder.write("shop/qrels/test.tsv", &qrels[1]);
    folder
}

/// Puts a tiny Transformer of these tests, `bert` or `roberta`, into a folder of that name.
pub(crate) fn put_transformer(folder: &Folder, name: &str) {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rootward-text/tests/golden").join(name);
    for (file, content) in files_of(&golden) {
        folder.write(&format!("{name}/{file}"), content);
    }
}

/// A command that trains for a moment, to be followed by `--out`.
pub(crate) const TRAIN: &str = "train --data shop --recipe text-climb --set stages.0.epochs=60 --set encoder.body.pairs=64 \
                     --set stages.0.negatives.uniform=16";

#[test]
fn questions_that_were_never_trained_find_their_topic_and_what_lies_above() {
    let folder = with_texts();
    folder.done(&format!("{TRAIN} --out model"));
    let found = folder.json("eval --data shop --model model");
    assert_eq!(found["recall_by_distance"], json!({"0": 1.0, "1": 1.0}), "{found}");
    let asked =
        folder.command("search --data shop --model model --k 2 --json").arg("fiddle strings").output();
    let answer: Value = serde_json::from_slice(&asked.unwrap().stdout).unwrap();
    let mut ids: Vec<&str> =
        answer["hits"].as_array().unwrap().iter().map(|hit| hit["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["instruments", "violins"], "{answer}");
}

#[test]
fn a_text_model_is_trained_again_from_its_own_folder_and_its_network_is_a_model_too() {
    let folder = with_texts();
    folder.done(&format!("{TRAIN} --out model"));
    folder.done("train --data shop --recipe model/recipe.toml --out again");
    assert_eq!(folder.files("model/query_body"), folder.files("again/query_body"));
    assert_eq!(folder.read("model/model.safetensors"), folder.read("again/model.safetensors"));
    folder.done("train --data shop --recipe text-standard --set encoder.body.from=model/query_body --set stages.0.epochs=1 --out more");
}

#[test]
fn documents_are_encoded_for_any_data_where_no_table_holds_them() {
    let folder = with_texts();
    folder.done(&format!("{TRAIN} --out tied"));
    folder.done(&format!("{TRAIN} --set encoder.documents={{kind=\"encoded\"}} --out free"));
    let corpus = folder.text("shop/corpus.jsonl") + "{\"_id\":\"drums\",\"title\":\"drums\",\"text\":\"\"}\n";
    for name in ["hierarchy.tsv", "queries.jsonl", "qrels/train.tsv", "qrels/test.tsv"] {
        folder.write(&format!("larger/{name}"), folder.read(&format!("shop/{name}")));
    }
    folder.write("larger/corpus.jsonl", corpus);
    folder.done("eval --data larger --model free");
    let error = folder.fails("eval --data larger --model tied");
    assert!(
        error.starts_with("the model has a vector of its own for each document of `shop` (6 documents"),
        "{error}"
    );
}

#[test]
fn what_documents_say_of_themselves_can_be_learned_from() {
    let folder = with_texts();
    folder.done(&format!(
        "{TRAIN} --set learn_from=[\"titles\",\"texts\"] --set stages.0.epochs=5 --out model"
    ));
    let report = folder.text("model/report.jsonl");
    // Four titles of topics, two of what lies above, and the texts of these two: none of them is a question of the test.
    assert!(report.contains("\"queries\":8"), "{report}");
    folder.json("eval --data shop --model model");
    let error = folder.fails("train --data shop --recipe climb --set learn_from=[\"titles\"] --out table");
    assert!(
        error
            .contains("`learn_from` is more than judgements, expected judgements where `encoder` is a table"),
        "{error}"
    );
}

#[test]
fn pieces_of_documents_and_generated_queries_can_be_learned_from() {
    let folder = with_texts();
    let from =
        "[{repeated_judgements={times=2}},{spans={each=2,least=2,most=4}},{generated={name=\"qgen\"}}]";
    let train = format!("{TRAIN} --set learn_from={from} --set stages.0.epochs=2");
    let error = folder.fails(&format!("{train} --out model"));
    assert!(error.contains("shop holds no qgen-queries.jsonl; put the generated queries there"), "{error}");
    folder.write("shop/qgen-queries.jsonl", "{\"_id\":\"g\",\"text\":\"bow and bridge\"}\n");
    folder.write("shop/qgen-qrels/train.tsv", "query-id\tcorpus-id\tscore\ng\tviolins\t1\n");
    folder.done(&format!("{train} --out model"));
    folder.done(&format!("{train} --out again"));
    assert_eq!(folder.read("model/model.safetensors"), folder.read("again/model.safetensors"));
    folder.json("eval --data shop --model model");
}

#[test]
fn untrained_encoders_stand_among_the_baselines() {
    let found = with_texts().json("baselines --data shop --zero-shot builtin --draws 100");
    let names: Vec<&str> =
        found["rows"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert!(
        names.contains(&"builtin, zero-shot") && names.contains(&"builtin, zero-shot, look-up"),
        "{names:?}"
    );
}

#[test]
fn a_transformer_is_distilled_and_trained() {
    let folder = with_texts();
    put_transformer(&folder, "bert");
    folder.done("distill --from bert --dim 8 --out small");
    folder.done(&format!("{TRAIN} --set encoder.body.from=small --set stages.0.epochs=1 --out static"));
    let body = "encoder.body={kind=\"transformer\",from=\"bert\",max_tokens=16,clip=1.0}";
    let train = |more: &str, out: &str| {
        let line = "--set encoder.towers=one --set stages.0.epochs=1";
        folder.done(&format!("{TRAIN} --set {body} {line} {more} --out {out}"));
    };
    train("", "model");
    train("--set encoder.body.recompute=true", "recomputed");
    assert!(folder.files("model/body") == folder.files("recomputed/body"));
    folder.json("eval --data shop --model model");

    train("--set encoder.body.bf16=true", "half");
    let vectors = |model: &str| {
        folder.done(&format!("encode --model {model} texts.txt --side queries --out {model}.npy"));
        let bytes = folder.read(&format!("{model}.npy"));
        let (numbers, _) = bytes[192..].as_chunks::<4>();
        numbers.iter().map(|number| f32::from_le_bytes(*number)).collect::<Vec<_>>()
    };
    folder.write("texts.txt", "red sandals\nshoes for kids\n");
    let (single, half) = (vectors("model"), vectors("half"));
    assert!(single != half && single.iter().zip(&half).all(|(a, b)| (a - b).abs() < 0.05));
    assert!(folder.text("half/recipe.toml").contains("bf16 = true"));

    assert!(folder.fails("distill --from bert --dim 8 --out small").contains("is not empty"));
    assert!(
        folder.fails("distill --from bert --dim 4000 --out huge").contains("--dim is 4000: expected 1 to ")
    );
    assert!(folder.fails("distill --from shop --dim 8 --out none").contains("shop"), "the folder is named");
}
