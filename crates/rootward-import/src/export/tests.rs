//! What is exported and imported again is the same, as far as the form can hold it.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use rootward::dataset::{Document, Query};
use rootward::hierarchy::{Edge, Hierarchy};
use rootward::ids::{DocIdx, QueryIdx};
use tempfile::TempDir;

use super::*;
use crate::EdgesOptions;
use crate::draft::Imported;
use crate::judged::Grades;
use crate::source::Source;
use crate::table::{Delimiter, Header, Table, TableOptions, Wanted};
use crate::trec::{TrecFiles, TrecOptions, trec};

/// Texts that any form could trip over.
const TEXT: &str = "[ab <>&;\"'|,\t\n\u{0}\u{85}\u{a0}ü#1]{0,9}";
/// The beginnings of ids; a number follows.
const ID: &str = "[ab <>&\"'|,:ü0]{0,4}";

/// Documents, edges upwards in the order of the documents, queries, judgements by split and place.
#[derive(Clone, Debug)]
struct Random {
    docs: Vec<(String, String, String, Vec<String>)>,
    edges: Vec<(usize, usize)>,
    queries: Vec<(String, String, Option<String>)>,
    judged: BTreeMap<(u8, usize, usize), i32>,
}

fn random() -> impl Strategy<Value = Random> {
    let doc = (ID, TEXT, TEXT, vec("[a \",ü]{1,3}", 0..3));
    let query = (ID, TEXT, proptest::option::of("[a b]{0,3}"));
    let judged = btree_map((0u8..3, 0usize..9, 0usize..9), -2i32..4, 1..12);
    let parts = (vec(doc, 1..7), vec((0usize..9, 0usize..9), 0..9), vec(query, 1..5), judged);
    parts.prop_map(|(docs, edges, queries, judged)| Random { docs, edges, queries, judged })
}

/// With an edge at least, as a table of edges needs one.
fn random_with_edge() -> impl Strategy<Value = Random> {
    random().prop_map(|mut random| {
        if random.docs.len() < 2 {
            random.docs.push(Default::default());
        }
        random.edges.push((0, 1));
        random
    })
}

impl Random {
    /// Without zero bytes in titles and texts, which a table of text refuses.
    fn without_zero_bytes(mut self) -> Self {
        for (_, title, text, _) in &mut self.docs {
            title.retain(|letter| letter != '\0');
            text.retain(|letter| letter != '\0');
        }
        self
    }

    fn data(&self, is_closed: bool) -> Dataset {
        let docs = self.docs.iter().enumerate().map(|(at, (id, title, text, synonyms))| {
            let (id, synonyms) = (format!("{id}{at}"), synonyms.clone());
            Document { id, title: title.clone(), text: text.clone(), synonyms }
        });
        let docs: Vec<Document> = docs.collect();
        let place = |at: usize, of: usize| u32::try_from(at % of).unwrap();
        let edges = self.edges.iter().map(|(a, b)| (place(*a, docs.len()), place(*b, docs.len())));
        let edges = edges
            .filter(|(a, b)| a != b)
            .map(|(a, b)| Edge { child: DocIdx(a.max(b)), parent: DocIdx(a.min(b)) });
        let mut edges: Vec<Edge> = edges.collect();
        edges.sort_unstable();
        edges.dedup();
        let hierarchy = Hierarchy::new(docs.len(), &edges).unwrap();
        if is_closed {
            return Dataset::closed("data".to_owned(), docs, hierarchy);
        }
        let queries = self.queries.iter().enumerate().map(|(at, (id, text, group))| Query {
            id: format!("{id}{at}"),
            text: text.clone(),
            group: group.clone(),
        });
        let queries: Vec<Query> = queries.collect();
        let mut judgements = Judgements::default();
        for ((split, query, doc), grade) in &self.judged {
            let (query, doc) = (place(*query, queries.len()), place(*doc, docs.len()));
            let of_split = judgements.of_mut(Split::ALL[usize::from(*split)]).get_or_insert_with(Vec::new);
            of_split.push(Judgement { query: QueryIdx(query), doc: DocIdx(doc), grade: *grade });
        }
        for split in Split::ALL {
            if let Some(of_split) = judgements.of_mut(split) {
                of_split.sort_unstable();
                of_split.dedup_by_key(|judgement| (judgement.query, judgement.doc));
            }
        }
        Dataset::judged("data".to_owned(), docs, hierarchy, queries, judgements)
    }
}

