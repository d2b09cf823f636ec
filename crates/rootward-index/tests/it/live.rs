//! The live index held to the contract: asked by the one who changes it and by others, exactly and down the tree.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use rootward::matrix::Matrix;
use rootward_index::store::{self, ModelName, Record, Settings};
use rootward_index::{
    Blend, Change, Edit, Editor, Filter, Hit, Index, IndexError, Question, Replica, Search,
};
use serde_json::json;
use tempfile::TempDir;

use crate::contract::{self, Changing};

/// How an index is asked in a test.
#[derive(Clone, Copy)]
enum Asked {
    /// By the one who changes it.
    Exactly,
    ByTree,
    /// By another who opened it before it was changed.
    FromOutside,
}

struct Live {
    asked: Asked,
    editor: Mutex<Editor>,
    index: Arc<Index>,
    other: Index,
    above: BTreeMap<String, Vec<String>>,
    _folder: TempDir,
}

impl Live {
    fn new(asked: Asked, dim: usize, docs: &[Replica]) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("index");
        let editor = Editor::create(&path, &Settings { dim, model: None }).unwrap();
        let other = Index::open(&path).unwrap();
        let index = editor.index().clone();
        let editor = Mutex::new(editor);
        let mut live = Live { asked, editor, index, other, above: BTreeMap::new(), _folder: folder };
        live.change(&docs.iter().cloned().map(Change::Put).collect::<Vec<_>>());
        live.editor.lock().unwrap().tune(1.0, None).unwrap();
        live
    }
}

impl Changing for Live {
    fn change(&mut self, changes: &[Change]) {
        let edits: Vec<Edit> = changes
            .iter()
            .map(|change| match change {
                Change::Put(replica) => {
                    self.above.insert(replica.id.clone(), replica.above.clone());
                    Edit::Put(record(replica))
                }
                Change::Remove(id) => Edit::Discard(id.clone()),
            })
            .collect();
        let editor = self.editor.get_mut().unwrap();
        editor.apply(&edits).unwrap();
        let edges = self.above.iter().flat_map(|(id, above)| above.iter().map(move |up| (&id[..], &up[..])));
        editor.set_hierarchy(edges).unwrap();
    }

    fn as_search(&self) -> &dyn Search {
        self
    }
}

impl Search for Live {
    fn dim(&self) -> usize {
        self.index.exact().dim()
    }

    fn search(
        &self,
        queries: &Matrix,
        k: usize,
        filter: Option<&Filter>,
    ) -> Result<Vec<Vec<Hit>>, IndexError> {
        match self.asked {
            Asked::Exactly => self.index.exact().search(queries, k, filter),
            Asked::ByTree => self.index.by_tree().search(queries, k, filter),
            Asked::FromOutside => self.other.exact().search(queries, k, filter),
        }
    }
}

fn record(replica: &Replica) -> Record {
    let Replica { id, metadata, vector, .. } = replica.clone();
    Record { id, title: String::new(), text: String::new(), metadata, vector }
}

fn document(id: &str, text: &str, vector: &[f32]) -> Record {
    Record {
        id: id.to_owned(),
        title: String::new(),
        text: text.to_owned(),
        metadata: serde_json::Map::new(),
        vector: vector.to_vec(),
    }
}

fn holds(asked: Asked) {
    contract::contract(&|dim, docs| Box::new(Live::new(asked, dim, docs)));
    contract::changes(&|dim, docs| Box::new(Live::new(asked, dim, docs)));
}

#[test]
fn exact_search_keeps_the_contract() {
    holds(Asked::Exactly);
}

#[test]
fn tree_search_keeps_the_contract() {
    holds(Asked::ByTree);
}

#[test]
fn who_opened_it_before_sees_every_change() {
    holds(Asked::FromOutside);
}

/// An index of `n` documents, of which vectors are random whole numbers.
fn filled(n: usize) -> (TempDir, Editor) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("index");
    let mut editor = Editor::create(&path, &Settings { dim: 8, model: None }).unwrap();
    let mut rng = Pcg64::seed_from_u64(1);
    let edits: Vec<Edit> =
        (0..n).map(|at| Edit::Add(document(&format!("d{at}"), "", &vector(&mut rng)))).collect();
    editor.apply(&edits).unwrap();
    (folder, editor)
}

fn vector(rng: &mut Pcg64) -> Vec<f32> {
    (0..8).map(|_| f32::from(rng.random_range(-9..=9i8))).collect()
}

