//! Ontologies in their own formats become folders that every other verb takes.

use serde_json::json;

use crate::program::Folder;
use crate::small::data_noun;

const OBO: &str = "[Term]\nid: X:1\nname: limb\n\n[Term]\nid: X:2\nname: arm\nsynonym: \"upper limb\" EXACT []\nis_a: X:1\n\n\
    [Term]\nid: X:3\nname: hand\nrelationship: part_of X:2\n\n[Term]\nid: X:4\nis_obsolete: true\n";

const SKOS: &str = "@prefix s: <http://www.w3.org/2004/02/skos/core#> .\n\
    <http://e/a#dog> s:prefLabel \"dog\"@en ; s:broader <http://e/a#animal> .\n\
    <http://e/a#animal> s:prefLabel \"animal\" ; s:narrower <http://e/a#dog> .\n";

const XML: &str = "<l><part no=\"1\"><t>one</t><part no=\"2\"><t>two</t></part></part></l>\n";

/// A folder with a file of each kind.
fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("f.obo", OBO);
    folder.write("f.ttl", SKOS);
    folder.write("f.xml", XML);
    folder.write("f.bin", "Body Regions;A01\nAbdomen;A01.1\n");
    folder.write("dict/data.noun", data_noun());
    folder.write("dict/data.adv", "00000001 02 r 01 well 0 000 | in a good manner\n");
    folder
}

/// Documents and edges that an import reports, after making sure that the folder it wrote has as many.
fn imported(folder: &Folder, what: &str) -> (u64, u64) {
    let done = folder.json(&format!("import {what} --out out"));
    let found = folder.json("inspect out");
    assert_eq!((&found["documents"], &found["hierarchy"]["edges"]), (&done["documents"], &done["edges"]));
    std::fs::remove_dir_all(folder.at("out")).unwrap();
    (done["documents"].as_u64().unwrap(), done["edges"].as_u64().unwrap())
}

#[test]
fn every_kind_is_imported_and_inspected_to_the_same_numbers() {
    let cases = [
        ("obo f.obo", (3, 1)),
        ("obo f.obo --relation part_of", (3, 2)),
        ("skos f.ttl", (2, 1)),
        ("xml f.xml --node part --id @no --title t", (2, 1)),
        ("mesh f.bin", (3, 2)),
        ("wordnet dict --pos noun --pos adv --pos noun", (64, 62)),
    ];
    let folder = folder();
    for (what, numbers) in cases {
        assert_eq!(imported(&folder, what), numbers, "{what}");
    }
}

#[test]
fn what_was_left_out_is_counted_with_an_example() {
    let done = folder().json("import obo f.obo --out out");
    assert_eq!(done["notes"], json!([{"count": 1, "what": "obsolete terms left out", "examples": ["X:4"]}]));
}

#[test]
fn names_and_synonyms_become_queries() {
    let folder = folder();
    folder.done("import obo f.obo --queries synonyms --out out");
    let queries = "{\"_id\":\"X:1#0\",\"text\":\"limb\"}\n{\"_id\":\"X:2#0\",\"text\":\"arm\"}\n\
        {\"_id\":\"X:2#1\",\"text\":\"upper limb\"}\n{\"_id\":\"X:3#0\",\"text\":\"hand\"}\n";
    assert_eq!(folder.text("out/queries.jsonl"), queries);
    assert!(folder.text("out/qrels/train.tsv").contains("\nX:2#1\tX:2\t1\n"));
}

#[test]
fn documents_have_short_ids_where_that_is_asked_for() {
    let folder = folder();
    folder.done("import skos f.ttl --short-ids --out out");
    assert_eq!(folder.text("out/hierarchy.tsv"), "child\tparent\ndog\tanimal\n");
}

#[test]
fn what_does_not_fit_is_refused_and_nothing_is_written() {
    let folder = folder();
    let cases = [
        ("import obo f.obo --relation partof --out out", "f.obo holds no relationship `partof`"),
        ("import skos f.obo --out out", "f.obo:1: well-formed Turtle was expected"),
        ("import mesh f.obo --out out", "f.obo:1: a line `name;tree number` was expected"),
        ("import xml f.xml --node chapter --id @no --out out", "f.xml holds no element `chapter`"),
        ("import xml f.ttl --node part --id @no --out out", "f.ttl:"),
        ("import wordnet dict --pos all --out out", "dict holds no data.verb"),
    ];
    for (command, message) in cases {
        let error = folder.fails(command);
        assert!(error.starts_with(message), "{error}");
        assert!(!folder.at("out").exists());
    }
}
