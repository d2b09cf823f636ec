//! An index from outside: made, asked, changed by streams, looked after, given another model, and what is refused.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};

use serde_json::{Value, json};

use crate::program::{Folder, error_of, stderr};
use crate::texts::{put_transformer, with_texts};

/// A document of the shop: id, title, text, year, kinds.
const DOCS: [(&str, &str, &str, u32, &[&str]); 8] = [
    ("things", "things", "all that there is", 2001, &[]),
    ("shoes", "shoes", "all kinds of shoes for the feet", 2005, &["worn"]),
    ("sandal", "sandal", "an open shoe held by straps, for the beach", 2010, &["worn", "summer"]),
    ("boot", "boot", "a warm shoe of leather that covers the ankle", 2012, &["worn", "winter"]),
    ("music", "instruments", "what musicians play", 2003, &["played"]),
    ("violin", "violin", "a wooden instrument with four strings and a bow", 2010, &["played", "summer"]),
    ("flute", "flute", "an instrument that is blown", 2020, &["played"]),
    ("tax", "tax law", "what has to be paid to the state", 1999, &[]),
];

const EDGES: &str =
    "child\tparent\nshoes\tthings\nmusic\tthings\nsandal\tshoes\nboot\tshoes\nviolin\tmusic\nflute\tmusic\n";

fn line(id: &str, title: &str, text: &str, metadata: &Value) -> String {
    format!("{}\n", json!({"_id": id, "title": title, "text": text, "metadata": metadata}))
}

/// A folder with the shop as a data set, and an index of it.
pub(crate) fn with_index() -> Folder {
    let folder = Folder::new();
    let of = |&(id, title, text, year, kinds): &(&str, &str, &str, u32, &[&str])| {
        line(id, title, text, &json!({"year": year, "kind": kinds, "open": id == "sandal"}))
    };
    folder.write("shop/corpus.jsonl", DOCS.iter().map(of).collect::<String>());
    folder.write("shop/hierarchy.tsv", EDGES);
    folder.done("index build --data shop --index shop.index --encoder builtin");
    folder
}

/// The ids that a search finds, in their order.
fn found(folder: &Folder, line: &str) -> Vec<String> {
    let answer = search(folder, &line.split_whitespace().collect::<Vec<_>>());
    let hits = answer["hits"].as_array().unwrap().iter();
    hits.map(|hit| hit["id"].as_str().unwrap().to_owned()).collect()
}