fn queries() -> Matrix {
    let mut rng = Pcg64::seed_from_u64(2);
    Matrix::new(5, 8, (0..5).flat_map(|_| vector(&mut rng)).collect()).unwrap()
}

fn exactly(index: &Index) -> Vec<Vec<Hit>> {
    index.exact().search(&queries(), 20, None).unwrap()
}

#[test]
fn what_a_batch_cannot_do_leaves_the_index_as_it_was() {
    let (_folder, mut editor) = filled(500);
    let before = exactly(editor.index());
    let new = Edit::Add(document("new", "", &[9.0; 8]));
    let bad = [
        (Edit::Add(document("d7", "", &[1.0; 8])), "d7"),
        (Edit::Update(document("nobody", "", &[1.0; 8])), "nobody"),
        (Edit::Remove("nobody".to_owned()), "nobody"),
        (Edit::Add(document("new", "", &[1.0; 8])), "new"),
        (Edit::Add(document("x", "", &[1.0; 7])), "7 numbers"),
        (Edit::Put(document("d1", "", &[f32::NAN; 8])), "not finite"),
        (Edit::Add(document("", "", &[1.0; 8])), "id"),
    ];
    for (bad, says) in bad {
        let error = editor.apply(&[new.clone(), Edit::Remove("d3".to_owned()), bad]).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
        assert_eq!(exactly(editor.index()), before);
    }
    editor.apply(&[new]).unwrap();
    assert_ne!(exactly(editor.index()), before);
}

#[test]
fn a_tree_grown_anew_and_a_compacted_index_answer_as_before() {
    let (folder, mut editor) = filled(3_000);
    let gone: Vec<Edit> = (0..2_500).map(|at| Edit::Remove(format!("d{at}"))).collect();
    editor.apply(&gone).unwrap();
    let other = Index::open(&folder.path().join("index")).unwrap();
    let before = exactly(editor.index());
    editor.regrow().unwrap();
    assert_eq!((exactly(editor.index()), exactly(&other)), (before.clone(), before.clone()));
    editor.compact(|_| ()).unwrap();
    assert_eq!((exactly(editor.index()), exactly(&other)), (before.clone(), before.clone()));
    let tuning = editor.tune(0.9, Some(&queries())).unwrap();
    assert!(tuning.beams.iter().all(|beam| beam.recall >= 0.9), "{tuning:?}");
    let report = store::verify(editor.index().path()).unwrap();
    assert!(report.problems.is_empty(), "{report:?}");
}

#[test]
fn what_came_and_went_for_long_is_what_is_opened_again() {
    let (folder, mut editor) = filled(200);
    let mut rng = Pcg64::seed_from_u64(3);
    for round in 0..40 {
        let mut edits: Vec<Edit> = (0..50)
            .map(|at| {
                Edit::Put(document(&format!("d{}", (at * 7 + round * 31) % 900), "", &vector(&mut rng)))
            })
            .collect();
        edits.extend((0..30).map(|at| Edit::Discard(format!("d{}", (at * 11 + round * 17) % 900))));
        editor.apply(&edits).unwrap();
    }
    let path = folder.path().join("index");
    let again = Index::open(&path).unwrap();
    assert_eq!(exactly(&again), exactly(editor.index()));
    let drift = editor.drift().unwrap();
    drop(editor);
    assert_eq!(Editor::open(&path).unwrap().drift().unwrap(), drift);
}

#[test]
fn another_model_takes_over_at_once() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("index");
    let model =
        |name: &str| Some(ModelName { name: name.to_owned(), fingerprint: format!("print of {name}") });
    let mut editor = Editor::create(&path, &Settings { dim: 2, model: model("old") }).unwrap();
    editor
        .apply(&[Edit::Add(document("a", "", &[1.0, 0.0])), Edit::Add(document("b", "", &[0.0, 1.0]))])
        .unwrap();
    let other = Index::open(&path).unwrap();
    let set = editor.begin_set(&Settings { dim: 1, model: model("new") }).unwrap();
    assert!(editor.switch(set).unwrap_err().to_string().contains("2 documents lack a vector"));
    let missing = editor.missing(set, 9).unwrap();
    let vectors: Vec<_> = missing.iter().map(|doc| (*doc, vec![1.0 + doc.0 as f32])).collect();
    editor.put_vectors(set, &vectors).unwrap();
    assert!(other.check_model("print of old").is_ok());
    editor.switch(set).unwrap();
    for index in [&other, &**editor.index()] {
        let error = index.check_model("print of old").unwrap_err().to_string();
        assert!(error.contains("the model `new`"), "{error}");
        let found = index.exact().search(&Matrix::new(1, 1, vec![1.0]).unwrap(), 2, None).unwrap();
        assert_eq!(found[0].iter().map(|hit| &hit.id[..]).collect::<Vec<_>>(), ["b", "a"]);
    }
}