fn check_same(imported: Imported, data: &Dataset) {
    assert!(imported.notes.iter().all(|note| note.what.starts_with("documents without a title")));
    let again = imported.parts.into_dataset("data".to_owned()).unwrap();
    assert_eq!((&again.docs, &again.queries), (&data.docs, &data.queries));
    assert!(again.hierarchy.edges().eq(data.hierarchy.edges()));
    for split in Split::ALL {
        assert_eq!(again.judgements(split), data.judgements(split));
    }
}

/// What is left of a data set in TREC's files.
fn as_trec(data: &Dataset) -> Dataset {
    let docs = data.docs.iter().map(|doc| Document { synonyms: Vec::new(), ..doc.clone() });
    let docs: Vec<Document> = docs.collect();
    let queries = data.queries.iter().map(|query| Query::new(&query.id, &on_one_line(&query.text)));
    let of = |split| data.judgements(split).map(<[Judgement]>::to_vec);
    let judgements = Judgements { train: of(Split::Train), dev: of(Split::Dev), test: of(Split::Test) };
    let flat = Hierarchy::new(docs.len(), &[]).unwrap();
    Dataset::judged("data".to_owned(), docs, flat, queries.collect(), judgements)
}

fn import_trec(data: &Dataset, folder: &Path) -> Result<Imported, DataError> {
    let splits = Split::ALL.into_iter().filter(|split| data.judgements(*split).is_some());
    let qrels = splits.map(|split| (split, folder.join(format!("qrels.{split}.txt")))).collect();
    let files = TrecFiles { corpus: folder.join("corpus.sgml"), topics: folder.join("topics.tsv"), qrels };
    trec(&files, &TrecOptions { topic_ids: None, grades: Grades::as_written() }, &|_| {})
}

fn import_edges(file: &Path, nodes: &Path) -> Result<Imported, DataError> {
    let table = TableOptions { delimiter: Delimiter::Detect, header: Header::Detect };
    let (child, parent, direction, weight, min_weight, title, text) = Default::default();
    let nodes = Some(nodes.to_owned());
    let options = EdgesOptions { table, child, parent, direction, weight, min_weight, nodes, title, text };
    crate::edges(&Source::new(file, &|_| {}), &options)
}

/// The cells of a table.
fn rows<const N: usize>(path: &Path, names: [&str; N]) -> Vec<[String; N]> {
    let options = TableOptions { delimiter: Delimiter::Detect, header: Header::Present };
    let table = Table::open(&Source::new(path, &|_| {}), options, &[]).unwrap();
    let place = |name| table.needed(Wanted { asked: None, names: &[name], place: None }).unwrap();
    let places = names.map(|name| Some(place(name)));
    let mut found = Vec::new();
    let take = |cells: [&str; N], _| {
        found.push(cells.map(str::to_owned));
        Ok(())
    };
    table.each(places, take).unwrap();
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_collection_of_beir_comes_back(random in random(), is_closed: bool) {
        let (dir, data) = (TempDir::new().unwrap(), random.data(is_closed));
        let folder = dir.path().join("out");
        let notes = to_beir(&data, &folder).unwrap();
        prop_assert_eq!(notes.iter().map(|note| note.what).collect::<Vec<_>>(), if is_closed { vec![OWN_QUERIES] } else { vec![] });
        check_same(crate::beir(&Source::new(&folder, &|_| {})).unwrap(), &data);
    }

    #[test]
    fn a_collection_of_trec_comes_back_without_hierarchy_synonyms_and_groups(random in random(), is_closed: bool) {
        let (dir, data) = (TempDir::new().unwrap(), random.data(is_closed));
        let folder = dir.path().join("out");
        to_trec(&data, &folder).unwrap();
        check_same(import_trec(&data, &folder).unwrap(), &as_trec(&data));
    }

    #[test]
    fn tables_of_edges_and_nodes_come_back(random in random_with_edge(), ending in prop::sample::select(vec!["tsv", "csv", "parquet"])) {
        let random = if ending == "csv" { random.without_zero_bytes() } else { random };
        let (dir, data) = (TempDir::new().unwrap(), random.data(true));
        let [edges, nodes] = ["edges", "nodes"].map(|name| dir.path().join(format!("{name}.{ending}")));
        to_edges(&data, &edges, Some(&nodes)).unwrap();
        let id = |doc: DocIdx| data.docs[doc.at()].id.clone();
        let expected: Vec<_> = data.hierarchy.edges().map(|edge| [id(edge.child), id(edge.parent)]).collect();
        prop_assert_eq!(rows(&edges, ["child", "parent"]), expected);
        let cell = |text: &str| if ending == "tsv" { on_one_line(text) } else { text.to_owned() };
        let expected: Vec<_> = data.docs.iter()
            .map(|doc| [doc.id.clone(), cell(&doc.title), cell(&doc.text), doc.synonyms.join("|")])
            .collect();
        prop_assert_eq!(rows(&nodes, ["id", "title", "text", "synonyms"]), expected);
    }

    #[test]
    fn a_hierarchy_comes_back_from_its_tables_without_blanks_around_words(random in random_with_edge(), ending in prop::sample::select(vec!["tsv", "csv", "parquet"])) {
        let (dir, data) = (TempDir::new().unwrap(), random.without_zero_bytes().data(true));
        let [edges, nodes] = ["edges", "nodes"].map(|name| dir.path().join(format!("{name}.{ending}")));
        to_edges(&data, &edges, Some(&nodes)).unwrap();
        let cell = |text: &str| if ending == "tsv" { on_one_line(text) } else { text.to_owned() };
        let trimmed = |doc: &Document| {
            let [id, title, text] = [&doc.id, &doc.title, &doc.text].map(|words| cell(words).trim().to_owned());
            let synonyms = doc.synonyms.iter().map(|word| word.trim().to_owned());
            let synonyms = synonyms.filter(|word| !word.is_empty()).collect();
            Document { title: if title.is_empty() { id.clone() } else { title }, id, text, synonyms }
        };
        let again = import_edges(&edges, &nodes).unwrap();
        prop_assert!(again.notes.is_empty());
        prop_assert_eq!(again.parts.docs, data.docs.iter().map(trimmed).collect::<Vec<_>>());
        prop_assert!(again.parts.graph.edges().eq(data.hierarchy.edges()));
        prop_assert!(again.parts.asked.is_none());
    }
}