/// The answer to one question whose words hold blanks.
fn search(folder: &Folder, words: &[&str]) -> Value {
    let output = folder.command("search --index shop.index --json").args(words).output().unwrap();
    assert!(output.status.success(), "{words:?}\n{}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The ids that are found under conditions, sorted.
fn among(folder: &Folder, conditions: &[&str]) -> Vec<String> {
    let wheres = conditions.iter().flat_map(|condition| ["--where", condition]);
    let words: Vec<&str> = ["--k", "99", "shoe"].into_iter().chain(wheres).collect();
    let answer = search(folder, &words);
    let hits = answer["hits"].as_array().unwrap().iter();
    let mut ids: Vec<String> = hits.map(|hit| hit["id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

/// Runs a command that is sent lines.
fn sent(folder: &Folder, line: &str, lines: &str) -> std::process::Output {
    let mut command = folder.command(line);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A command that fails early does not read on.
    let _ = child.stdin.take().unwrap().write_all(lines.as_bytes());
    child.wait_with_output().unwrap()
}

#[test]
fn an_index_is_asked_by_vectors_by_words_and_by_both() {
    let folder = with_index();
    for by in ["", "--exact", "--by words", "--by both", "--by both --exact"] {
        let ids = found(&folder, &format!("sandal --k 3 {by}"));
        assert_eq!(ids[0], "sandal", "{by}: {ids:?}");
    }
    let answer = search(&folder, &["sandal for the beach", "--k", "2"]);
    assert_eq!((&answer["query"], &answer["text"]), (&json!("1"), &json!("sandal for the beach")));
    let hit = &answer["hits"][0];
    assert_eq!((&hit["id"], &hit["title"]), (&json!("sandal"), &json!("sandal")));
    assert_eq!(hit["metadata"], json!({"year": 2010, "kind": ["worn", "summer"], "open": true}));
    assert!(hit["score"].as_f64().unwrap() > 0.3);
    assert_eq!(found(&folder, "zebra --by words"), [""; 0]);
    let page = folder.done("search --index shop.index violin --k 1");
    assert!(page.contains("\n      1  ") && page.contains("  violin  (violin)\n"), "{page}");
}

#[test]
fn a_batch_is_answered_in_one_run_that_eval_reads() {
    let folder = with_texts();
    folder.done("index build --data shop --index shop.index --encoder builtin");
    for by in ["vectors", "words", "both"] {
        let run = format!("{by}.run");
        folder
            .done(&format!("search --index shop.index --by {by} --batch shop/queries.jsonl --run-out {run}"));
        assert!(folder.text(&run).lines().all(|line| line.ends_with(by)));
        let measured = folder.json(&format!("eval --data shop --run {run} --split test"));
        assert!(measured["ndcg@10"].as_f64().unwrap() > 0.5, "{measured}");
    }
    let fitted = folder.json("index fit --index shop.index --data shop");
    assert_eq!((&fitted["split"], &fitted["queries"]), (&json!("train"), &json!(20)));
    let [best, weight] = ["weighted", "weight"].map(|key| fitted[key].as_f64().unwrap());
    for other in ["words", "vectors"] {
        assert!(best >= fitted[other].as_f64().unwrap(), "{fitted}");
    }
    let kept = &folder.json("index info --index shop.index")["tuning"];
    assert_eq!((kept["weight"].as_f64().unwrap() as f32, &kept["on"]), (weight as f32, &json!("queries")));
    folder.done("index regrow --index shop.index --recall 0.9");
    let kept = &folder.json("index info --index shop.index")["tuning"];
    assert_eq!((kept["weight"].as_f64().unwrap() as f32, &kept["recall"]), (weight as f32, &json!(0.9)));
}

#[test]
fn filters_let_through_what_fits() {
    let folder = with_index();
    assert_eq!(among(&folder, &["year = 2010"]), ["sandal", "violin"]);
    assert_eq!(among(&folder, &["year >= 2010", "kind = worn"]), ["boot", "sandal"]);
    assert_eq!(among(&folder, &["year <= 2001"]), ["tax", "things"]);
    assert_eq!(among(&folder, &["kind in (winter, \"summer\")"]), ["boot", "sandal", "violin"]);
    assert_eq!(among(&folder, &["open = true"]), ["sandal"]);
    assert_eq!(among(&folder, &["kind != worn", "year >= 2010"]), ["flute", "violin"]);
    assert_eq!(among(&folder, &["year = \"2010\""]), [""; 0]);
    let mut below = found(&folder, "shoe --k 99 --within music --by vectors");
    below.sort();
    assert_eq!(below, ["flute", "music", "violin"]);
    let error = folder.fails("search --index shop.index shoe --within nowhere");
    assert!(error.contains("asks for what is below `nowhere`"), "{error}");
    let error = folder.fails("search --index shop.index shoe --node 7.1");
    assert!(error.contains("the tree has no node 7.1"), "{error}");
    for misused in
        ["search --index shop.index shoe --where year", "search --data shop --bm25 shoe --by words"]
    {
        assert_eq!(folder.run(misused).status.code(), Some(2), "{misused}");
    }
}

#[test]
fn documents_come_change_and_go_by_lines() {
    let folder = with_index();
    let lines = line("drum", "drum", "it is beaten", &json!({"year": 2024})) + "\n{\"_id\":\"bare\"}\n";
    let output = sent(&folder, "index add --index shop.index - --json", &lines);
    let acknowledged: Vec<Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(acknowledged.last().unwrap()["lines"], json!(3), "an empty line counts");
    assert_eq!(found(&folder, "drum --k 1"), ["drum"]);

    folder.write("new.jsonl", line("drum", "kettle drum", "bigger", &json!({})));
    folder.done("index update --index shop.index new.jsonl");
    assert_eq!(found(&folder, "kettle --by words"), ["drum"]);
    assert_eq!(found(&folder, "beaten --by words"), [""; 0]);
    folder.write("put.jsonl", line("drum", "snare", "", &json!({})) + &line("harp", "harp", "", &json!({})));
    folder.done("index put --index shop.index put.jsonl");
    assert_eq!(found(&folder, "harp --k 1"), ["harp"]);

    folder.done("index remove --index shop.index drum harp");
    folder.write("gone.txt", "bare\n{\"_id\":\"tax\"}\n");
    folder.done("index remove --index shop.index --from gone.txt");
    let info = folder.json("index info --index shop.index");
    assert_eq!((&info["documents"], &info["edges"]), (&json!(7), &json!(6)));
    assert_eq!(folder.json("inspect shop.index"), info);
    folder.done("index verify --index shop.index");
}

#[test]
fn a_vector_may_come_with_its_line_and_its_query() {
    let folder = with_index();
    let dim = folder.json("index info --index shop.index")["dim"].as_u64().unwrap() as usize;
    let mut vector = vec![0.0; dim];
    vector[3] = 9.0;
    folder.write("new.jsonl", format!("{}\n", json!({"_id": "mine", "vector": vector})));
    folder.done("index add --index shop.index new.jsonl");
    folder.write("asked.jsonl", format!("{}\n", json!({"_id": "q", "text": "", "vector": vector})));
    let answer = folder.json("search --index shop.index --batch asked.jsonl --k 1");
    assert_eq!((&answer["query"], &answer["hits"][0]["id"]), (&json!("q"), &json!("mine")));
    assert_eq!(answer["hits"][0]["score"], json!(81.0));
}

#[test]
fn a_stream_is_acknowledged_as_it_comes_and_nobody_else_writes_meanwhile() {
    let folder = with_index();
    let mut command = folder.command("index add --index shop.index - --json");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child: Child = command.spawn().unwrap();
    let mut acknowledged = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut stdin = child.stdin.take().unwrap();
    for (at, id) in ["drum", "harp"].into_iter().enumerate() {
        stdin.write_all(line(id, id, "", &json!({})).as_bytes()).unwrap();
        let said: Value = serde_json::from_str(&acknowledged.next().unwrap().unwrap()).unwrap();
        assert_eq!(said["lines"], json!(at + 1));
        // The command waits for more lines, and what was acknowledged is found.
        assert_eq!(found(&folder, &format!("{id} --k 1")), [id]);
    }
    let error = folder.fails("index remove --index shop.index drum");
    assert!(error.contains("is being changed by another process; wait until it is done"), "{error}");
    folder.done("index backup --index shop.index --to copy.index");
    drop(stdin);
    assert!(child.wait().unwrap().success());
    folder.done("index remove --index shop.index drum");
}

#[test]
fn a_bad_line_is_named_and_its_transaction_is_not_made() {
    let folder = with_index();
    let before = folder.json("index info --index shop.index");
    let dim = &before["dim"];
    let good = line("new", "new", "", &json!({}));
    for (verb, lines, said) in [
        ("add", "{\"_id\":\"a\"}\nsandal\n".to_owned(), "lines.jsonl:2: an object {\"_id\"".to_owned()),
        ("add", format!("{good}{good}"), "lines.jsonl:2: document `new` is in the index already".to_owned()),
        (
            "add",
            "{\"_id\":\"boot\"}\n".to_owned(),
            "lines.jsonl:1: document `boot` is in the index".to_owned(),
        ),
        ("add", "{\"_id\":\"\"}\n".to_owned(), "lines.jsonl:1: ".to_owned()),
        ("add", "{\"title\":\"a\"}\n".to_owned(), "lines.jsonl:1: ".to_owned()),
        (
            "update",
            good.clone(),
            "lines.jsonl:1: document `new` is not in the index, or not any more".to_owned(),
        ),
        (
            "add",
            format!("{good}{{\"_id\":\"b\",\"vector\":[1,2,3]}}\n"),
            format!("lines.jsonl:2: document `b` has 3 numbers, the index holds vectors of {dim}"),
        ),
        (
            "add",
            format!("{good}{{\"_id\":\"b\",\"metadata\":{{\"k\":null}}}}\n"),
            "lines.jsonl:2: the metadata of document `b` has null under `k`".to_owned(),
        ),
        ("add", "{\"_id\":\"b\",\"text\":\"\u{0}\"}\n".to_owned(), "lines.jsonl:1".to_owned()),
    ] {
        folder.write("lines.jsonl", &lines);
        let error = folder.fails(&format!("index {verb} --index shop.index lines.jsonl"));
        assert!(error.contains(&said), "{lines}: {error}");
        assert!(error.contains("nothing was changed"), "{error}");
    }
    let error = folder.fails("index remove --index shop.index boot boot");
    assert!(error.contains("document `boot` is not in the index"), "{error}");
    let after = folder.json("index info --index shop.index");
    assert_eq!([&after["documents"], &after["generation"]], [&before["documents"], &before["generation"]]);
}

#[test]
fn lines_before_a_bad_transaction_stay() {
    let folder = with_index();
    let many: String = (0..1500).map(|at| line(&format!("d{at}"), "thing", "", &json!({}))).collect();
    folder.write("lines.jsonl", many.clone() + &many);
    let error = folder.fails("index add --index shop.index lines.jsonl");
    assert!(error.starts_with("lines.jsonl:1501: document `d0` is in the index already"), "{error}");
    assert!(error.ends_with("; the lines up to 1,000 are in, none behind them is"), "{error}");
    let info = folder.json("index info --index shop.index");
    assert_eq!(info["documents"], json!(DOCS.len() + 1000));
    // A beam that was measured on a handful of documents is none for a thousand.
    assert!(info["tuning"]["docs"].as_u64().unwrap() > 500, "{info}");
}

#[test]
fn an_index_is_verified_compacted_and_copied() {
    let folder = with_index();
    let many: String = (0..900).map(|at| line(&format!("d{at}"), "thing", "of many", &json!({}))).collect();
    folder.write("many.jsonl", many);
    folder.done("index add --index shop.index many.jsonl");
    folder.write("gone.txt", (0..900).map(|at| format!("d{at}\n")).collect::<String>());
    folder.done("index remove --index shop.index --from gone.txt");
    let size = || std::fs::metadata(folder.at("shop.index")).unwrap().len();
    let before = size();
    folder.json("index compact --index shop.index");
    assert!(size() < before / 2, "{} {before}", size());
    let verified = folder.json("index verify --index shop.index");
    assert_eq!((&verified["documents"], &verified["problems"]), (&json!(DOCS.len()), &json!([])));
    folder.json("index backup --index shop.index --to copy.index");
    assert!(
        folder.fails("index backup --index shop.index --to copy.index").contains("there is a file already")
    );
    assert_eq!(found(&folder, "sandal --k 1"), ["sandal"]);

    let mut bytes = folder.read("copy.index");
    let at = bytes.len() / 2;
    bytes[at..at + 4096].fill(0xa5);
    folder.write("copy.index", bytes);
    let output = folder.run("index verify --index copy.index");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("wrong") || stderr(&output).contains("damaged"), "{}", stderr(&output));
}

#[test]
fn another_model_takes_over_and_the_first_is_refused_then() {
    let folder = with_index();
    put_transformer(&folder, "bert");
    let error = folder.fails("search --index shop.index sandal --model bert");
    assert!(error.contains("holds vectors of the model `builtin`"), "{error}");
    let done = folder.json("index switch --index shop.index --encoder bert");
    assert_eq!((&done["encoded"], &done["model"]["name"]), (&json!(DOCS.len()), &json!("bert")));
    assert_eq!(found(&folder, "sandal --k 3").len(), 3);
    let error = folder.fails("search --index shop.index sandal --model builtin");
    assert!(error.contains("holds vectors of the model `bert`"), "{error}");
    let error = folder.fails("index switch --index shop.index --encoder bert");
    assert!(error.contains("holds the vectors of this model already"), "{error}");
    // The same model in another place is the same model; where it is not, that is said.
    std::fs::rename(folder.at("bert"), folder.at("moved")).unwrap();
    let error = folder.fails("search --index shop.index sandal");
    assert!(
        error.contains("was built with the model `bert`, which is not at bert: say by --model"),
        "{error}"
    );
    assert_eq!(found(&folder, "sandal --k 3 --model moved").len(), 3);
    folder.done("index verify --index shop.index");
}

#[test]
fn vectors_that_were_made_elsewhere_are_searched() {
    let folder = with_index();
    folder.done("encode --model builtin --data shop --out docs.npy");
    folder.done("index build --data shop --index own.index --vectors docs.npy");
    folder.write("asked.txt", "an open shoe\n");
    folder.done("encode --model builtin asked.txt --side queries --out asked.npy");
    let info = folder.json("index info --index own.index");
    assert_eq!((&info["model"], &info["documents"]), (&Value::Null, &json!(DOCS.len())));
    let error = folder.fails("search --index own.index sandal");
    assert!(error.contains("holds vectors that were made elsewhere"), "{error}");
    assert!(folder.done("search --index own.index sandal --by words --k 1").contains("(sandal)"));
    folder.done("index switch --index own.index --encoder builtin");
    assert!(folder.done("search --index own.index sandal --k 1").contains("(sandal)"));
    folder.done("index switch --index own.index --vectors docs.npy --queries asked.npy");
    assert_eq!(folder.json("index info --index own.index")["tuning"]["on"], json!("queries"));
}

#[test]
fn synonyms_are_words_of_their_document() {
    let folder = Folder::new();
    let corpus = json!({"_id": "boot", "title": "boot", "synonyms": ["wellington", "gumboot"]});
    folder.write("shop/corpus.jsonl", format!("{corpus}\n{{\"_id\":\"tax\",\"title\":\"tax\"}}\n"));
    folder.write("shop/hierarchy.tsv", "child\tparent\n");
    folder.done("index build --data shop --index shop.index --encoder builtin");
    assert_eq!(found(&folder, "gumboot --by words"), ["boot"]);
    assert_eq!(among(&folder, &["synonyms = gumboot"]), ["boot"]);
    folder.write("same.jsonl", format!("{corpus}\n"));
    let score = |folder: &Folder| search(folder, &["gumboot", "--k", "1"])["hits"][0].clone();
    let built = score(&folder);
    folder.done("index update --index shop.index same.jsonl");
    assert_eq!(score(&folder), built);
    folder.done("index remove --index shop.index boot");
    assert_eq!(found(&folder, "gumboot --by words"), [""; 0]);
    folder.done("index verify --index shop.index");
}

#[test]
fn the_tree_of_an_index_is_shown_and_searched_by_node() {
    let folder = with_index();
    let many: String =
        (0..400).map(|at| line(&format!("d{at}"), &format!("shoe {at}"), "boots", &json!({}))).collect();
    folder.write("many.jsonl", many);
    folder.done("index add --index shop.index many.jsonl");
    folder.done("index remove --index shop.index tax");
    folder.done("index regrow --index shop.index");
    let tree = folder.json("tree shop.index --out tree.svg");
    assert_eq!((&tree["documents"], &tree["origin"]["kind"]), (&json!(407), &json!("index")));
    assert!(folder.text("tree.svg").contains("<svg"));
    let first = &tree["tree"]["children"][0];
    let inside = found(&folder, &format!("shoe --k 999 --node {}", first["path"].as_str().unwrap()));
    assert_eq!(json!(inside.len()), first["documents"]);
    assert!(folder.done("tree shop.index").contains("the tree that shop.index is searched by"));
    let error = folder.fails("tree shop.index --grow");
    assert!(error.contains("is an index, which has a tree of its own"), "{error}");
}

#[test]
fn an_index_is_built_wholly_or_not_at_all() {
    let folder = with_index();
    let error = folder.fails("index build --data shop --index shop.index --encoder builtin");
    assert!(error.contains("--replace takes its place"), "{error}");
    folder.done("encode --model builtin --data shop --out docs.npy");
    let short: String = folder.text("docs.npy.ids").replace("boot\n", "other\n");
    folder.write("docs.npy.ids", short);
    folder.write("text.txt", "no index");
    for (line, said) in [
        ("--data shop --index new.index --vectors docs.npy", "docs.npy has no row for document `boot`"),
        ("--data shop --index new.index --vectors text.txt", "text.txt is no array of numpy"),
        ("--data shop --index new.index --encoder nowhere", "nowhere is no folder"),
        ("--data shop --index new.index --model bert", "bert is no model that was trained here"),
        ("--data nowhere --index new.index --encoder builtin", "nowhere"),
        ("--data shop --index text.txt --encoder builtin --replace", "this is no index of rootward"),
    ] {
        let before = folder.files("");
        let error = folder.fails(&format!("index build {line}"));
        assert!(error.contains(said), "{line}: {error}");
        let mut after = folder.files("");
        after.retain(|name, _| !name.ends_with("-lock"));
        let mut before = before;
        before.retain(|name, _| !name.ends_with("-lock"));
        assert!(after == before, "{line}: {:?}", after.keys());
    }
    folder.write("shop/corpus.jsonl", line("only", "only", "", &json!({"null": null, "year": 1})));
    folder.write("shop/hierarchy.tsv", "child\tparent\n");
    let output = folder.run("index build --data shop --index shop.index --encoder builtin --replace");
    assert!(stderr(&output).contains("1 values of metadata were left out"), "{}", stderr(&output));
    assert_eq!(among(&folder, &["year = 1"]), ["only"]);
    folder.done("index verify --index shop.index");
}

#[test]
fn what_is_no_index_of_this_version_is_refused() {
    let folder = with_index();
    folder.done("index backup --index shop.index --to newer.index");
    let mut bytes = folder.read("newer.index");
    // Where SQLite keeps the version that its user gave.
    bytes[60..64].copy_from_slice(&9u32.to_be_bytes());
    folder.write("newer.index", bytes);
    folder.write("text.index", "sandal\n");
    for (name, said) in [
        ("newer.index", "the index has format 9, this version reads up to 1"),
        ("text.index", "this is no index of rootward"),
        ("nowhere.index", "there is no index; make one with `rootward index build`"),
        ("shop", "this is a folder; an index is a file"),
    ] {
        for verb in ["index info", "index verify", "index compact", "index add", "search sandal"] {
            let error = folder.fails(&format!("{verb} --index {name}"));
            assert!(error.contains(said), "{verb}: {error}");
        }
        assert!(!folder.at(&format!("{name}-lock")).exists(), "nothing is left beside {name}");
    }
}

#[test]
fn a_folder_with_documents_alone_is_indexed_and_shown_as_a_tree() {
    let folder = with_index();
    let corpus = folder.read("shop/corpus.jsonl");
    folder.write("alone/corpus.jsonl", corpus);
    folder.done("index build --data alone --index alone.index --encoder builtin");
    assert_eq!(folder.json("search --index alone.index violin --k 1")["hits"][0]["id"], "violin");
    assert_eq!(folder.json("index info --index alone.index")["edges"], 0);
    assert_eq!(folder.json("tree alone")["documents"], 8);
    assert!(
        folder.fails("train --data alone --recipe text-standard --out model").contains("neither queries nor")
    );
}

#[test]
fn what_cannot_be_meant_is_said() {
    let folder = with_index();
    let said = stderr(&folder.run("search --index shop.index shoe --where colour=red"));
    assert!(said.contains("no document has `colour` in its metadata; there are kind, open, year"), "{said}");
    assert!(stderr(&folder.run("search --index shop.index shoe --where year==2010")).is_empty());
    folder.write("asked.jsonl", "{\"_id\": \"q\", \"text\": \"shoe\"}\n{\"_id\": \"r\"}\n");
    for (line, expected) in [
        (
            "index build --data shop --encoder builtin --index no/x.index",
            "no: there is no such folder; make it first",
        ),
        ("index build --data shop --encoder builtin --index shop --replace", "shop: this is a folder"),
        ("index backup --index shop.index --to no/y.index", "no: there is no such folder; make it first"),
        (
            "search --index shop.index --batch asked.jsonl --run-out asked.jsonl",
            "would write over the questions",
        ),
        (
            "search --index shop.index --batch asked.jsonl",
            "line 2: `{\"_id\": .., \"text\": ..}` was expected, and the line has neither",
        ),
    ] {
        let error = folder.fails(line);
        assert!(error.contains(expected), "{line}: {error}");
    }
    let mut command = folder.command("search --index shop.index --by words --batch - --json");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"violin\nboot\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 2);
}

#[cfg(unix)]
#[test]
fn ctrl_c_between_transactions_keeps_what_was_acknowledged() {
    use crate::program::signal;
    let folder = with_index();
    let mut command = folder.command("index add --index shop.index - --json");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut acknowledged = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(line("drum", "drum", "", &json!({})).as_bytes()).unwrap();
    acknowledged.next().unwrap().unwrap();
    signal(&child, "INT");
    let error = error_of(&child.wait_with_output().unwrap());
    assert!(error.starts_with("stopped; the lines up to 1 are in"), "{error}");
    assert_eq!(found(&folder, "drum --k 1"), ["drum"]);
    folder.done("index verify --index shop.index");
}
