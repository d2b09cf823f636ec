//! Texts in, files of vectors out: three formats that agree, runs that go on, and what is refused.

use std::fs::File;
use std::io::Write;
use std::process::Stdio;

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use serde_json::{Value, json};

use crate::program::{Folder, error_of};
use crate::small::with_model;

const TEXTS: &str = "a sandal for the beach\n\nboots, warm and waterproof\n";

fn with_lines(texts: &str) -> Folder {
    let folder = Folder::new();
    folder.write("texts.txt", texts);
    folder
}

/// The header and the numbers of an array or of a safetensors file, both of which begin with 192 bytes of header.
fn plain(folder: &Folder, name: &str) -> (String, Vec<f32>) {
    let bytes = folder.read(name);
    let numbers = bytes[192..].chunks(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect();
    (String::from_utf8_lossy(&bytes[..192]).into_owned(), numbers)
}

/// The ids and the numbers of a table.
fn table(folder: &Folder, name: &str) -> (Vec<String>, Vec<f32>) {
    let reader = SerializedFileReader::new(File::open(folder.at(name)).unwrap()).unwrap();
    let (mut ids, mut numbers) = (Vec::new(), Vec::new());
    for row in reader.get_row_iter(None).unwrap() {
        for (_, cell) in row.unwrap().into_columns() {
            match cell {
                Field::Str(id) => ids.push(id),
                Field::ListInternal(list) => {
                    let number =
                        |cell: &Field| if let Field::Float(x) = cell { *x } else { panic!("{cell}") };
                    numbers.extend(list.elements().iter().map(number));
                }
                other => panic!("{other}"),
            }
        }
    }
    (ids, numbers)
}

#[test]
fn three_formats_hold_the_same_vectors() {
    let folder = with_lines(TEXTS);
    let said = folder.json("encode --model builtin texts.txt --out v.npy");
    let dim = said["dim"].as_u64().unwrap();
    assert_eq!((&said["texts"], &said["empty"], &said["format"]), (&json!(3), &json!(1), &json!("npy")));
    folder.done("encode --model builtin texts.txt --out v.safetensors --batch 1");
    folder.done("encode --model builtin texts.txt --out v.parquet --threads 1");
    let (header, numbers) = plain(&folder, "v.npy");
    assert!(header.contains(&format!("'shape': (3, {dim})")), "{header}");
    let norm = |row: usize| {
        let row = &numbers[row * dim as usize..][..dim as usize];
        row.iter().map(|x| x * x).sum::<f32>()
    };
    assert!((norm(0) - 1.0).abs() < 1e-5 && norm(1) == 0.0 && (norm(2) - 1.0).abs() < 1e-5);
    let (header, same) = plain(&folder, "v.safetensors");
    assert!(header.contains(&format!("\"embeddings\":{{\"dtype\":\"F32\",\"shape\":[3,{dim}]")), "{header}");
    assert_eq!(same, numbers);
    let ids = ["1", "2", "3"].map(str::to_owned).to_vec();
    assert_eq!(table(&folder, "v.parquet"), (ids, numbers));
    let names: Vec<String> = folder.files("").into_keys().collect();
    assert_eq!(
        names,
        ["texts.txt", "v.npy", "v.parquet", "v.safetensors"],
        "without ids there is no file of them"
    );
}

#[test]
fn documents_of_a_data_set_and_lines_of_its_corpus_have_the_same_vectors_and_ids() {
    let folder = Folder::new();
    let corpus = "{\"_id\":\"a\",\"title\":\"sandal\",\"text\":\"a shoe\"}\n\n{\"_id\":\"b\",\"title\":\"\",\"text\":\"boot\"}\n";
    folder.write("shop/corpus.jsonl", corpus);
    folder.write("shop/hierarchy.tsv", "child\tparent\na\tb\n");
    folder.write("plain.txt", "sandal a shoe\nboot\n");
    folder.done("encode --model builtin --data shop --out data.npy");
    folder.done("encode --model builtin shop/corpus.jsonl --out lines.npy");
    folder.done("encode --model builtin plain.txt --out plain.npy");
    assert_eq!(folder.text("data.npy.ids"), "a\nb\n");
    assert_eq!(folder.text("lines.npy.ids"), "a\nb\n");
    assert_eq!(folder.read("data.npy"), folder.read("lines.npy"));
    assert_eq!(folder.read("data.npy"), folder.read("plain.npy"));
    // Where documents are their own queries, a query is a title.
    folder.write("titles.txt", "sandal\n\n");
    folder.done("encode --model builtin --data shop --side queries --out queries.npy");
    folder.done("encode --model builtin titles.txt --out titles.npy");
    assert_eq!(folder.read("queries.npy"), folder.read("titles.npy"));
}

#[test]
fn standard_input_is_read_too() {
    let folder = with_lines(TEXTS);
    folder.done("encode --model builtin texts.txt --out file.npy");
    let mut command = folder.command("encode --model builtin - --out stdin.npy");
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(TEXTS.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(folder.read("stdin.npy"), folder.read("file.npy"));
}

/// So many texts of a few words.
fn many(texts: usize) -> String {
    (0..texts).map(|at| format!("sandal number {at} and {} boots\n", at * 7919 % 1000)).collect()
}

#[test]
fn a_bad_line_keeps_what_came_before_and_once_mended_the_run_goes_on_to_the_same_bytes() {
    let folder = Folder::new();
    let good = many(20_000);
    folder.write("good.txt", &good);
    for ending in ["npy", "parquet"] {
        folder.done(&format!("encode --model builtin good.txt --out good.{ending}"));
        let at = good.match_indices('\n').nth(18_000).unwrap().0;
        folder.write("texts.txt", [&good.as_bytes()[..at], b"\xff", &good.as_bytes()[at..]].concat());
        let run = format!("encode --model builtin texts.txt --out v.{ending}");
        let error = folder.fails(&run);
        assert!(error.starts_with("texts.txt:18001: UTF-8 was expected"), "{error}");
        assert_eq!(error.matches("was expected").count(), 1, "{error}");
        assert!(error.contains("--resume goes on after them"), "{error}");
        assert!(!folder.at(&format!("v.{ending}")).exists());
        folder.write("texts.txt", &good);
        assert!(folder.fails(&run).contains("was begun: go on with --resume"));
        let said = folder.json(&format!("{run} --resume"));
        assert_eq!((&said["texts"], &said["resumed"]), (&json!(20_000), &json!(16_384)), "{said}");
        assert!(folder.read(&format!("v.{ending}")) == folder.read(&format!("good.{ending}")));
        assert!(folder.fails(&format!("{run} --resume")).contains("is there already; delete it"));
    }
    let names: Vec<String> = folder.files("").into_keys().collect();
    assert_eq!(names, ["good.npy", "good.parquet", "good.txt", "texts.txt", "v.npy", "v.parquet"]);
}

#[cfg(unix)]
#[test]
fn a_run_that_is_killed_or_stopped_goes_on_to_the_same_bytes() {
    use crate::program::{signal, until};
    let folder = Folder::new();
    let lines: String = many(60_000)
        .lines()
        .zip(0..)
        .map(|(text, at)| format!("{}\n", json!({"_id": format!("t{at}"), "text": text})))
        .collect();
    folder.write("texts.jsonl", lines);
    for ending in ["npy", "safetensors", "parquet"] {
        // Small batches take their time.
        let run = format!("encode --model builtin texts.jsonl --batch 8 --out v.{ending}");
        let partial = folder.at(&format!("v.{ending}.partial"));
        for name in ["KILL", "INT"] {
            let child = folder.start(&format!("{run} --resume"));
            let length = || std::fs::metadata(&partial).map_or(0, |known| known.len());
            let before = length();
            until("rows", || length() > before.max(1000) || folder.at(&format!("v.{ending}")).exists());
            signal(&child, name);
            let output = child.wait_with_output().unwrap();
            if name == "INT" {
                assert!(error_of(&output).starts_with("stopped; "), "{output:?}");
            }
        }
        assert!(partial.exists() && !folder.at(&format!("v.{ending}")).exists());
        let said = folder.json(&format!("{run} --resume"));
        assert_eq!(said["texts"], json!(60_000));
        assert_ne!(said["resumed"], json!(0));
        folder.done(&format!("encode --model builtin texts.jsonl --out whole.{ending}"));
        assert!(folder.read(&format!("v.{ending}")) == folder.read(&format!("whole.{ending}")), "{ending}");
        if ending != "parquet" {
            assert_eq!(folder.read(&format!("v.{ending}.ids")), folder.read(&format!("whole.{ending}.ids")));
        }
    }
}

#[test]
fn what_was_begun_goes_on_with_its_own_model_and_texts_only() {
    let folder = Folder::new();
    folder.write("texts.txt", many(5000) + "\0\n");
    folder.fails("encode --model builtin texts.txt --out v.npy");
    folder.write("other.txt", many(5000).replace("number 7 ", "number 8 "));
    let error = folder.fails("encode --model builtin other.txt --out v.npy --resume");
    assert!(
        error.contains("was begun with 4096 other texts") && error.contains("other texts were found"),
        "{error}"
    );
    folder.write("short.txt", many(9));
    let error = folder.fails("encode --model builtin short.txt --out v.npy --resume");
    assert!(error.contains("only 9 texts were found"), "{error}");
    let tiny = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../rootward-text/tests/golden/bert");
    for file in
        std::fs::read_dir(tiny).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file())
    {
        folder.write(&format!("bert/{}", file.file_name().unwrap().display()), std::fs::read(&file).unwrap());
    }
    let error = folder.fails("encode --model bert texts.txt --out v.npy --resume");
    assert!(error.starts_with("v.npy.partial.json was begun with the model builtin (checksum "), "{error}");
    folder.write("texts.txt", many(5000));
    let said: Value = folder.json("encode --model builtin texts.txt --out v.npy --resume");
    assert_eq!(said["resumed"], json!(4096), "a refused run leaves what was begun as it is");
    folder.done("encode --model bert short.txt --out single.npy");
    folder.done("encode --model bert short.txt --out half.npy --bf16");
    let ((_, single), (_, half)) = (plain(&folder, "single.npy"), plain(&folder, "half.npy"));
    let products = single.iter().zip(&half).map(|(a, b)| a * b).sum::<f32>();
    assert!(single != half && products > 9.0 * 0.999, "{products}");
}

#[test]
fn what_cannot_be_encoded_is_refused_with_one_error_and_leaves_nothing() {
    let folder = with_model();
    folder.write("texts.txt", TEXTS);
    folder.write("no-ids.jsonl", "{\"text\":\"a sandal\"}\n");
    for (line, said) in [
        (
            "--model builtin texts.txt --out v.bin",
            "a name that ends in .npy, .safetensors or .parquet was expected",
        ),
        ("--model builtin missing.txt --out v.npy", "missing.txt could not be read"),
        ("--model builtin no-ids.jsonl --out v.npy", "no-ids.jsonl:1: an object {\"_id\""),
        ("--model builtin texts.txt --jsonl --out v.npy", "texts.txt:1: an object {\"_id\""),
        ("--model builtin texts.txt --out v.npy --bf16", "--bf16 is for the products of a Transformer"),
        ("--model nowhere texts.txt --out v.npy", "nowhere is no folder: expected `builtin`, or the folder"),
        ("--model tree texts.txt --out v.npy", "tree/model.safetensors could not be read"),
        ("--model model texts.txt --out v.npy", "model is a model of tables, which reads no texts"),
    ] {
        let before = folder.files("");
        let error = folder.fails(&format!("encode {line}"));
        assert!(error.contains(said), "{line}: {error}");
        assert!(folder.files("") == before, "{line}");
    }
    assert_eq!(folder.run("encode --model builtin --out v.npy").status.code(), Some(2));
}
