//! Stanzas, relations, and what is left out.

use proptest::prelude::{ProptestConfig, any, proptest};
use rootward::ids::DocIdx;

use super::*;

const FILE: &str = r#"format-version: 1.4
id: not a term

[Term]
id: A:1 ! the root
name: all
def: "Every \"one\"." [X:1]

[Term]
id: A:2 {source="x"}
name: some
alt_id: A:9
synonym: "few" EXACT [X:1, "y"]
synonym: "few" RELATED []
synonym: "some" EXACT []
! a comment
is_a: A:1 {source="y"} ! all
relationship: part_of A:3 ! old

[Term]
id: A:3
name: old
is_a: A:1
is_obsolete: true

[Typedef]
id: part_of
name: part of

[Term]
id: A:4
name: a name \
that goes on
is_a: A:2
relationship: part_of A:1 ! all
relationship: regulates A:2
"#;

/// Imports these lines.
fn import(lines: &[u8], relations: &[&str], queries: Queries) -> Result<Imported, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("f.obo");
    std::fs::write(&file, lines).unwrap();
    let relations = relations.iter().map(|&relation| relation.to_owned()).collect();
    obo(&Source::new(&file, &|_| {}), &OboOptions { relations, queries })
        .map_err(|error| error.to_string().replace(&*file.to_string_lossy(), "f.obo"))
}

/// Children and parents by their numbers.
type Edges = Vec<(u32, u32)>;

/// Edges and notes.
fn edges_and_notes(relations: &[&str]) -> (Edges, Vec<(u64, &'static str)>) {
    let imported = import(FILE.as_bytes(), relations, Queries::Nodes).unwrap();
    let edges = imported.parts.graph.edges().map(|edge| (edge.child.0, edge.parent.0)).collect();
    (edges, imported.notes.iter().map(|note| (note.count, note.what)).collect())
}

#[test]
fn a_term_is_a_document_with_name_definition_and_synonyms() {
    let parts = import(FILE.as_bytes(), &[], Queries::Nodes).unwrap().parts;
    let told: Vec<_> =
        parts.docs.iter().map(|doc| (&*doc.id, &*doc.title, &*doc.text, doc.synonyms.join("|"))).collect();
    assert_eq!(
        told,
        [
            ("A:1", "all", "Every \"one\".", String::new()),
            ("A:2", "some", "", "few".to_owned()),
            ("A:4", "a name that goes on", "", String::new()),
        ]
    );
    assert!(parts.asked.is_none());
    assert_eq!(parts.graph.parents(DocIdx(2)), [DocIdx(1)]);
}

#[test]
fn edges_are_is_a_and_the_relations_asked_for() {
    let obsolete = (1, "obsolete terms left out");
    let missing = (1, "edges to nodes that are not in the file left out");
    assert_eq!(edges_and_notes(&[]), (vec![(1, 0), (2, 1)], vec![obsolete]));
    let part_of = (vec![(1, 0), (2, 0), (2, 1)], vec![obsolete, missing]);
    assert_eq!(edges_and_notes(&["part_of"]), part_of);
    let repeated = (1, "edges given more than once, the first kept");
    assert_eq!(edges_and_notes(&["all"]), (part_of.0, vec![obsolete, missing, repeated]));
}

#[test]
fn every_name_is_a_query_where_that_is_asked_for() {
    let asked = import(FILE.as_bytes(), &[], Queries::Names).unwrap().parts.asked.unwrap();
    let texts: Vec<&str> = asked.queries.iter().map(|query| &*query.text).collect();
    assert_eq!(texts, ["all", "some", "few", "a name that goes on"]);
}

#[test]
fn bad_lines_are_told_by_file_and_line() {
    let cases = [
        ("[Term]\nid: a\nword", "f.obo:3: a line `tag: value` was expected, `word` was found"),
        ("[Term]\nid: a\n[Term]\nid: a", "f.obo:4: a new id was expected, `a` is that of line 1 too"),
        ("[Term]\nid: a\nid: b", "f.obo:3: one id for a term was expected, `id: b` was found"),
        ("[Term]\nid: a\ndef: b", "f.obo:3: a text in quotation marks was expected, ` b` was found"),
        (
            "[Term]\nname: a\n",
            "f.obo:2: a line `id: ..` in the term that ends above was expected, `a` was found",
        ),
        (
            "[Term]\nid: !a\n",
            "f.obo:2: an id without tabs and line breaks, not empty, was expected, `` was found",
        ),
        (
            "[Term]\nid: a\nis_a: b\n[Term]\nid: b\nis_a: a",
            "f.obo has a cycle: a → b → a; delete one of these edges",
        ),
        ("format-version: 1.2", "f.obo holds no document; at least one was expected"),
    ];
    for (lines, message) in cases {
        assert_eq!(import(lines.as_bytes(), &[], Queries::Nodes).unwrap_err(), message);
    }
}

#[test]
fn a_relation_that_no_term_has_is_told() {
    let error = import(FILE.as_bytes(), &["partof"], Queries::Nodes).unwrap_err();
    assert_eq!(error, "f.obo holds no relationship `partof`; `grep ^relationship:` shows those there are");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80), at in 0..FILE.len()) {
        let _ = import(&bytes, &[], Queries::Names);
        let mut changed = FILE.as_bytes().to_vec();
        changed.splice(at.., bytes);
        let _ = import(&changed, &["all"], Queries::Names);
    }
}
