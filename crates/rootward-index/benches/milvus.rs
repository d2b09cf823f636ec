//! A Milvus server on 100,000 documents of 64 numbers: how fast it takes them in, and how many questions a second it answers.
//!
//! `cargo bench -p rootward-index --features milvus --bench milvus -- http://HOST:PORT` makes a collection
//! `rootward_bench`, loads and asks it, and drops it; another number after the address is another number of documents. Vectors are normal
//! numbers with norms `exp` of a normal number of deviation 0.3; a flat index takes the same time for any others. The
//! scan beside it looks at every `f32` on one thread, query by query.

use std::time::Instant;

use rootward::matrix::Matrix;
use rootward::random::{Purpose, fill_normal, stream};
use rootward_index::milvus::{Address, Milvus};
use rootward_index::{Hit, IndexError, Replica, Search};
use rootward_kernels::dot;

const DIM: usize = 64;
const COLLECTION: &str = "rootward_bench";
const SECONDS: f64 = 6.0;
/// Seconds after which the server has closed and indexed what was loaded; until then it answers several times more slowly.
const SEALED: f64 = 40.0;

fn main() -> Result<(), IndexError> {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let address = arguments.next().expect("the address of a server is the first argument");
    let n_docs =
        arguments.next().map_or(100_000, |n| n.parse().expect("the number of documents is a number"));
    let (docs, queries) = (vectors(n_docs, 0), vectors(256, 1));
    let mut index = Milvus::create(&Address::new(&address)?, COLLECTION, DIM, "bench")?;
    let began = Instant::now();
    index.load(&mut (0..n_docs).map(|row| Ok(record(&docs, row))), 1, &mut |_| {})?;
    let loaded = began.elapsed().as_secs_f64();
    index.search(&queries, 10, None)?;
    println!(
        "{n_docs} documents of {DIM} numbers: loaded in {loaded:.1} s, all seen after {:.1} s",
        began.elapsed().as_secs_f64()
    );
    check(&index, &docs, &queries)?;
    while began.elapsed().as_secs_f64() < SEALED {
        index.search(&queries, 10, None)?;
    }
    for (callers, batch, k) in
        [(1, 1, 10), (8, 1, 10), (32, 1, 10), (1, 256, 10), (2, 256, 10), (1, 256, 200), (2, 256, 200)]
    {
        let (per_s, ms) = rate(&index, &queries, callers, batch, k);
        println!(
            "callers {callers:2}, queries of a call {batch:3}, k {k:3}: {per_s:7.0} queries/s, {ms:5.0} ms a call"
        );
    }
    let began = Instant::now();
    let n = 64;
    for row in 0..n {
        std::hint::black_box(scan(&docs, queries.row(row), 10));
    }
    println!("plain scan on one thread, k 10: {:.0} queries/s", n as f64 / began.elapsed().as_secs_f64());
    index.drop()
}

fn vectors(n_rows: usize, seed: u64) -> Matrix {
    let mut rng = stream(seed, Purpose::Synth);
    let mut vectors = Matrix::zeros(n_rows, DIM);
    fill_normal(vectors.values_mut(), 1.0, &mut rng);
    for row in 0..n_rows {
        let mut norm = [0.0];
        fill_normal(&mut norm, 0.3, &mut rng);
        vectors.row_mut(row).iter_mut().for_each(|x| *x *= norm[0].exp());
    }
    vectors
}

fn record(docs: &Matrix, row: usize) -> Replica {
    let metadata = serde_json::Map::from_iter([("year".to_owned(), (1900 + row % 100).into())]);
    Replica { id: format!("doc{row:08}"), metadata, vector: docs.row(row).to_vec(), above: Vec::new() }
}

/// The best `k`, by looking at all.
fn scan(docs: &Matrix, query: &[f32], k: usize) -> Vec<(f32, usize)> {
    let mut scores: Vec<(f32, usize)> =
        (0..docs.n_rows()).map(|row| (dot(query, docs.row(row)), row)).collect();
    let order = |a: &(f32, usize), b: &(f32, usize)| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1));
    scores.select_nth_unstable_by(k, order);
    scores.truncate(k);
    scores.sort_by(order);
    scores
}

/// Checks that what is measured is right: the documents that looking at all finds.
fn check(index: &Milvus, docs: &Matrix, queries: &Matrix) -> Result<(), IndexError> {
    let found = index.search(queries, 10, None)?;
    let same = |(row, hits): (usize, &Vec<Hit>)| {
        let expected = scan(docs, queries.row(row), 10);
        hits.iter().zip(expected).filter(|(hit, (_, doc))| hit.id == format!("doc{doc:08}")).count()
    };
    let same: usize = found.iter().enumerate().map(same).sum();
    println!("{same} of {} hits are those of a plain scan, in its order", 10 * queries.n_rows());
    Ok(())
}

/// Queries answered in a second, and milliseconds of a call.
fn rate(index: &Milvus, queries: &Matrix, callers: usize, batch: usize, k: usize) -> (f64, f64) {
    let began = Instant::now();
    let caller = |caller: usize| {
        let mut calls = 0;
        while began.elapsed().as_secs_f64() < SECONDS {
            let from = (caller * 7 + calls * batch) % (queries.n_rows() - batch + 1);
            let rows = queries.values()[from * DIM..(from + batch) * DIM].to_vec();
            let rows = Matrix::new(batch, DIM, rows).expect("it was cut to that length");
            index.search(&rows, k, None).expect("the server is up");
            calls += 1;
        }
        calls
    };
    let calls: usize = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..callers).map(|at| scope.spawn(move || caller(at))).collect();
        callers.into_iter().map(|caller| caller.join().expect("no caller panics")).sum()
    });
    let seconds = began.elapsed().as_secs_f64();
    ((calls * batch) as f64 / seconds, 1e3 * seconds * callers as f64 / calls as f64)
}
