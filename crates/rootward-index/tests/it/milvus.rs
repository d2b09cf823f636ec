//! The contract on a real Milvus server, and what is Milvus' own: loading, resuming, and what goes wrong.
//!
//! The server is started once for all tests.

#[path = "../milvus/server.rs"]
mod server;

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use rootward::doc_tree::NodeIdx;
use rootward::matrix::Matrix;
use rootward_index::milvus::{Address, MOST, Milvus};
use rootward_index::{Change, Filter, Hit, IndexError, Replica, Search};
use serde_json::json;

use crate::contract::{self, Changing};
use server::address;

/// A name that no other test uses.
fn name() -> String {
    static NAMES: AtomicUsize = AtomicUsize::new(0);
    format!("test_{}", NAMES.fetch_add(1, Ordering::Relaxed))
}

const MODEL: &str = "0badcafe";

fn create(dim: usize) -> (Milvus, String) {
    let name = name();
    (Milvus::create(address(), &name, dim, MODEL).unwrap(), name)
}

fn filled(dim: usize, docs: &[Replica]) -> Milvus {
    let (mut index, _) = create(dim);
    let puts: Vec<Change> = docs.iter().cloned().map(Change::Put).collect();
    index.apply(&puts, 1).unwrap();
    index
}

/// An index whose collection goes with it.
struct Passing(Option<Milvus>);

impl Passing {
    fn index(&self) -> &Milvus {
        self.0.as_ref().unwrap()
    }
}

impl Drop for Passing {
    fn drop(&mut self) {
        if let Some(index) = self.0.take() {
            index.drop().unwrap();
        }
    }
}

impl Search for Passing {
    fn dim(&self) -> usize {
        self.index().dim()
    }

    fn search(
        &self,
        queries: &Matrix,
        k: usize,
        filter: Option<&Filter>,
    ) -> Result<Vec<Vec<Hit>>, IndexError> {
        self.index().search(queries, k, filter)
    }
}

impl Changing for Passing {
    fn change(&mut self, changes: &[Change]) {
        let index = self.0.as_mut().unwrap();
        let generation = index.generation().unwrap_or(0) + 1;
        index.apply(changes, generation).unwrap();
    }

    fn as_search(&self) -> &dyn Search {
        self
    }
}

#[test]
fn milvus_keeps_the_contract() {
    contract::contract(&|dim, docs| Box::new(Passing(Some(filled(dim, docs)))));
}

#[test]
fn milvus_keeps_the_contract_of_changes() {
    contract::changes(&|dim, docs| Box::new(Passing(Some(filled(dim, docs)))));
}

/// Documents of 16 kilobytes of metadata each, so that a batch holds 250 of them.
fn source(n: usize) -> Vec<Replica> {
    let text = "x".repeat(16_000);
    let record = |at: usize| Replica {
        id: format!("{at:05}"),
        metadata: json!({ "text": text, "at": at }).as_object().unwrap().clone(),
        vector: vec![at as f32, 1.0],
        above: vec![format!("{}", at % 3)],
    };
    (0..n).map(record).collect()
}

fn load(index: &mut Milvus, docs: &[Replica], generation: u64) -> Result<Vec<u64>, IndexError> {
    let mut progress = Vec::new();
    index.load(&mut docs.iter().cloned().map(Ok), generation, &mut |done| progress.push(done))?;
    Ok(progress)
}

/// Loads until the source breaks off.
fn break_off(index: &mut Milvus, docs: &[Replica], after: usize, generation: u64) -> Vec<u64> {
    let broken = IndexError::NotFinite { what: "the source".to_owned() };
    let mut source = docs[..after].iter().cloned().map(Ok).chain([Err(broken)]);
    let mut progress = Vec::new();
    let error = index.load(&mut source, generation, &mut |done| progress.push(done)).unwrap_err();
    assert_eq!(error.to_string(), "the vector of the source is not finite");
    progress
}

/// All ids, and the scores that tell which vectors they have.
fn all(index: &Milvus) -> Vec<Hit> {
    index.search(&Matrix::new(1, 2, vec![1.0, 0.5]).unwrap(), 10_000, None).unwrap().remove(0)
}

fn expected(docs: &[Replica]) -> Vec<Hit> {
    let hit = |doc: &Replica| Hit { id: doc.id.clone(), score: doc.vector[0] + 0.5 * doc.vector[1] };
    docs.iter().rev().map(hit).collect()
}

