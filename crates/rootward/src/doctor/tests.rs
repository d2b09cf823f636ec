//! Small folders, each wrong in its own way; the strict reader must always agree whether they open.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use expect_test::{Expect, expect};
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use super::*;
use crate::dataset::Dataset;

type Files<'a> = [(&'a str, &'a [u8])];

/// A sound folder, in which tests put other files.
const SOUND: [(&str, &str); 4] = [
    (
        "corpus.jsonl",
        "{\"_id\":\"a\",\"title\":\"A\"}\n{\"_id\":\"b\",\"title\":\"B\"}\n{\"_id\":\"c\",\"title\":\"C\"}\n",
    ),
    ("hierarchy.tsv", "child\tparent\na\tb\nb\tc\n"),
    ("queries.jsonl", "{\"_id\":\"q\",\"text\":\"Q\"}\n{\"_id\":\"r\",\"text\":\"R\"}\n"),
    ("qrels/test.tsv", "query-id\tcorpus-id\tscore\nq\ta\t1\nr\tb\t1\n"),
];

/// A folder `data` of these files.
fn folder_of(files: &Files<'_>) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("data");
    for (name, content) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    (dir, folder)
}

/// The sound folder with other files in place of those of the same name; empty names take a file away.
fn sound_but<'a>(others: &'a [(&'a str, &'a str)]) -> Vec<(&'a str, &'a [u8])> {
    let sound = SOUND
        .into_iter()
        .filter(|(name, _)| !others.iter().any(|(other, _)| other.trim_start_matches('-') == *name));
    let others = others.iter().copied().filter(|(name, _)| !name.starts_with('-'));
    sound.chain(others).map(|(name, text)| (name, text.as_bytes())).collect()
}

/// Each problem with its places, a line for each; whether the folder opens must agree.
fn found_in(files: &Files<'_>) -> String {
    let (dir, folder) = folder_of(files);
    let found = examine(&folder);
    assert_eq!(found.opens(), Dataset::open(&folder).is_ok(), "{found}");
    let mut lines = String::new();
    for Problem { kind, severity, count, examples, .. } in &found.problems {
        let kind = serde_json::to_string(kind).unwrap();
        lines += &format!("{severity} {} x{count}\n", kind.trim_matches('"'));
        examples.iter().for_each(|place| lines += &format!("  {place}\n"));
    }
    lines.replace(&format!("{}/", dir.path().display()), "")
}

/// What is found in the sound folder with other files.
fn check(others: &[(&str, &str)], expected: &Expect) {
    expected.assert_eq(&found_in(&sound_but(others)));
}

#[test]
fn a_sound_folder_has_no_problems() {
    check(&[], &expect![[""]]);
    let (_dir, folder) = folder_of(&sound_but(&[]));
    assert_eq!(examine(&folder).to_string(), "no problems found\n");
}

#[test]
fn a_missing_folder_is_one_problem() {
    let found = examine(Path::new("no/such/folder"));
    assert_eq!(found.problems.len(), 1);
    assert_eq!(
        (found.problems[0].kind, &*found.problems[0].examples[0].what),
        (Kind::MissingFolder, "no/such/folder is no folder")
    );
}

