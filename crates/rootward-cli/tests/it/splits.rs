//! Queries divided into train, dev and test, from the command line.

use serde_json::{Value, json};

use crate::program::{Folder, stderr};
use crate::small::{NODES, with_tree};

/// The tree with two queries for each node, one of which is of the group of the node's parent.
fn with_queries() -> Folder {
    let folder = with_tree();
    let lines = |line: &dyn Fn(usize) -> String| (0..NODES).map(line).collect::<String>();
    let queries = lines(&|i| {
        let group = i.saturating_sub(1) / 2;
        format!(
            "{{\"_id\":\"p{i}\",\"text\":\"what is {i}?\"}}\n{{\"_id\":\"q{i}\",\"text\":\"where is {i}?\",\"group\":\"{group}\"}}\n"
        )
    });
    let judged =
        |id: char| format!("query-id\tcorpus-id\tscore\n{}", lines(&|i| format!("{id}{i}\tn{i}\t2\n")));
    folder.write("tree/queries.jsonl", queries);
    folder.write("tree/qrels/train.tsv", judged('p'));
    folder.write("tree/qrels/test.tsv", judged('q'));
    folder
}

fn each(found: &Value, key: &str) -> Vec<u64> {
    found["splits"].as_array().unwrap().iter().map(|part| part[key].as_u64().unwrap()).collect()
}

#[test]
fn queries_are_divided_in_every_way_and_the_result_opens_without_leaks() {
    let folder = with_queries();
    let ways = [
        "query",
        "group",
        "group --group-by document",
        "group --group-by parent",
        "node",
        "subtree --depth 4",
    ];
    for (place, by) in ways.into_iter().enumerate() {
        let found = folder.json(&format!("split tree --by {by} --dev 0.1 --test 0.2 --out out{place}"));
        assert_eq!(each(&found, "judgements").iter().sum::<u64>(), 2 * NODES as u64, "{by}");
        assert!(each(&found, "queries").iter().all(|queries| *queries > 0), "{by}: {found}");
        assert_eq!(found["shared"], json!({"queries": 0, "texts": 0, "groups": 0}));
        let problems = folder.json(&format!("inspect out{place}"))["problems"].to_string();
        assert!(!problems.contains("leaked"), "{by}: {problems}");
        assert!(
            folder
                .text(&format!("out{place}/qrels/test.tsv"))
                .lines()
                .skip(1)
                .all(|line| line.ends_with("\t2"))
        );
    }
}

#[test]
fn people_are_shown_what_fell_where_and_the_same_seed_writes_the_same() {
    let folder = with_queries();
    let page = folder.done("split tree --by query --seed 3 --out one");
    assert!(
        page.contains("depth 5") && page.ends_with("0 queries shared, 0 texts shared, 0 groups shared\n"),
        "{page}"
    );
    folder.done("split tree --by query --seed 3 --out two");
    assert!(folder.files("one") == folder.files("two"));
    let said = stderr(&folder.run("split tree --by query --seed 3 --out three"));
    assert!(!said.contains("is left out"), "{said}");
    let corpus = folder.text("tree/corpus.jsonl");
    folder.write("tree/corpus.jsonl", corpus.replacen('{', "{\"metadata\": {\"year\": 2020}, ", 2));
    for line in ["split tree --by query --seed 3 --out four", "export tree --to beir --out five"] {
        let said = stderr(&folder.run(line));
        assert!(said.contains("note: `metadata` of 2 documents is left out"), "{said}");
    }
}

#[test]
fn leaves_that_are_taken_out_are_asked_for_in_their_words() {
    let folder = with_tree();
    let found = folder.json("split tree --leaves --dev 0.1 --test 0.25 --out out");
    let [train, dev, test] = each(&found, "queries").try_into().unwrap();
    let leaves = NODES.div_ceil(2) as u64;
    assert_eq!((train + dev + test, test), (NODES as u64, leaves / 4));
    let lines = |file: &str| folder.text(&format!("out/{file}")).lines().count() as u64;
    assert_eq!((lines("corpus.jsonl"), lines("queries.jsonl")), (train, NODES as u64));
    let parent = |leaf: &str| format!("n{}", (leaf[1..].parse::<usize>().unwrap() - 1) / 2);
    for line in folder.text("out/qrels/test.tsv").lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        assert_eq!(columns[1], parent(columns[0]));
    }
    let problems = folder.json("inspect out")["problems"].to_string();
    assert!(!problems.contains("leaked") && !problems.contains("error"), "{problems}");
}

#[test]
fn the_wrong_way_for_a_data_set_is_told_with_the_right_one() {
    let folder = with_queries();
    for line in ["split tree --pairs 0.2 --out out", "split tree --leaves --out out"] {
        let error = folder.fails(line);
        assert!(error.contains("has queries of its own: divide them with --by"), "{error}");
    }
    for (line, words) in
        [("--by query --depth 2", "--by subtree only"), ("--by node --group-by parent", "--by group only")]
    {
        let error = folder.fails(&format!("split tree {line} --out out"));
        assert!(error.contains(words), "{error}");
    }
    let error = with_tree().fails("split tree --by query --out out");
    assert!(error.contains("hide pairs of it with --pairs, --queries or --edges-only"), "{error}");
    for line in [
        "split tree --out out",
        "split tree --by query --pairs 0.1 --out out",
        "split tree --pairs 0.1 --dev 0.1 --out out",
        "split tree --leaves --flat --out out",
        "split tree --leaves --depth 2 --out out",
    ] {
        let output = folder.run(line);
        assert_eq!(output.status.code(), Some(2), "{line}: {}", stderr(&output));
    }
    assert!(!folder.at("out").exists());
}