#[test]
fn an_interrupted_load_goes_on_and_ends_with_the_documents_of_the_source() {
    let docs = source(1_000);
    let (mut index, name) = create(2);
    assert_eq!(break_off(&mut index, &docs, 600, 7), [262, 524]);
    let half = index.search(&Matrix::zeros(1, 2), 1, None).unwrap_err();
    assert!(half.to_string().contains("is half loaded: 524 documents of generation 7 are there"), "{half}");
    let mut again = Milvus::open(address(), &name, MODEL).unwrap();
    assert_eq!(again.generation(), None);
    assert!(again.apply(&[], 8).unwrap_err().to_string().contains("is half loaded"));
    assert_eq!(load(&mut again, &docs, 7).unwrap(), [786, 1_000]);
    assert_eq!((again.generation(), again.n_docs().unwrap()), (Some(7), 1_000));
    assert_eq!(all(&again), expected(&docs));
    again.drop().unwrap();
}

/// Set in processes that load and are killed: the address and the collection, with a space between.
const LOADING: &str = "ROOTWARD_MILVUS_LOADING";

#[test]
fn a_load_that_is_killed_goes_on() {
    let docs = source(2_000);
    if let Ok(target) = std::env::var(LOADING) {
        let (address, name) = target.split_once(' ').unwrap();
        let mut index = Milvus::open(&Address::new(address).unwrap(), name, MODEL).unwrap();
        let source = &mut docs.into_iter().map(Ok);
        index.load(source, 1, &mut |done| println!("\ndone {done}")).unwrap();
        return;
    }
    let (index, name) = create(2);
    drop(index);
    let mut reached = Vec::new();
    // Each is killed in the middle of the batch behind the first, second, third that it tells of.
    for batches in [1, 2, 3] {
        let mut loading = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture", "milvus::a_load_that_is_killed_goes_on"])
            .env(LOADING, format!("{} {name}", address()))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(loading.stdout.take().unwrap()).lines();
        let told = lines.map(Result::unwrap).filter(|line| line.starts_with("done")).take(batches);
        reached.extend(told.last());
        loading.kill().unwrap();
        loading.wait().unwrap();
    }
    assert_eq!(reached.len(), 3, "{reached:?}");
    let mut index = Milvus::open(address(), &name, MODEL).unwrap();
    let half = index.search(&Matrix::zeros(1, 2), 1, None).unwrap_err();
    assert!(half.to_string().contains("is half loaded"), "{half}");
    let progress = load(&mut index, &docs, 1).unwrap();
    assert!(progress[0] > 6 * 262, "{reached:?}, {progress:?}");
    assert_eq!((all(&index), index.n_docs().unwrap()), (expected(&docs), 2_000));
    index.drop().unwrap();
}

#[test]
fn a_load_removes_what_the_source_no_longer_has() {
    let docs = source(700);
    let (mut index, name) = create(2);
    load(&mut index, &docs[..400], 1).unwrap();
    index.apply(&[Change::Put(docs[650].clone()), Change::Remove(docs[0].id.clone())], 2).unwrap();
    assert_eq!(index.n_docs().unwrap(), 400);
    break_off(&mut index, &docs[..600], 550, 3);
    let mut index = Milvus::open(address(), &name, MODEL).unwrap();
    load(&mut index, &docs[100..500], 4).unwrap();
    assert_eq!(all(&index), expected(&docs[100..500]));
    assert_eq!((index.generation(), index.n_docs().unwrap()), (Some(4), 400));
    load(&mut index, &[], 5).unwrap();
    assert_eq!((all(&index), index.n_docs().unwrap()), (Vec::new(), 0));
    index.drop().unwrap();
}

#[test]
fn a_collection_is_level_with_one_generation_of_one_source() {
    let docs = source(3);
    let (mut index, name) = create(2);
    let level = |docs: &[Replica], generation, expected: bool| {
        let index = Milvus::open(address(), &name, MODEL).unwrap();
        assert_eq!(index.is_level(&mut docs.iter().cloned().map(Ok), generation).unwrap(), expected);
    };
    level(&[], 0, false);
    assert_eq!(index.load(&mut docs.iter().cloned().map(Ok), 1, &mut |_| {}).unwrap(), 3);
    level(&docs, 1, true);
    level(&docs, 2, false);
    level(&docs[..2], 1, false);
    level(&[&docs[..2], &docs[1..2]].concat(), 1, false);
    index.apply(&[Change::Remove(docs[2].id.clone())], 2).unwrap();
    level(&docs[..2], 2, true);
    level(&docs, 2, false);
    break_off(&mut index, &docs, 1, 2);
    level(&docs[..2], 2, false);
    index.drop().unwrap();
}