#[test]
fn what_a_form_cannot_hold_is_counted() {
    let doc = |id: &str, synonyms: &[&str]| Document {
        id: id.to_owned(),
        synonyms: synonyms.iter().map(|&word| word.to_owned()).collect(),
        ..Document::default()
    };
    let docs = vec![doc("a", &["x"]), doc("b", &[]), doc("alone", &[])];
    let edges = [Edge { child: DocIdx(0), parent: DocIdx(1) }];
    let hierarchy = Hierarchy::new(3, &edges).unwrap();
    let queries = vec![Query { group: Some("g".to_owned()), ..Query::new("q", "two\nlines") }];
    let test = Some(vec![Judgement { query: QueryIdx(0), doc: DocIdx(0), grade: 1 }]);
    let data = Dataset::judged(
        "data".to_owned(),
        docs,
        hierarchy,
        queries,
        Judgements { test, ..Judgements::default() },
    );
    let dir = TempDir::new().unwrap();
    let shown = |notes: Vec<Note>| {
        let shown =
            notes.iter().map(|note| format!("{} {} ({})", note.count, note.what, note.examples.join(" ")));
        shown.collect::<Vec<_>>()
    };
    let trec = [
        "1 edges left out: TREC has no hierarchy (a)",
        "1 documents whose synonyms are left out: TREC has none (a)",
        "1 queries whose group is left out: TREC has none (q)",
        "1 queries in which a tab or a line end became a blank (q)",
    ];
    assert_eq!(shown(to_trec(&data, &dir.path().join("trec")).unwrap()), trec);
    let edges = [
        "1 queries left out, with their judgements: a list of edges has none (q)",
        "1 documents without an edge left out: a table of nodes would hold them (alone)",
    ];
    assert_eq!(shown(to_edges(&data, &dir.path().join("edges.tsv"), None).unwrap()), edges);
    assert!(to_beir(&data, &dir.path().join("beir")).unwrap().is_empty());
}

#[test]
fn a_data_set_without_a_hierarchy_has_no_edges_to_write() {
    let docs = vec![Document { id: "a".to_owned(), ..Document::default() }];
    let data = Dataset::closed("flat".to_owned(), docs, Hierarchy::new(1, &[]).unwrap());
    let dir = TempDir::new().unwrap();
    let error = to_edges(&data, &dir.path().join("e.tsv"), None).unwrap_err().to_string();
    assert!(error.starts_with("flat holds no edge; `--to beir` and `--to trec` write"), "{error}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}
