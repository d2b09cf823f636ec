//! Files and settings that cannot be right are refused with one error that leads to the fix, and nothing is written.

use crate::program::{Folder, stderr};
use crate::small::{TRAIN, corpus, data_noun, hierarchy, with_model, with_tree};

/// Each file in turn is put into the tree; every verb that opens it must say all of these words and write nothing.
fn check_data(cases: &[(&str, &[u8], &[&str])]) {
    for (file, content, words) in cases {
        let folder = with_tree();
        folder.write(file, content);
        for verb in ["geometry tree", &format!("{TRAIN} --out out")] {
            expect(&folder.fails(verb), words);
        }
        let output = folder.run("inspect tree");
        assert_eq!(output.status.code(), Some(1));
        assert!(
            stderr(&output).contains("tree does not open: solve the errors above"),
            "{}",
            stderr(&output)
        );
        assert!(
            folder.files("out").is_empty() && !folder.at("out").exists(),
            "{file} left something in `out`"
        );
    }
}

fn expect(error: &str, words: &[&str]) {
    for word in words {
        assert!(error.contains(word), "`{word}` was expected in: {error}");
    }
}

#[test]
fn bad_data_is_refused_with_file_line_and_remedy() {
    let twice = format!("{}{{\"_id\":\"n5\"}}\n", corpus());
    let cycle = format!("{}n0\tn5\n", hierarchy());
    let unknown = format!("{}n5\tn99\n", hierarchy());
    check_data(&[
        ("tree/corpus.jsonl", b"\x7fELF\0\0\0", &["tree/corpus.jsonl:1: ", "zero byte"]),
        ("tree/corpus.jsonl", b"\x1f\x8b\x08\0", &["tree/corpus.jsonl:1: ", "gzip was found; add .gz"]),
        (
            "tree/corpus.jsonl",
            b"{\"_id\":\"n0\"}\n{\"_id\":\"\xe9\"}\n",
            &["corpus.jsonl:2: UTF-8", "0xe9", "iconv"],
        ),
        ("tree/corpus.jsonl", b"", &["tree/corpus.jsonl holds no document"]),
        ("tree/corpus.jsonl", b"{\"_id\": 5}\n", &["corpus.jsonl:1: ", "was expected", "`{\"_id\": 5}`"]),
        ("tree/corpus.jsonl", twice.as_bytes(), &["tree/corpus.jsonl:64: ", "`n5` is that of line 6 too"]),
        ("tree/corpus.jsonl.gz", b"", &["are both there; delete"]),
        ("tree/hierarchy.tsv", b"a,b\n", &["tree/hierarchy.tsv:1: ", "child<TAB>parent", "`a,b`"]),
        (
            "tree/hierarchy.tsv",
            cycle.as_bytes(),
            &["tree/hierarchy.tsv", "cycle: ", "n0 → n5 → n2 → n0", "delete"],
        ),
        (
            "tree/hierarchy.tsv",
            unknown.as_bytes(),
            &["tree/hierarchy.tsv:64: ", "`n99`", "add it to the corpus"],
        ),
    ]);
}

#[test]
fn a_truncated_download_is_told_as_such() {
    let folder = Folder::new();
    folder.write("dict/data.noun", data_noun());
    folder.done("import wordnet dict --out tree --gzip");
    let whole = folder.read("tree/corpus.jsonl.gz");
    folder.write("tree/corpus.jsonl.gz", &whole[..whole.len() / 2]);
    let error = folder.fails("geometry tree");
    expect(&error, &["tree/corpus.jsonl.gz:", "gzip data were expected", "fetch or make the file again"]);
}

#[test]
fn a_missing_folder_is_told_how_to_make_one() {
    let folder = with_tree();
    for verb in ["inspect none", "train --data none --recipe climb --out out"] {
        expect(&folder.fails(verb), &["none is no folder", "rootward import"]);
    }
    expect(&folder.fails("eval --data tree --model none"), &["none is no model", "rootward train --out"]);
    expect(
        &folder.fails("import wordnet none --out out"),
        &["none holds no data.noun", "/usr/share/wordnet"],
    );
    assert!(!folder.at("out").exists());
}