#[test]
fn a_load_goes_on_with_the_same_source_only() {
    let docs = source(600);
    let (mut index, _) = create(2);
    break_off(&mut index, &docs, 300, 1);
    let error = load(&mut index, &docs[1..], 1).unwrap_err();
    assert!(error.to_string().contains("these are not the ones that it began with"), "{error}");
    load(&mut index, &docs[1..], 1).unwrap();
    assert_eq!(all(&index), expected(&docs[1..]));
    index.drop().unwrap();
}

#[test]
fn ids_that_come_twice_are_noticed() {
    let docs = source(300);
    let (mut index, _) = create(2);
    let error = load(&mut index, &[&docs[..3], &docs[..1]].concat(), 1).unwrap_err();
    assert!(error.to_string().starts_with("document `00000` comes twice"), "{error}");
    let error = load(&mut index, &[&docs[..], &docs[..1]].concat(), 1).unwrap_err();
    assert!(error.to_string().contains("holds 300 documents after 301 were loaded"), "{error}");
    load(&mut index, &docs, 1).unwrap();
    assert_eq!(all(&index), expected(&docs));
    index.drop().unwrap();
}

#[test]
fn documents_that_do_not_fit_are_refused_before_anything_changes() {
    let (mut index, _) = create(2);
    let good = source(1).remove(0);
    let check = |index: &mut Milvus, wrong: Replica, message: &str| {
        let error = index.apply(&[Change::Put(good.clone()), Change::Put(wrong)], 1).unwrap_err();
        assert!(error.to_string().starts_with(message), "{error}");
    };
    let doc = Replica { id: "a".to_owned(), ..good.clone() };
    let wrong = Replica { vector: vec![1.0; 3], ..doc.clone() };
    check(&mut index, wrong, "document `a` has 3 numbers, the index holds vectors of 2");
    let wrong = Replica { vector: vec![1.0, f32::NAN], ..doc.clone() };
    check(&mut index, wrong, "the vector of document `a` is not finite");
    let wrong = Replica { id: "é".repeat(40_000), ..doc.clone() };
    check(&mut index, wrong, "the id of document `éé");
    let wrong = Replica { above: vec!["x".repeat(70_000)], ..doc.clone() };
    check(&mut index, wrong, "the metadata with the ids of ancestors of document `a` takes 8");
    let wrong = Replica { metadata: json!({"a": {}}).as_object().unwrap().clone(), ..doc };
    check(&mut index, wrong, "`a` of document `a` is neither a string");
    assert_eq!((index.n_docs().unwrap(), index.generation()), (0, None));
    index.drop().unwrap();
}

