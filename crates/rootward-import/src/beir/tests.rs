//! Collections as they are found, and what is wrong with others.

use std::fs;
use std::io::Write;

use rootward::ids::{DocIdx, QueryIdx};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;

const CORPUS: (&str, &str) = (
    "corpus.jsonl",
    "{\"_id\": 7, \"title\": null, \"text\": \"seven\", \"metadata\": {\"url\": 1}}\n{\"_id\": \"b\", \"synonyms\": [\"bee\"]}\n",
);
const QUERIES: (&str, &str) = (
    "queries.jsonl",
    "{\"_id\": -1, \"text\": \"?\", \"metadata\": {}}\n{\"_id\": \"p\", \"text\": \"!\"}\n",
);
const TEST: (&str, &str) = ("qrels/test.tsv", "query-id\tcorpus-id\tscore\n-1\t7\t2\n");

/// Imports a folder of these files; in the message of an error its path is left out.
fn import(files: &[(&str, &str)]) -> Result<Imported, String> {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("qrels")).unwrap();
    for (name, content) in files {
        fs::write(folder.path().join(name), content).unwrap();
    }
    let outside = format!("{}/", folder.path().display());
    beir(&Source::new(folder.path(), &|_| {})).map_err(|error| error.to_string().replace(&outside, ""))
}

/// The judgements of a split, as numbers.
fn judged(imported: &Imported, split: Split) -> Vec<(u32, u32, i32)> {
    let judgements = imported.parts.asked.as_ref().unwrap().judgements.of(split).unwrap_or_default();
    judgements.iter().map(|j| (j.query.0, j.doc.0, j.grade)).collect()
}

#[test]
fn ids_may_be_numbers_and_metadata_is_left_out_and_counted() {
    let imported = import(&[CORPUS, QUERIES, TEST]).unwrap();
    let docs = &imported.parts.docs;
    assert_eq!((&*docs[0].id, &*docs[0].title, &*docs[0].text), ("7", "", "seven"));
    assert_eq!(docs[1].synonyms, ["bee"]);
    assert_eq!(imported.parts.asked.as_ref().unwrap().queries[0], Query::new("-1", "?"));
    assert_eq!(judged(&imported, Split::Test), [(0, 0, 2)]);
    assert_eq!(imported.notes.iter().map(|note| note.count).collect::<Vec<_>>(), [1]);
}

#[test]
fn tables_are_read_with_a_header_in_any_order_or_without_one() {
    let train = ("qrels/train.tsv", "-1\tb\t1.0\r\np\t7\t-1\r\n");
    let validation = ("qrels/validation.tsv", "Score\tCorpus-Id\tQuery-Id\n0\tb\tp\n");
    let imported = import(&[CORPUS, QUERIES, train, validation]).unwrap();
    assert_eq!(judged(&imported, Split::Train), [(0, 1, 1), (1, 0, -1)]);
    assert_eq!(judged(&imported, Split::Dev), [(1, 1, 0)]);
}

#[test]
fn what_is_judged_and_not_there_is_left_out_and_counted() {
    let test = ("qrels/test.tsv", "-1\t7\t1\nx\t7\t1\n-1\ty\t1\n-1\t7\t1\n");
    let other = ("qrels/all.tsv", "anything");
    let imported = import(&[CORPUS, QUERIES, test, other]).unwrap();
    let notes: Vec<_> =
        imported.notes.iter().map(|note| (note.count, note.what, &*note.examples[0])).collect();
    let expected = [
        (1, METADATA, "7"),
        (1, "files in qrels that are named after no split left out", "all.tsv"),
        (1, "judgements of queries that are not there left out", "x"),
        (1, "judgements of documents that are not there left out", "y"),
        (1, "judgements given more than once, the first kept", "-1"),
    ];
    assert_eq!(notes, expected);
    assert_eq!(judged(&imported, Split::Test), [(0, 0, 1)]);
}

#[test]
fn a_hierarchy_is_kept_and_may_do_without_queries() {
    let imported = import(&[CORPUS, ("hierarchy.tsv", "child\tparent\n7\tb\n")]).unwrap();
    assert_eq!(imported.parts.graph.parents(DocIdx(0)), [DocIdx(1)]);
    assert!(imported.parts.asked.is_none());
}

#[test]
fn an_archive_is_read_as_the_folder_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.zip");
    let mut archive = ZipWriter::new(fs::File::create(&path).unwrap());
    let deflated = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    for (name, content) in [("__MACOSX/._corpus.jsonl", "?"), CORPUS, QUERIES, TEST] {
        archive.start_file(format!("fever/{name}"), deflated).unwrap();
        archive.write_all(content.as_bytes()).unwrap();
    }
    archive.finish().unwrap();
    let imported = beir(&Source::new(&path, &|_| {})).unwrap();
    assert_eq!((imported.parts.docs.len(), judged(&imported, Split::Test)), (2, vec![(0, 0, 2)]));
    assert_eq!(imported.parts.asked.unwrap().judgements.test.unwrap()[0].query, QueryIdx(0));
}

#[test]
fn what_is_wrong_is_told_by_file_and_line() {
    let cases: [(&[(&str, &str)], &str); 11] = [
        (&[], "holds no corpus.jsonl; name the folder or the zip archive that holds corpus.jsonl"),
        (
            &[("corpus.jsonl", "{\"_id\": \"1\"}\n{\"_id\": 1}\n")],
            "corpus.jsonl:2: a new id was expected, `1` is that of line 1 too",
        ),
        (
            &[("corpus.jsonl", "{\"_id\": 1.5}\n")],
            "corpus.jsonl:1: an object {\"_id\": \"..\", \"title\": \"..\", \"text\": \"..\"} was expected, but invalid type: floating point `1.5`, expected a text or a whole number",
        ),
        (&[("corpus.jsonl", "\n"), QUERIES, TEST], "corpus.jsonl holds no document"),
        (&[CORPUS], "has neither queries nor a hierarchy"),
        (&[CORPUS, QUERIES], "has queries but no judgements"),
        (&[CORPUS, TEST], "has judgements but no queries"),
        (&[CORPUS, TEST, ("queries.jsonl", "")], "queries.jsonl holds no query"),
        (
            &[CORPUS, QUERIES, ("qrels/test.tsv", "-1\t0\t7\t1\n")],
            "qrels/test.tsv:1: 3 columns with tabs between them were expected, the line has 4: `-1\\t0\\t7\\t1`",
        ),
        (
            &[CORPUS, QUERIES, ("qrels/test.tsv", "q\td\trelevant\n")],
            "qrels/test.tsv:1: a score, which is a whole number, was expected, `relevant` was found",
        ),
        (
            &[CORPUS, ("hierarchy.tsv", "7\tb\n")],
            "hierarchy.tsv:1: the header `child<TAB>parent` was expected, `7\\tb` was found",
        ),
    ];
    for (files, message) in cases {
        let error = import(files).unwrap_err();
        assert!(error.contains(message), "`{message}` was expected in `{error}`");
    }
}

#[test]
fn two_judgements_that_contradict_each_other_are_refused() {
    let test = ("qrels/test.tsv", "-1\t7\t1\n-1\t7\t2\n");
    let error = import(&[CORPUS, QUERIES, TEST, test]).unwrap_err();
    assert!(error.starts_with("qrels/test.tsv:2: one judgement of `7` for `-1` was expected"), "{error}");
}