#[test]
fn bad_recipes_are_refused_before_anything_is_written() {
    let folder = with_tree();
    folder.write("unknown.toml", "seed = 7\ncolour = 1\n");
    folder.write("broken.toml", "seed = = 7\n");
    let cases: [(&str, &[&str]); 12] = [
        ("none.toml", &["no recipe none.toml", "standard, pretrain-finetune"]),
        ("unknown.toml", &["unknown.toml", "line 2", "unknown field `colour`", "expected one of `seed`"]),
        ("broken.toml", &["broken.toml", "line 1"]),
        (
            "climb --set stages.0.loss.temperature=0",
            &["`stages.0.loss.temperature` is 0", "a number above 0"],
        ),
        ("climb --set encoder.dim=0", &["`encoder.dim` is 0", "1 to 65536"]),
        ("climb --set encoder.dmi=8", &["unknown field `dmi`", "`dim`"]),
        ("climb --set encoder.dim=wide", &["\"wide\"", "encoder"]),
        ("climb --set stages.7.epochs=1", &["--set stages.7.epochs=1: "]),
        ("climb --set stage.0.epochs=1", &["--set stage.0.epochs=1: "]),
        ("climb --set stages.0.epochs", &["expected KEY=VALUE"]),
        ("climb --set stages.0.batch=0", &["`stages.0.batch` is 0", "1 to 16777216"]),
        ("climb --set stages.0.rate.start=nan", &["`stages.0.rate.start`", "a number above 0"]),
    ];
    for (recipe, words) in cases {
        expect(&folder.fails(&format!("train --data tree --recipe {recipe} --out out")), words);
        assert!(!folder.at("out").exists(), "{recipe} left something");
    }
}

#[test]
fn a_stage_with_nothing_to_draw_is_refused_before_the_stages_before_it_run() {
    let folder = with_tree();
    let line = "train --data tree --recipe pretrain-finetune --set stages.1.sampling.from=6 --out out";
    expect(
        &folder.fails(line),
        &["stage `finetune`", "distance 6", "at distance 5", "set `stages.1.sampling.from`"],
    );
    assert!(!folder.at("out").exists());
}

#[test]
fn folders_that_hold_something_are_left_as_they_are() {
    let folder = with_model();
    folder.write("dict/data.noun", data_noun());
    let cases = [
        (format!("{TRAIN} --out model"), "model", "holds a model already: choose another --out"),
        (format!("{TRAIN} --out tree"), "tree", "choose another --out"),
        (format!("{TRAIN} --out tree/corpus.jsonl"), "tree", "choose a folder"),
        ("import wordnet dict --out tree".to_owned(), "tree", "not empty; name a new folder"),
    ];
    for (line, name, words) in cases {
        let before = folder.files(name);
        expect(&folder.fails(&line), &[words]);
        assert_eq!(folder.files(name), before, "{line}");
    }
}

#[test]
fn a_damaged_model_is_refused_by_every_verb() {
    let whole = with_model();
    let parameters = whole.read("model/model.safetensors");
    let mut flipped = parameters.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let short = &parameters[..parameters.len() / 2];
    let cases: [(&str, &[u8], &[&str]); 5] = [
        ("model.safetensors", &flipped, &["model.safetensors is damaged: expected checksum", "train again"]),
        ("model.safetensors", short, &["model.safetensors is damaged", "train again"]),
        ("model.safetensors", b"", &["model.safetensors is damaged", "train again"]),
        ("config.json", b"{\"format\": 2", &["config.json: ", "line 1", "expected the description"]),
        (
            "config.json",
            b"{\"format\": 9}",
            &["is of format 9, this program reads format 2", "train it again"],
        ),
    ];
    for (file, content, words) in cases {
        whole.copy("model", "bad");
        whole.write(&format!("bad/{file}"), content);
        for verb in ["inspect bad", "eval --data tree --model bad", "search --data tree --model bad n3"] {
            expect(&whole.fails(verb), words);
        }
    }
}

