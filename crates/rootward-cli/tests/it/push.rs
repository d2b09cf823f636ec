//! An index pushed to a real Milvus server: whole, again, on after an interruption, and what is refused.

#[path = "../../../rootward-index/tests/milvus/server.rs"]
mod server;

use rootward::matrix::Matrix;
use rootward_index::milvus::Milvus;
use rootward_index::store::{Reader, Settings};
use rootward_index::{Editor, Filter, IndexError, Replica, Search};
use serde_json::json;

use crate::index::with_index;
use crate::program::Folder;
use server::address;

fn push(index: &str, collection: &str) -> String {
    format!("index push --index {index} --to {} --collection {collection}", address())
}

/// How many documents a push sends.
fn sent(folder: &Folder, index: &str, collection: &str) -> u64 {
    folder.json(&push(index, collection))["sent"].as_u64().unwrap()
}

/// The ids in a collection that a filter lets through, sorted.
fn ids(collection: &Milvus, filter: Option<&Filter>) -> Vec<String> {
    let hits = collection.search(&Matrix::zeros(1, collection.dim()), 99, filter).unwrap().remove(0);
    let mut ids: Vec<String> = hits.into_iter().map(|hit| hit.id).collect();
    ids.sort();
    ids
}

#[test]
fn a_collection_holds_what_the_index_holds_when_it_was_pushed_last() {
    let folder = with_index();
    let pushed = folder.json(&push("shop.index", "shop"));
    let known = folder.json("index info --index shop.index");
    let generation = known["generation"].as_u64().unwrap();
    assert_eq!(pushed, json!({"generation": generation, "documents": 8, "sent": 8}));
    let model = known["model"]["fingerprint"].as_str().unwrap();
    let collection = Milvus::open(address(), "shop", model).unwrap();
    assert_eq!((collection.generation(), collection.n_docs().unwrap()), (Some(generation), 8));
    let below = |id: &str| Filter::Below(id.to_owned());
    assert_eq!(ids(&collection, Some(&below("shoes"))), ["boot", "sandal", "shoes"]);
    assert_eq!(ids(&collection, Some(&below("things"))).len(), 7);
    assert_eq!(sent(&folder, "shop.index", "shop"), 0);

    folder.done("index remove --index shop.index boot tax");
    assert_eq!(sent(&folder, "shop.index", "shop"), 6);
    assert_eq!(ids(&collection, None), ["flute", "music", "sandal", "shoes", "things", "violin"]);

    // Another index has these generations, too.
    folder.write("shop/hierarchy.tsv", "child\tparent\nsandal\tmusic\n");
    folder.done("index build --data shop --index other.index --encoder builtin");
    folder.done("index remove --index other.index boot tax");
    assert_eq!(sent(&folder, "other.index", "shop"), 6);
    assert_eq!(ids(&collection, Some(&below("music"))), ["music", "sandal"]);
    collection.drop().unwrap();
}

/// An index of documents so large that one message to the server holds 250 of them.
fn with_large(n_docs: usize) -> Folder {
    let folder = Folder::new();
    let text = "x".repeat(16_000);
    let line = |at: usize| {
        let metadata = json!({ "text": text });
        format!("{}\n", json!({"_id": format!("{at:05}"), "metadata": metadata, "vector": [at, 1]}))
    };
    folder.write("docs.jsonl", (0..n_docs).map(line).collect::<String>());
    Editor::create(&folder.at("docs.index"), &Settings { dim: 2, model: None }).unwrap();
    folder.done("index add --index docs.index docs.jsonl");
    folder
}

#[test]
fn an_interrupted_push_goes_on() {
    let folder = with_large(300);
    let mut collection = Milvus::create(address(), "large", 2, "none").unwrap();
    let mut reader = Reader::open(&folder.at("docs.index")).unwrap();
    let reading = reader.snapshot().unwrap();
    let broken = Err(IndexError::NotFinite { what: "the source".to_owned() });
    let mut source = reading.replicas().unwrap().take(280).chain([broken]);
    collection.load(&mut source, reading.generation(), &mut |_| {}).unwrap_err();
    let rest = sent(&folder, "docs.index", "large");
    assert!((1..=50).contains(&rest), "{rest}");
    let replicas: Vec<Replica> = reading.replicas().unwrap().map(Result::unwrap).collect();
    let collection = Milvus::open(address(), "large", "none").unwrap();
    assert!(collection.is_level(&mut replicas.into_iter().map(Ok), reading.generation()).unwrap());
    collection.drop().unwrap();
}

#[test]
fn a_collection_of_other_vectors_is_refused_and_left_alone() {
    let folder = with_index();
    let mut other = Milvus::create(address(), "other", 2, "none").unwrap();
    other.load(&mut std::iter::empty(), 3, &mut |_| {}).unwrap();
    let error = folder.fails(&push("shop.index", "other"));
    assert!(error.starts_with("collection `other` holds vectors of model none, not of "), "{error}");
    let narrow = with_large(1);
    other.drop().unwrap();
    let mut other = Milvus::create(address(), "other", 3, "none").unwrap();
    other.load(&mut std::iter::empty(), 3, &mut |_| {}).unwrap();
    let error = narrow.fails(&push("docs.index", "other"));
    let expected = "collection `other` holds vectors of 3 numbers, docs.index those of 2; take another name";
    assert_eq!(error, expected);
    let other = Milvus::open(address(), "other", "none").unwrap();
    assert_eq!(other.generation(), Some(3));
    other.drop().unwrap();
}