#[test]
fn words_and_vectors_are_asked_apart_and_together() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("index");
    let mut editor = Editor::create(&path, &Settings { dim: 2, model: None }).unwrap();
    let colour = |mut record: Record, colour: &str| {
        record.metadata = json!({"colour": colour}).as_object().unwrap().clone();
        Edit::Add(record)
    };
    editor
        .apply(&[
            colour(document("shoe", "open shoe with straps", &[1.0, 0.0]), "red"),
            colour(document("boot", "high shoe for rain", &[0.8, 0.6]), "red"),
            colour(document("hat", "keeps off the rain", &[0.0, 1.0]), "blue"),
        ])
        .unwrap();
    let index: &Arc<Index> = editor.index();
    let ids = |hits: Vec<Hit>| hits.into_iter().map(|hit| hit.id).collect::<Vec<_>>();
    let red = Filter::Equals {
        key: "colour".to_owned(),
        value: rootward_index::filter::Value::Text("red".to_owned()),
    };
    assert_eq!(ids(index.by_words("rain", 9, None).unwrap()).len(), 2);
    assert_eq!(ids(index.by_words("rain", 9, Some(&red)).unwrap()), ["boot"]);
    let question = Question { text: "straps", vector: &[0.0, 1.0] };
    assert_eq!(ids(index.blended(question, 3, Blend::Weight(1.0), None).unwrap()), ["hat", "boot", "shoe"]);
    assert_eq!(ids(index.blended(question, 1, Blend::Weight(0.0), None).unwrap()), ["shoe"]);
    assert_eq!(ids(index.blended(question, 1, Blend::Ranks, Some(&red)).unwrap()), ["shoe"]);
}

#[test]
fn accents_behind_their_letters_are_of_the_word() {
    let folder = TempDir::new().unwrap();
    let mut editor = Editor::create(&folder.path().join("index"), &Settings { dim: 1, model: None }).unwrap();
    editor.apply(&[Edit::Add(document("cv", "a résumé of two pages", &[1.0]))]).unwrap();
    for asked in ["re\u{301}sume\u{301}", "résumé", "RESUME"] {
        assert_eq!(editor.index().by_words(asked, 9, None).unwrap().len(), 1, "{asked}");
    }
}

#[test]
fn an_index_that_was_put_in_the_place_of_one_that_is_open_is_told_from_it() {
    let folder = TempDir::new().unwrap();
    let [old, new] = ["old", "new"].map(|name| folder.path().join(name));
    let make = |path: &std::path::Path, id: &str| {
        let mut editor = Editor::create(path, &Settings { dim: 1, model: None }).unwrap();
        editor.apply(&[Edit::Add(document(id, "", &[1.0]))]).unwrap();
    };
    make(&old, "before");
    let index = Index::open(&old).unwrap();
    make(&new, "after");
    store::move_to(&new, &old).unwrap();
    let query = Matrix::new(1, 1, vec![1.0]).unwrap();
    let error = index.exact().search(&query, 1, None).unwrap_err().to_string();
    assert!(error.ends_with("was replaced by another index since it was opened; open it again"), "{error}");
    let found = Index::open(&old).unwrap().exact().search(&query, 1, None).unwrap();
    assert_eq!(found[0][0].id, "after");
}

#[cfg(unix)]
#[test]
fn a_link_to_an_index_is_that_index() {
    let folder = TempDir::new().unwrap();
    let [path, link] = ["index", "link"].map(|name| folder.path().join(name));
    let mut editor = Editor::create(&path, &Settings { dim: 1, model: None }).unwrap();
    std::os::unix::fs::symlink("index", &link).unwrap();
    let error = Editor::open(&link).map(drop).unwrap_err();
    assert!(matches!(error, IndexError::Locked { .. }), "{error}");
    editor.apply(&[Edit::Add(document("a", "", &[1.0]))]).unwrap();
    drop(editor);
    let mut editor = Editor::open(&link).unwrap();
    editor.apply(&[Edit::Add(document("b", "", &[1.0]))]).unwrap();
    assert_eq!(Index::open(&path).unwrap().n_docs().unwrap(), 2);
    assert!(!folder.path().join("link-ack").exists() && !folder.path().join("link-lock").exists());
}