#[test]
fn a_damaged_checkpoint_is_refused_and_left_as_it_is() {
    let folder = with_tree();
    // A folder in the way of the model leaves a whole checkpoint behind.
    folder.done(&format!("{TRAIN} --out whole"));
    folder.write("cut/recipe.toml", folder.text("whole/recipe.toml"));
    folder.write("cut/model.safetensors/in-the-way", "");
    folder.fails(&format!("{TRAIN} --out cut"));
    let whole = folder.read("cut/checkpoint.safetensors");
    let mut flipped = whole.clone();
    *flipped.last_mut().unwrap() ^= 1;
    for bad in [&flipped, &whole[..whole.len() - 9], b"not at all"] {
        folder.write("cut/checkpoint.safetensors", bad);
        let before = folder.files("cut");
        let error = folder.fails(&format!("{TRAIN} --out cut --resume"));
        expect(&error, &["cut/checkpoint.safetensors is damaged", "delete it to begin anew"]);
        assert_eq!(folder.files("cut"), before);
    }
}

#[test]
fn a_model_is_not_used_on_other_data() {
    let folder = with_model();
    folder.copy("tree", "other");
    folder.write("other/corpus.jsonl", format!("{}{{\"_id\":\"n63\"}}\n", corpus()));
    for verb in ["eval --data other --model model", "search --data other --model model n3"] {
        expect(&folder.fails(verb), &["trained on `tree` (63 queries", "this is `other` (64"]);
    }
}

#[test]
fn bad_lines_of_a_run_are_told_by_line() {
    let folder = with_tree();
    let cases: [(&str, &[&str]); 7] = [
        ("n1 n0 1", &["line 2", "6 columns `query Q0 document rank score tag` were expected, 3 were found"]),
        ("n1 Q0 n1 2 high x", &["line 2", "a number was expected as the score, `high` was found"]),
        ("n1 Q0 n1 2 nan x", &["line 2", "`nan` was found"]),
        ("n1 Q0 n99 2 1 x", &["line 2", "document `n99` is not in the data set"]),
        ("n99 Q0 n1 2 1 x", &["line 2", "query `n99` is not in the data set"]),
        ("n1 Q0 n0 2 1 x", &["line 2", "`n0` was listed for query `n1` on line 1 already"]),
        ("n1 Q0 n1 2 \u{fffd} x", &["line 2", "`\u{fffd}` was found"]),
    ];
    for (line, words) in cases {
        folder.write("run.txt", format!("n1 Q0 n0 1 2.5 x\n{line}\n"));
        expect(&folder.fails("eval --data tree --run run.txt"), words);
    }
    folder.write("run.txt", b"n1 Q0 n0 1 2.5 x\n\xff\xfe\n");
    expect(&folder.fails("eval --data tree --run run.txt"), &["line 2", "UTF-8"]);
    folder.write("run.txt", "");
    expect(&folder.fails("eval --data tree --run run.txt"), &["run.txt is empty", "query Q0 document"]);
}

#[test]
fn a_recipe_that_lies_in_the_output_folder_is_not_overwritten() {
    let folder = with_tree();
    let own = "# mine\nseed = 7\n";
    folder.write("exp/recipe.toml", own);
    let error = folder.fails(&format!("{TRAIN} --out exp"));
    expect(&error, &["exp holds other files (recipe.toml)", "choose another --out"]);
    assert_eq!(folder.text("exp/recipe.toml"), own);
}

#[test]
fn queries_that_were_not_trained_are_refused_instead_of_measured() {
    let folder = with_tree();
    folder.write(
        "tree/queries.jsonl",
        "{\"_id\":\"a\",\"text\":\"alpha\"}\n{\"_id\":\"b\",\"text\":\"beta\"}\n",
    );
    folder.write("tree/qrels/train.tsv", "query-id\tcorpus-id\tscore\na\tn9\t1\n");
    folder.write("tree/qrels/test.tsv", "query-id\tcorpus-id\tscore\nb\tn9\t1\n");
    folder.done(&format!("{TRAIN} --out model"));
    for line in ["eval --data tree --model model", "search --data tree --model model beta"] {
        expect(&folder.fails(line), &["were not trained, first `b`", "has no vector"]);
    }
    folder.done("eval --data tree --model model --split train");
    folder.done("search --data tree --model model alpha");
}
