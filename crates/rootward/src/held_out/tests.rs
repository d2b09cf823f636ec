//! A pair is given or hidden, never both, and what is read is what was written.

use proptest::prelude::*;

use super::*;
use crate::dataset::{Document, Split};
use crate::eval::{Judge, NameTable, Truth, Vectors, evaluate};
use crate::matrix::Matrix;

/// A chain of six documents, 0 at the bottom, and a second leaf 6 under document 1.
fn data() -> Dataset {
    let edge = |(child, parent)| Edge { child: DocIdx(child), parent: DocIdx(parent) };
    let edges: Vec<Edge> = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (6, 1)].map(edge).to_vec();
    let doc = |i| Document {
        id: format!("d{i}"),
        title: format!("document {i}"),
        text: String::new(),
        synonyms: Vec::new(),
    };
    Dataset::closed("small".to_owned(), (0..7).map(doc).collect(), Hierarchy::new(7, &edges).unwrap())
}

/// The pairs at distance 1 or more that training is given.
fn given(data: &Dataset) -> HashSet<(u32, u32)> {
    let edges = data.hierarchy.edges().map(|edge| (edge.child.0, edge.parent.0));
    let judged = data.judgements(Split::Train).unwrap().iter().map(|j| (j.query.0, j.doc.0));
    edges.chain(judged).filter(|(low, high)| low != high).collect()
}

proptest! {
    #[test]
    fn a_pair_is_either_given_or_hidden(seed: u64, share in 0.0f64..=1.0) {
        let data = data();
        for what in [Hide::Pairs(share), Hide::Queries(share), Hide::AllButEdges] {
            for form in [Given::Edges, Given::Judgements] {
                let (left, held_out) = hide(&data, what, form, seed);
                let given = given(&left);
                for (row, query) in held_out.pairs.queries().iter().enumerate() {
                    for pair in held_out.pairs.relevant(row).iter().filter(|pair| pair.distance > 0) {
                        let hidden = held_out.hidden.contains(&(*query, pair.doc));
                        prop_assert_eq!(given.contains(&(query.0, pair.doc.0)), !hidden);
                    }
                }
                let all = data.hierarchy.n_ancestor_pairs() - data.docs.len();
                prop_assert_eq!(given.len() + held_out.n_hidden(), all);
            }
        }
    }

    #[test]
    fn what_is_written_is_read_again(seed: u64) {
        let dir = tempfile::tempdir().unwrap();
        let data = data();
        let (left, held_out) = hide(&data, Hide::Pairs(0.4), Given::Edges, seed);
        let path = dir.path().join(FILE);
        held_out.write(&path, &data).unwrap();
        let read = HeldOut::read(&path, &left).unwrap();
        prop_assert_eq!(&read.hidden, &held_out.hidden);
        prop_assert_eq!(read.pairs.all(), held_out.pairs.all());
        prop_assert_eq!(read.pairs.queries(), held_out.pairs.queries());
    }
}

#[test]
fn only_edges_are_left_when_all_else_is_hidden() {
    let (left, held_out) = hide(&data(), Hide::AllButEdges, Given::Edges, 7);
    assert!(left.hierarchy.edges().eq(data().hierarchy.edges()));
    assert_eq!(held_out.n_hidden(), 10 + 4);
}

#[test]
fn hidden_queries_are_leaves_that_keep_nothing() {
    let (left, held_out) = hide(&data(), Hide::Queries(1.0), Given::Edges, 7);
    assert_eq!(held_out.n_hidden(), 5 + 5);
    for leaf in [DocIdx(0), DocIdx(6)] {
        assert_eq!(left.hierarchy.ancestors(leaf).len(), 1);
    }
}

#[test]
fn hidden_and_given_pairs_are_measured_apart() {
    let data = data();
    let (_, held_out) = hide(&data, Hide::AllButEdges, Given::Edges, 7);
    // Every query finds the documents with the greatest numbers: those at the top.
    let queries = Matrix::new(7, 1, vec![1.0; 7]).unwrap();
    let docs = Matrix::new(7, 1, vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0, -1.0]).unwrap();
    let table = NameTable::of(&data);
    let truth = Truth { pairs: &held_out.pairs, judge: Judge::Ancestors, names: table.names() };
    let found = evaluate(Vectors { queries: &queries, docs: &docs }, &truth, &|_| {}).unwrap();
    let measured = held_out.measure(&found);
    // All ancestors are found, and at the bottom only the document itself is not.
    assert_eq!((measured.hidden, measured.given), (Share { found: 14, of: 14 }, Share { found: 6, of: 6 }));
    assert_eq!(measured.hidden_by_distance[&5], Share { found: 2, of: 2 });
    assert!(measured.to_string().contains("all hidden"), "{measured}");
}

#[test]
fn a_bad_line_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(FILE);
    for (line, problem) in [
        ("d0\td9\t1\t0", "the id of a document was expected, `d9` is none"),
        ("x\td1\t1\t0", "the id of a query was expected, `x` is none"),
        (
            "d0\td1\tfar\t0",
            "a distance of at least 1 and below the number of documents was expected, `far` was found",
        ),
        ("d0\td1\t4000000000\t0", "a distance of at least 1 and below"),
        ("d0\td1\t0\t0", "a distance of at least 1 and below"),
        ("d0\td1\t1\tyes", "0 or 1 was expected, `yes` was found"),
    ] {
        std::fs::write(&path, format!("query\tdocument\tdistance\thidden\n{line}\n")).unwrap();
        let error = HeldOut::read(&path, &data()).unwrap_err().to_string();
        assert!(error.contains(problem) && error.contains("held-out.tsv:2: "), "{error}");
    }
    std::fs::write(&path, "query\tdocument\tdistance\thidden\nd0\td1\t1\t0\nd0\td1\t1\t1\n").unwrap();
    let error = HeldOut::read(&path, &data()).unwrap_err().to_string();
    assert!(error.ends_with(":3: a pair that no line above has was expected, `d0 d1` was found"), "{error}");
}