#[test]
fn the_largest_documents_that_fit_are_taken() {
    let (mut index, _) = create(2);
    let id = "é".repeat(32_767);
    let above = vec!["x".repeat(65_536 - r#"{"metadata":{},"above":[""]}"#.len())];
    let record = Replica { id: id.clone(), metadata: serde_json::Map::new(), vector: vec![1.0, 2.0], above };
    index.apply(&[Change::Put(record.clone())], 1).unwrap();
    let found = index.search(&Matrix::zeros(1, 2), 1, Some(&Filter::Below(record.above[0].clone()))).unwrap();
    assert_eq!(found, [[Hit { id: id.clone(), score: 0.0 }]]);
    index.apply(&[Change::Remove(id)], 2).unwrap();
    assert_eq!((index.n_docs().unwrap(), index.generation()), (0, Some(2)));
    index.drop().unwrap();
}

#[test]
fn what_milvus_cannot_do_is_said() {
    let (index, _) = create(2);
    let check = |k, filter: Option<&Filter>, message: &str| {
        let error = index.search(&Matrix::zeros(1, 2), k, filter).unwrap_err();
        assert!(error.to_string().starts_with(message), "{error}");
    };
    check(MOST + 1, None, "16384 hits of a query were asked for, Milvus gives 16383 at most");
    check(1, Some(&Filter::Node(NodeIdx(3))), "Milvus knows no tree, so it cannot filter by node 3");
    assert_eq!(index.search(&Matrix::zeros(1, 2), MOST, None).unwrap(), [[]]);
    index.drop().unwrap();
}

#[test]
fn more_equal_scores_than_milvus_gives_are_an_error_and_no_guess() {
    let (mut index, _) = create(2);
    let doc = |at| Replica {
        id: format!("{at}"),
        metadata: serde_json::Map::new(),
        vector: vec![1.0, 2.0],
        above: Vec::new(),
    };
    let puts = |docs: std::ops::Range<usize>| docs.map(|at| Change::Put(doc(at))).collect::<Vec<_>>();
    index.apply(&puts(0..16_383), 1).unwrap();
    let mut ids: Vec<String> = (0..16_383).map(|at| at.to_string()).collect();
    ids.sort_by(|a, b| b.cmp(a));
    let query = Matrix::new(1, 2, vec![1.0, 1.0]).unwrap();
    let found = index.search(&query, 5, None).unwrap().remove(0);
    assert_eq!(found.iter().map(|hit| &hit.id).collect::<Vec<_>>(), ids[..5].iter().collect::<Vec<_>>());
    index.apply(&puts(16_383..16_385), 2).unwrap();
    let error = index.search(&query, 5, None).unwrap_err();
    assert!(
        error.to_string().starts_with("of query 0 more than 16384 documents are among the best"),
        "{error}"
    );
    index.drop().unwrap();
}

#[test]
fn a_collection_is_opened_as_what_it_is() {
    let (index, name) = create(2);
    let refused = |result: Result<Milvus, IndexError>, message: &str| {
        let error = result.err().unwrap().to_string();
        assert!(error.contains(message), "{error}");
    };
    refused(Milvus::create(address(), &name, 2, MODEL), "already; open it, drop it, or take another name");
    refused(
        Milvus::open(address(), &name, "ffffffff"),
        "holds vectors of model 0badcafe, not of ffffffff; ask with",
    );
    refused(
        Milvus::open(address(), "no_such", MODEL),
        "there is no collection `no_such` at http://127.0.0.1:",
    );
    refused(
        Milvus::create(address(), "no name", 2, MODEL),
        "for collection `no name`: Invalid collection name",
    );
    index.drop().unwrap();
    refused(Milvus::open(address(), &name, MODEL), "create and load it first");
}

/// Makes a collection as others do, by the server's interface for browsers.
fn create_foreign(name: &str) {
    let host = address().to_string().replace("http://", "");
    let body = json!({ "collectionName": name, "dimension": 2 }).to_string();
    let mut stream = TcpStream::connect(&host).unwrap();
    let length = body.len();
    write!(
        stream,
        "POST /v1/vector/collections/create HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let answer = std::io::read_to_string(stream).unwrap();
    assert!(answer.contains("\"code\":200"), "{answer}");
}

#[test]
fn a_collection_of_others_is_left_alone() {
    let name = name();
    create_foreign(&name);
    let error = Milvus::open(address(), &name, MODEL).err().unwrap().to_string();
    assert!(error.contains("was not made by Rootward: its description is ``, expected"), "{error}");
    let error = Milvus::create(address(), &name, 2, MODEL).err().unwrap().to_string();
    assert!(error.contains("already; open it, drop it, or take another name"), "{error}");
}

#[test]
fn a_collection_that_is_dropped_meanwhile_is_missed() {
    let (index, name) = create(2);
    Milvus::open(address(), &name, MODEL).unwrap().drop().unwrap();
    let error = index.search(&Matrix::zeros(1, 2), 1, None).unwrap_err();
    assert!(error.to_string().contains(&format!("there is no collection `{name}`")), "{error}");
}

#[test]
fn readers_beside_the_writer_see_what_it_was_told_is_done() {
    let (mut index, name) = create(2);
    let reader = Milvus::open(address(), &name, MODEL).unwrap();
    for round in 0..5 {
        let docs = &source(round + 1)[round..];
        index.apply(&docs.iter().cloned().map(Change::Put).collect::<Vec<_>>(), round as u64).unwrap();
        let found = std::thread::scope(|scope| {
            let asked: Vec<_> = (0..3).map(|_| scope.spawn(|| all(&reader))).collect();
            asked.into_iter().map(|asked| asked.join().unwrap()).collect::<Vec<_>>()
        });
        assert!(found.iter().all(|found| *found == expected(&source(round + 1))), "round {round}");
    }
    index.drop().unwrap();
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = Address::new(&format!("http://127.0.0.1:{port}")).unwrap();
    let error = Milvus::open(&address, "a", MODEL).err().unwrap().to_string();
    assert!(
        error.starts_with(&format!("no server answers at http://127.0.0.1:{port}; start Milvus")),
        "{error}"
    );
    assert!(error.contains("refused"), "{error}");
}

#[test]
fn a_server_that_is_not_milvus_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let served = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").unwrap();
    });
    let address = Address::new(&format!("http://127.0.0.1:{port}")).unwrap();
    let error = Milvus::open(&address, "a", MODEL).err().unwrap().to_string();
    assert!(error.contains("was not answered as Milvus answers"), "{error}");
    served.join().unwrap();
}