#[test]
fn missing_files_are_told_together() {
    expect![[r#"
        error missing_corpus x1
          neither corpus.jsonl nor corpus.jsonl.gz is there
        error nothing_to_learn x1
          neither queries.jsonl nor hierarchy.tsv is there
    "#]]
    .assert_eq(&found_in(&[("README", b"")]));
    check(
        &[("-queries.jsonl", "")],
        &expect![[r#"
        error missing_queries x1
          qrels: there is no queries.jsonl
    "#]],
    );
    check(
        &[("-qrels/test.tsv", "")],
        &expect![[r#"
        error missing_judgements x1
          queries.jsonl: there are no qrels
    "#]],
    );
    check(
        &[("-corpus.jsonl", "")],
        &expect![[r#"
        error missing_corpus x1
          neither corpus.jsonl nor corpus.jsonl.gz is there
    "#]],
    );
}

#[test]
fn empty_files_and_files_that_are_there_twice_are_told() {
    check(
        &[("corpus.jsonl", "\n"), ("corpus.jsonl.gz", "")],
        &expect![[r#"
        error plain_and_compressed x1
          corpus.jsonl: corpus.jsonl.gz is there too
        error empty_file x1
          corpus.jsonl: there is no line in it
        error unknown_in_edge x2
          hierarchy.tsv:2: the id of a document was expected, `a` is none; add it to the corpus, or delete this line
          hierarchy.tsv:3: the id of a document was expected, `b` is none; add it to the corpus, or delete this line
        error unknown_in_judgement x2
          qrels/test.tsv:2: the id of a document was expected, `a` is none; add it to the corpus, or delete this line
          qrels/test.tsv:3: the id of a document was expected, `b` is none; add it to the corpus, or delete this line
    "#]],
    );
    check(
        &[("hierarchy.tsv", ""), ("queries.jsonl", ""), ("qrels/dev.tsv", "query-id\tcorpus-id\tscore\n")],
        &expect![[r#"
            error empty_file x2
              queries.jsonl: there is no line in it
              qrels/dev.tsv: there is no judgement in it
            error header x1
              hierarchy.tsv:1: the header `child<TAB>parent` was expected, `end of file` was found; put the header above the first row
            error unknown_in_judgement x2
              qrels/test.tsv:2: the id of a query was expected, `q` is none; add it to queries.jsonl, or delete this line
              qrels/test.tsv:3: the id of a query was expected, `r` is none; add it to queries.jsonl, or delete this line
        "#]],
    );
}

#[test]
fn bytes_that_are_no_text_are_told_line_by_line() {
    let corpus =
        b"{\"_id\":\"a\"}\n{\"_id\":\"caf\xe9\"}\n\0\n{\"_id\":\"\x81\"}\n{\"_id\":\"b\",\"title\":\"B\"}\n";
    expect![[r#"
        error gzip_by_another_name x1
          guesses.tsv:1: text was expected, gzip was found; add .gz to the file's name
        error zero_byte x1
          corpus.jsonl:3: text was expected, a zero byte was found; this is no text file: convert it to UTF-8, or take it away
        error not_utf8 x1
          corpus.jsonl:2: UTF-8 was expected, byte 0xe9 at column 12 is none; `iconv -f latin1 -t utf-8` converts most older files
        error not_text x1
          corpus.jsonl:4: UTF-8 was expected, byte 0x81 at column 9 is none; `iconv -f latin1 -t utf-8` converts most older files
        warning empty_document x2
          corpus.jsonl:1: `a`
          corpus.jsonl:2: `café`
        warning isolated_document x1
          corpus.jsonl:1: `a`
    "#]].assert_eq(&found_in(&[
        ("corpus.jsonl", corpus),
        ("hierarchy.tsv", "child\tparent\ncafé\tb\n".as_bytes()),
        ("guesses.tsv", b"\x1f\x8b\x08"),
    ]));
}

#[test]
fn a_damaged_archive_is_examined_up_to_the_damage() {
    let lines: String =
        (0..2_000).map(|i| format!("{{\"_id\":\"{}\",\"title\":\"t\"}}\n", i * 7_919)).collect();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(lines.as_bytes()).unwrap();
    let whole = encoder.finish().unwrap();
    let found =
        found_in(&[("corpus.jsonl.gz", &whole[..whole.len() - 9]), ("hierarchy.tsv", b"child\tparent\n")]);
    assert!(found.starts_with("error damaged x1\n  corpus.jsonl.gz:"), "{found}");
    assert!(found.contains("warning duplicate_document x"), "{found}");
}

#[test]
fn broken_records_are_told_and_what_refers_to_them_is_not() {
    let corpus = "{\"_id\":\"a\",\"title\":null}\n{\"_id\":\"b\"\n{\"_id\":\"\"}\n{\"_id\":\"c\"}\n{\"_id\":7}\nno\n[]\n";
    check(
        &[("corpus.jsonl", corpus)],
        &expect![[r#"
        error json x5
          corpus.jsonl:1: an object {"_id": "..", "title": "..", "text": ".."} was expected, but invalid type: null, expected a string at column 23, in `{"_id":"a","title":null}`
          corpus.jsonl:2: an object {"_id": "..", "title": "..", "text": ".."} was expected, but EOF while parsing an object at column 10, in `{"_id":"b"`
          corpus.jsonl:5: an object {"_id": "..", "title": "..", "text": ".."} was expected, but invalid type: integer `7`, expected a string at column 8, in `{"_id":7}`
          corpus.jsonl:6: an object {"_id": "..", "title": "..", "text": ".."} was expected, but expected ident at column 2, in `no`
          corpus.jsonl:7: an object {"_id": "..", "title": "..", "text": ".."} was expected, but invalid length 0, expected struct Document with 4 elements at column 2, in `[]`
        error bad_id x1
          corpus.jsonl:3: an id without tabs and line breaks, not empty, was expected, `` was found
        error unknown_in_edge x2
          hierarchy.tsv:2: the id of a document was expected, `b` is none; add it to the corpus, or delete this line
          hierarchy.tsv:3: the id of a document was expected, `b` is none; add it to the corpus, or delete this line
        error unknown_in_judgement x1
          qrels/test.tsv:3: the id of a document was expected, `b` is none; add it to the corpus, or delete this line
        warning empty_document x1
          corpus.jsonl:4: `c`
        warning unjudged_query x1
          queries.jsonl:2: `r`
    "#]],
    );
}

#[test]
fn ids_given_twice_differ_from_lines_given_twice() {
    let corpus = "{\"_id\":\"a\",\"title\":\"A\"}\n{\"_id\":\"b\"}\n{\"_id\":\"c\"}\n{\"_id\":\"a\",\"title\":\"A\"}\n{\"_id\":\"b\",\"text\":\"x\"}\n";
    check(
        &[("corpus.jsonl", corpus)],
        &expect![[r#"
        error repeated_line x1
          corpus.jsonl:4: line 1 says the same of `a`
        error duplicate_id x1
          corpus.jsonl:5: a new id was expected, `b` is that of line 2 too
        warning empty_document x2
          corpus.jsonl:2: `b`
          corpus.jsonl:3: `c`
    "#]],
    );
}

#[test]
fn bad_edges_are_told_each_by_its_kind() {
    let edges = "child\tparent\na\tb\na\tb\nb\tb\na\tz\ny\tb\na b\nb\tc \n\tc\t\n";
    check(
        &[("hierarchy.tsv", edges)],
        &expect![[r#"
        error columns x2
          hierarchy.tsv:7: 2 columns with tabs between them were expected, the line has 1: `a b`
          hierarchy.tsv:9: 2 columns with tabs between them were expected, the line has 3: `\tc\t`
        error stray_blanks x1
          hierarchy.tsv:8: the id of a document was expected, `c ` is none; add it to the corpus, or delete this line
        error unknown_in_edge x2
          hierarchy.tsv:5: the id of a document was expected, `z` is none; add it to the corpus, or delete this line
          hierarchy.tsv:6: the id of a document was expected, `y` is none; add it to the corpus, or delete this line
        error self_edge x1
          hierarchy.tsv:4: two documents were expected, `b` is given as its own parent; delete this line
        error repeated_edge x1
          hierarchy.tsv:3: a new edge was expected, line 2 has `a` under `b` too; delete one of them
    "#]],
    );
    check(
        &[("hierarchy.tsv", "a\tb\nb\tc\n")],
        &expect![[r#"
        error header x1
          hierarchy.tsv:1: the header `child<TAB>parent` was expected, `a\tb` was found; put the header above the first row
        warning isolated_document x1
          corpus.jsonl:1: `a` (A)
    "#]],
    );
    check(
        &[("hierarchy.tsv", " child\tparent\na\tb\nb\tc\n")],
        &expect![[r#"
        error stray_blanks x1
          hierarchy.tsv:1: the header `child<TAB>parent` was expected, ` child\tparent` was found; put the header above the first row
    "#]],
    );
}

#[test]
fn every_knot_is_told_by_one_circle() {
    let corpus: String = ('a'..='h').map(|id| format!("{{\"_id\":\"{id}\",\"title\":\"{id}\"}}\n")).collect();
    let edges = "child\tparent\na\tb\nb\tc\nc\ta\nc\td\nd\te\ne\td\nf\tg\ng\th\nb\ta\n";
    check(
        &[("corpus.jsonl", &corpus), ("hierarchy.tsv", edges)],
        &expect![[r#"
            error cycle x2
              hierarchy.tsv:2: a → b → a; others that hang together with these: 1
              hierarchy.tsv:6: d → e → d
        "#]],
    );
}

#[test]
fn a_hierarchy_that_is_too_deep_is_told() {
    let id = |i: u32| format!("n{i}");
    let corpus: String =
        (0..30_000).map(|i| format!("{{\"_id\":\"{0}\",\"title\":\"{0}\"}}\n", id(i))).collect();
    let chain: String = (1..30_000).map(|i| format!("{}\t{}\n", id(i), id(i - 1))).collect();
    let chain = format!("child\tparent\n{chain}");
    expect![[r#"
        error too_many_ancestors x1
          hierarchy.tsv: at least 450015000 pairs of a document and an ancestor were found, at most 268435456 can be held; a hierarchy this deep may be a sequence by mistake
    "#]].assert_eq(&found_in(&[("corpus.jsonl", corpus.as_bytes()), ("hierarchy.tsv", chain.as_bytes())]));
}

#[test]
fn bad_judgements_are_told_each_by_its_kind() {
    let qrels = "query-id\tcorpus-id\tscore\nq\ta\t1\nq\ta\t1\nq\ta\t2\nx\ta\t1\nq\tx\t1\nr\ta\thigh\nr\ta\t1 \nr\ta\n";
    check(
        &[("qrels/test.tsv", qrels)],
        &expect![[r#"
        error columns x1
          qrels/test.tsv:9: 3 columns with tabs between them were expected, the line has 2: `r\ta`
        error stray_blanks x1
          qrels/test.tsv:8: a score, which is a whole number, was expected, `1 ` was found
        error unknown_in_judgement x2
          qrels/test.tsv:5: the id of a query was expected, `x` is none; add it to queries.jsonl, or delete this line
          qrels/test.tsv:6: the id of a document was expected, `x` is none; add it to the corpus, or delete this line
        error score x1
          qrels/test.tsv:7: a score, which is a whole number, was expected, `high` was found
        error repeated_judgement x1
          qrels/test.tsv:3: one judgement of `a` for `q` was expected, line 2 has another; delete one of them
        error contradicting_judgement x1
          qrels/test.tsv:4: `a` for `q` has score 2, in line 2 it has 1
    "#]],
    );
}

#[test]
fn bad_guesses_are_told() {
    let guesses = "child\tancestor\tprobability\na\tb\t0.5\na\tb\t0.6\na\tx\t0.5\nb\ta\t1.5\n";
    check(
        &[("guesses.tsv", guesses)],
        &expect![[r#"
        error bad_guess x3
          guesses.tsv:3: a new edge was expected, line 2 has `a` under `b` too; delete one of them
          guesses.tsv:4: the id of a document was expected, `x` is none; add it to the corpus, or delete this line
          guesses.tsv:5: a probability above 0 and below 1 was expected, `1.5` was found
    "#]],
    );
}

#[test]
fn texts_that_repeat_or_lack_or_are_broken_are_warned_of() {
    let corpus =
        "{\"_id\":\"a\",\"title\":\"A\"}\n{\"_id\":\"b\",\"title\":\"A\"}\n{\"_id\":\"c\",\"title\":\" \"}\n";
    let queries = "{\"_id\":\"q\",\"text\":\"donâ€™t\"}\n{\"_id\":\"r\",\"text\":\"\"}\n{\"_id\":\"s\",\"text\":\"donâ€™t\"}\n";
    let qrels = "query-id\tcorpus-id\tscore\nq\ta\t1\nr\tb\t1\ns\tb\t1\n";
    check(
        &[("corpus.jsonl", corpus), ("queries.jsonl", queries), ("qrels/test.tsv", qrels)],
        &expect![[r#"
        warning duplicate_document x1
          corpus.jsonl:2: `b` says what `a` of line 1 says
        warning duplicate_query x1
          queries.jsonl:3: `s` asks what `q` of line 1 asks: donâ€™t
        warning empty_document x1
          corpus.jsonl:3: `c`
        warning empty_query x1
          queries.jsonl:2: `r`
        warning mojibake x2
          queries.jsonl:1: `â€™` in `q`
          queries.jsonl:3: `â€™` in `s`
    "#]],
    );
}

#[test]
fn roots_loose_documents_and_short_cuts_are_told() {
    let corpus: String = ('a'..='f').map(|id| format!("{{\"_id\":\"{id}\",\"title\":\"{id}\"}}\n")).collect();
    let edges = "child\tparent\na\tb\nb\tc\na\tc\nd\te\n";
    check(
        &[("corpus.jsonl", &corpus), ("hierarchy.tsv", edges)],
        &expect![[r#"
        warning isolated_document x1
          corpus.jsonl:6: `f` (f)
        warning transitive_edge x1
          hierarchy.tsv:4: `a` is under `c` by way of others too
        hint several_roots x2
          corpus.jsonl:3: `c` (c)
          corpus.jsonl:5: `e` (e)
    "#]],
    );
}

#[test]
fn queries_without_an_answer_are_warned_of() {
    let queries =
        "{\"_id\":\"q\",\"text\":\"Q\"}\n{\"_id\":\"r\",\"text\":\"R\"}\n{\"_id\":\"s\",\"text\":\"S\"}\n";
    let qrels = "query-id\tcorpus-id\tscore\nq\ta\t1\nr\tb\t0\n";
    check(
        &[("queries.jsonl", queries), ("qrels/test.tsv", qrels), ("qrels/validation.tsv", "")],
        &expect![[r#"
        warning unjudged_query x1
          queries.jsonl:3: `s`
        warning unanswered_query x1
          queries.jsonl:2: `r`
        warning unread_file x1
          qrels/validation.tsv: no split has this name
    "#]],
    );
}

#[test]
fn splits_that_share_queries_texts_or_groups_are_warned_of() {
    let query = |id: &str, text: &str, group: &str| {
        format!("{{\"_id\":\"{id}\",\"text\":\"{text}\",\"group\":\"{group}\"}}\n")
    };
    let queries = [
        query("q", "Q", "g"),
        query("r", " q", "h"),
        query("s", "S", "g"),
        query("t", "T", "t"),
        query("u", "U", "g"),
    ]
    .concat();
    let train = "query-id\tcorpus-id\tscore\nq\ta\t1\nt\ta\t1\n";
    let test = "query-id\tcorpus-id\tscore\nr\ta\t1\ns\ta\t1\nt\tb\t1\nu\tb\t1\n";
    let files = [("queries.jsonl", &*queries), ("qrels/train.tsv", train), ("qrels/test.tsv", test)];
    check(
        &files,
        &expect![[r#"
            warning leaked_query x1
              queries.jsonl:4: `t` is in train and test
            warning leaked_text x1
              queries.jsonl:2: `r` asks what `q` of line 1 asks:  q (test and train)
            warning leaked_group x2
              queries.jsonl:3: `g`: `s` is in test, `q` in train
              queries.jsonl:4: `t`: `t` is in train and test, `t` in train and test
        "#]],
    );
    let (_dir, folder) = folder_of(&sound_but(&files));
    assert_eq!(leakage(&Dataset::open(&folder).unwrap()), Leakage { queries: 1, texts: 1, groups: 2 });
}

#[test]
fn a_label_of_nearly_all_is_told_unless_it_is_a_root() {
    let queries: String = (0..20).map(|i| format!("{{\"_id\":\"q{i}\",\"text\":\"{i}\"}}\n")).collect();
    let qrels: String = (0..20).map(|i| format!("q{i}\t{}\t1\n", if i == 0 { "c" } else { "a" })).collect();
    let qrels = format!("query-id\tcorpus-id\tscore\n{qrels}");
    check(
        &[("queries.jsonl", &queries), ("qrels/test.tsv", &qrels)],
        &expect![[r#"
        warning label_of_nearly_all x2
          corpus.jsonl:1: `a` for 19 of 20 queries
          corpus.jsonl:2: `b` for 19 of 20 queries
    "#]],
    );
}

#[test]
fn only_the_first_examples_are_kept_and_all_are_counted() {
    let edges: String = (0..9).map(|i| format!("a\tx{i}\n")).collect();
    let (_dir, folder) =
        folder_of(&sound_but(&[("hierarchy.tsv", &format!("child\tparent\na\tb\nb\tc\n{edges}"))]));
    expect![[r#"
        error: edges to documents that are not in the corpus: 9
          hierarchy.tsv:4: the id of a document was expected, `x0` is none; add it to the corpus, or delete this line
          hierarchy.tsv:5: the id of a document was expected, `x1` is none; add it to the corpus, or delete this line
          hierarchy.tsv:6: the id of a document was expected, `x2` is none; add it to the corpus, or delete this line
          hierarchy.tsv:7: the id of a document was expected, `x3` is none; add it to the corpus, or delete this line
          hierarchy.tsv:8: the id of a document was expected, `x4` is none; add it to the corpus, or delete this line
          …
          remedy: add the documents, or delete the edges; --fix deletes
    "#]].assert_eq(&examine(&folder).to_string());
}

#[test]
fn the_keys_of_the_json_are_stable() {
    let (_dir, folder) = folder_of(&sound_but(&[("hierarchy.tsv", "child\tparent\na\tb\nb\tc\na\ta\n")]));
    expect![[r#"
        {
          "problems": [
            {
              "kind": "self_edge",
              "severity": "error",
              "count": 1,
              "what": "documents given as their own parent",
              "examples": [
                {
                  "file": "hierarchy.tsv",
                  "line": 4,
                  "what": "two documents were expected, `a` is given as its own parent; delete this line"
                }
              ],
              "remedy": "delete the line; --fix does"
            }
          ]
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&examine(&folder)).unwrap());
}

/// What mending the files says, and what is in the copy.
fn mended(files: &Files<'_>) -> String {
    let (dir, folder) = folder_of(files);
    let out = dir.path().join("mended");
    match mend(&folder, &out) {
        Err(error) => {
            assert!(!out.exists() && fs::read_dir(dir.path()).unwrap().count() == 1);
            error.to_string()
        }
        Ok(Mended { changes, left }) => {
            Dataset::open(&out).unwrap();
            let mut said: String = changes.iter().map(|change| format!("{change}\n")).collect();
            left.iter().for_each(|problem| said += &format!("left: {}: {}\n", problem.what, problem.count));
            for (name, _) in files {
                said += &format!("-- {name}\n{}", fs::read_to_string(out.join(name)).unwrap_or_default());
            }
            said
        }
    }
}

#[test]
fn what_is_safe_is_mended_and_other_keys_stay() {
    let corpus = b"\xef\xbb\xbf{\"_id\":\"a\",\"title\":\"caf\xe9\",\"url\":\"x\"}\r\n\n{\"_id\":\"b\",\"title\":\"B\"}\n{\"_id\":\"c\",\"title\":\"C\"}\n{\"_id\":\"c\",\"title\":\"C\"}";
    let edges = b"child\tparent\t\na\tb \nb\tc\nb\tc\nc\tc\na\tz\na\tc\n";
    let qrels = b"query-id\tcorpus-id\tscore\nq\ta\t1\nq\ta\t1\nx\ta\t1\nr\tb\t1\n";
    expect![[r#"
        lines read as Windows-1252: 1
        rows freed of blanks around their columns: 2
        repeated lines dropped: 1
        edges to unknown documents dropped: 1
        edges from a document to itself dropped: 1
        repeated edges dropped: 1
        judgements of unknown queries or documents dropped: 1
        repeated judgements dropped: 1
        byte order marks dropped: 1
        line ends of Windows made plain: 1
        empty lines dropped: 1
        left: edges to an ancestor that other edges lead to as well: 1
        -- corpus.jsonl
        {"_id":"a","title":"café","url":"x"}
        {"_id":"b","title":"B"}
        {"_id":"c","title":"C"}
        -- hierarchy.tsv
        child	parent
        a	b
        b	c
        a	c
        -- queries.jsonl
        {"_id":"q","text":"Q"}
        {"_id":"r","text":"R"}
        -- qrels/test.tsv
        query-id	corpus-id	score
        q	a	1
        r	b	1
    "#]]
    .assert_eq(&mended(&[
        ("corpus.jsonl", corpus),
        ("hierarchy.tsv", edges),
        ("queries.jsonl", SOUND[2].1.as_bytes()),
        ("qrels/test.tsv", qrels),
    ]));
}

#[test]
fn what_only_a_person_can_solve_is_named_and_nothing_is_written() {
    let corpus = "{\"_id\":\"a\",\"title\":\"A\"}\n{\"_id\":\"b\"}\n{\"_id\":\"a\",\"title\":\"B\"}\n";
    let edges = "child\tparent\na\tb\nb\ta\na\ta\n";
    expect![[r#"
        nothing was written, because this cannot be mended safely:

        ids that stand for two different things: 1
          corpus.jsonl:3: a new id was expected, `a` is that of line 1 too
          remedy: rename one of the two and what refers to it, or delete one: no program can know which is meant

        knots of documents that lie above each other: 1
          hierarchy.tsv:2: a → b → a
          remedy: delete one edge of each circle; which one is wrong no program can know
    "#]].assert_eq(&mended(&[("corpus.jsonl", corpus.as_bytes()), ("hierarchy.tsv", edges.as_bytes())]));
}

#[test]
fn a_copy_that_would_not_open_is_not_made() {
    let qrels = "query-id\tcorpus-id\tscore\nx\ta\t1\n";
    expect![[r#"
        nothing was written, because this cannot be mended safely:

        files without the lines that they need: 1
          qrels/test.tsv: there is no judgement in it
          remedy: fill the file, or delete it
    "#]]
    .assert_eq(&mended(&sound_but(&[("qrels/test.tsv", qrels)])));
}

#[test]
fn compressed_files_are_mended_compressed() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(b"child\tparent\na\tb\na\tb\n").unwrap();
    let (dir, folder) = folder_of(&[
        ("corpus.jsonl", SOUND[0].1.as_bytes()),
        ("hierarchy.tsv.gz", &encoder.finish().unwrap()),
    ]);
    let out = dir.path().join("mended");
    assert_eq!(mend(&folder, &out).unwrap().changes.len(), 1);
    assert_eq!(Dataset::open(&out).unwrap().hierarchy.n_edges(), 1);
    assert!(out.join("hierarchy.tsv.gz").exists());
}

/// A change of a file, by places that are taken modulo its size.
#[derive(Clone, Debug)]
enum Mutation {
    SetByte { at: usize, to: u8 },
    CutOff { at: usize },
    RepeatLine { line: usize, at: usize },
    DropLine { line: usize },
    SwapWords { line: usize, other: usize },
    Remove,
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let place = 0usize..400;
    prop_oneof![
        4 => (place.clone(), prop_oneof![any::<u8>(), prop::sample::select(b"\t\n\r \0\xe9\xff{}\",abcqr1".to_vec())])
            .prop_map(|(at, to)| Mutation::SetByte { at, to }),
        1 => place.clone().prop_map(|at| Mutation::CutOff { at }),
        2 => (place.clone(), place.clone()).prop_map(|(line, at)| Mutation::RepeatLine { line, at }),
        1 => place.clone().prop_map(|line| Mutation::DropLine { line }),
        3 => (place.clone(), place).prop_map(|(line, other)| Mutation::SwapWords { line, other }),
        1 => Just(Mutation::Remove),
    ]
}

fn mutate(content: &mut Option<Vec<u8>>, mutation: &Mutation) {
    let Some(bytes) = content.as_mut().filter(|bytes| !bytes.is_empty()) else { return };
    let mut lines: Vec<Vec<u8>> = bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    let n = lines.len();
    match mutation {
        Mutation::SetByte { at, to } => {
            let at = at % bytes.len();
            bytes[at] = *to;
            return;
        }
        Mutation::CutOff { at } => return bytes.truncate(at % bytes.len()),
        Mutation::Remove => return *content = None,
        Mutation::RepeatLine { line, at } => lines.insert(at % (n + 1), lines[line % n].clone()),
        Mutation::DropLine { line } => drop(lines.remove(line % n)),
        Mutation::SwapWords { line, other } => {
            let word = |line: &[u8]| line.split(|byte| *byte == b'\t').next().unwrap_or_default().to_vec();
            let (from, to) = (word(&lines[line % n]), word(&lines[other % n]));
            let rest = lines[line % n][from.len()..].to_vec();
            lines[line % n] = [to, rest].concat();
        }
    }
    *bytes = lines.concat();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_folder_opens_exactly_when_its_examination_has_no_error(
        mutations in prop::collection::vec((0usize..6, mutation()), 0..5),
    ) {
        let others = [
            ("qrels/train.tsv", "query-id\tcorpus-id\tscore\nq\tb\t2\n"),
            ("guesses.tsv", "child\tancestor\tprobability\na\tc\t0.4\n"),
        ];
        let files = SOUND.into_iter().chain(others);
        let mut files: Vec<(&str, Option<Vec<u8>>)> = files.map(|(name, text)| (name, Some(text.into()))).collect();
        for (file, mutation) in &mutations {
            mutate(&mut files[*file].1, mutation);
        }
        let files: Vec<(&str, &[u8])> =
            files.iter().filter_map(|(name, content)| Some((*name, content.as_deref()?))).collect();
        let (dir, folder) = folder_of(&files);
        let (found, opened) = (examine(&folder), Dataset::open(&folder));
        prop_assert_eq!(found.opens(), opened.is_ok(), "{}\n{:?}", found, opened.err());

        // What is mended opens, and what is sound comes through mending with the same meaning.
        let out = dir.path().join("mended");
        match (mend(&folder, &out), opened) {
            (Ok(_), Ok(before)) => prop_assert_eq!(Dataset::open(&out).unwrap().fingerprint(), before.fingerprint()),
            (Ok(_), Err(_)) => prop_assert!(Dataset::open(&out).is_ok()),
            (Err(_), opened) => prop_assert!(opened.is_err() && !out.exists()),
        }
    }

    #[test]
    fn no_bytes_are_too_strange_to_be_examined(
        corpus in prop::collection::vec(any::<u8>(), 0..200),
        edges in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let edges = [&b"child\tparent\n"[..], &edges].concat();
        let (_dir, folder) = folder_of(&[("corpus.jsonl", &corpus), ("hierarchy.tsv", &edges)]);
        prop_assert_eq!(examine(&folder).opens(), Dataset::open(&folder).is_ok());
    }
}
