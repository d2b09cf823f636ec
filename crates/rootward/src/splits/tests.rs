//! Small data sets, divided in every way; what may not be shared never is.

use std::collections::{HashMap, HashSet};

use expect_test::expect;
use proptest::prelude::*;

use super::*;
use crate::dataset::{Document, Query};
use crate::hierarchy::{Edge, Hierarchy};
use crate::synth::{FanOut, Shape, synth};

/// A tree of five levels with `queries`: each its text, its group and the documents that answer it, of which the last is
/// only nearly an answer.
fn asked(queries: &[(String, Option<String>, Vec<u32>)]) -> Dataset {
    let shape = Shape { height: 5, width: 3, fan_out: FanOut::Even, extra_parents: 0.1 };
    let Dataset { docs, hierarchy, .. } = synth(&shape, 3).unwrap();
    judged(docs, hierarchy, queries)
}

fn judged(
    docs: Vec<Document>,
    hierarchy: Hierarchy,
    queries: &[(String, Option<String>, Vec<u32>)],
) -> Dataset {
    let mut all = Vec::new();
    let mut judgements = Judgements::default();
    for (number, (text, group, answers)) in (0u32..).zip(queries) {
        all.push(Query { id: format!("q{number}"), text: text.clone(), group: group.clone() });
        let split = Split::ALL[number as usize % 3];
        let answers: HashSet<u32> = answers.iter().map(|doc| doc % docs.len() as u32).collect();
        let mut answers: Vec<u32> = answers.into_iter().collect();
        answers.sort_unstable();
        let judgement =
            |doc: &u32| Judgement { query: QueryIdx(number), doc: DocIdx(*doc), grade: 1 + (doc % 2) as i32 };
        judgements.of_mut(split).get_or_insert_default().extend(answers.iter().map(judgement));
    }
    Dataset::judged("small".to_owned(), docs, hierarchy, all, judgements)
}

/// One query for each document, with texts of their own.
fn plain() -> Dataset {
    let queries: Vec<_> = (0..121).map(|i| (format!("text {i}"), None, vec![i])).collect();
    asked(&queries)
}

fn sides(data: &Dataset) -> HashMap<QueryIdx, HashSet<Split>> {
    let mut sides: HashMap<QueryIdx, HashSet<Split>> = HashMap::new();
    for split in Split::ALL {
        for judgement in data.judgements(split).unwrap_or_default() {
            sides.entry(judgement.query).or_default().insert(split);
        }
    }
    sides
}

/// The documents that some key makes of the answers of each split; no two splits may share one.
fn check_apart(data: &Dataset, keys: impl Fn(DocIdx) -> Vec<DocIdx>) -> Result<(), TestCaseError> {
    let mut seen: HashMap<DocIdx, Split> = HashMap::new();
    for split in Split::ALL {
        let answers =
            data.judgements(split).unwrap_or_default().iter().filter(|judgement| judgement.grade > 0);
        for key in answers.flat_map(|judgement| keys(judgement.doc)) {
            let first = *seen.entry(key).or_insert(split);
            prop_assert_eq!(first, split, "document {} is on two sides", key.0);
        }
    }
    Ok(())
}

const TENTHS: Shares = Shares { dev: 0.1, test: 0.2 };

#[test]
fn every_depth_has_its_share_of_the_queries() {
    let divided = divide(&plain(), By::Query, TENTHS, 7).unwrap();
    expect![[r#"
                           train       dev      test
          queries             85        12        24
          judgements          85        12        24
          units               85        12        24
          depth 0              1         0         0
          depth 1              2         0         1
          depth 2              7         2         2
          depth 3             23         3         6
          depth 4             52         7        15
        the largest unit has queries: 1
        0 queries shared, 0 texts shared, 0 groups shared
    "#]]
    .assert_eq(&divided.counts.to_string());
}

#[test]
fn the_keys_of_the_json_are_stable() {
    let queries: Vec<_> = (0..4).map(|i| (format!("text {i}"), None, vec![0])).collect();
    let counts = divide(&asked(&queries), By::Query, Shares { dev: 0.0, test: 0.5 }, 7).unwrap().counts;
    expect![[r#"{"splits":[{"split":"train","share":0.5,"queries":2,"judgements":2,"units":2,"by_depth":{"0":2}},{"split":"dev","share":0.0,"queries":0,"judgements":0,"units":0,"by_depth":{}},{"split":"test","share":0.5,"queries":2,"judgements":2,"units":2,"by_depth":{"0":2}}],"largest_unit":1,"subtree_depth":null,"shared":{"queries":0,"texts":0,"groups":0}}"#]].assert_eq(&serde_json::to_string(&counts).unwrap());
}

#[test]
fn the_same_seed_gives_the_same_sides_and_another_others() {
    let of = |seed| {
        divide(&plain(), By::Query, TENTHS, seed).unwrap().data.judgements(Split::Test).unwrap().to_vec()
    };
    assert_eq!(of(1), of(1));
    assert_ne!(of(1), of(2));
}

#[test]
fn the_depth_of_subtrees_is_found() {
    let counts = divide(&plain(), By::Subtree { depth: None }, TENTHS, 7).unwrap().counts;
    assert_eq!(counts.subtree_depth, Some(3));
    let counts = divide(&plain(), By::Subtree { depth: Some(4) }, TENTHS, 7).unwrap().counts;
    assert_eq!((counts.subtree_depth, counts.splits[0].units > counts.splits[1].units), (Some(4), true));
}

#[test]
fn what_cannot_be_divided_is_told_with_the_remedy() {
    let error = |data: &Dataset, by, shares| divide(data, by, shares, 7).unwrap_err().to_string();
    let none = Shares { dev: 0.0, test: 0.0 };
    let closed = Dataset::closed("small".to_owned(), plain().docs, plain().hierarchy);
    let together: Vec<_> = (0..9).map(|_| ("same".to_owned(), None, vec![1])).collect();
    let told = [
        error(&closed, By::Query, TENTHS),
        error(&plain(), By::Query, none),
        error(&plain(), By::Query, Shares { dev: 0.6, test: 0.6 }),
        error(&plain(), By::Group(Together::Key), TENTHS),
        error(&asked(&together), By::Query, TENTHS),
        error(&asked(&[]), By::Subtree { depth: None }, TENTHS),
    ];
    expect![[r#"
        `small` has no queries of its own, each document is its own query: hide pairs of it with --pairs, --queries or --edges-only, or take leaves out of it with --leaves
        dev 0 and test 0 are no shares: two numbers from 0 to 1 were expected, of at most 1 together and not both 0
        dev 0.6 and test 0.6 are no shares: two numbers from 0 to 1 were expected, of at most 1 together and not both 0
        no query of `small` has a group: add "group": ".." to the lines of queries.jsonl, or say what makes a group with --group-by document or --group-by parent
        nothing fell to dev: of 9 queries the largest 9 stay together, and those that are in no unit stay in train; raise its share, or divide into other units (another --depth, --by group, --by query)
        no depth of the hierarchy has subtrees that hold a tenth of the queries at most: name one with --depth, or divide with --by node or --by query"#]].assert_eq(&told.join("\n"));
}

#[test]
fn splits_that_contradict_each_other_are_told() {
    let data = plain();
    let judgement = |grade| Some(vec![Judgement { query: QueryIdx(0), doc: DocIdx(0), grade }]);
    let judgements = Judgements { train: judgement(1), dev: None, test: judgement(0) };
    let data = Dataset::judged(data.name, data.docs, data.hierarchy, data.queries, judgements);
    let error = divide(&data, By::Query, TENTHS, 7).unwrap_err().to_string();
    assert!(error.ends_with("has score 1 in one split and 0 in another; delete the wrong one"), "{error}");
}

#[test]
fn leaves_of_the_test_answer_nothing_in_training() {
    let queries: Vec<_> = (0..300).map(|i| (format!("text {i}"), None, vec![40 + i % 81])).collect();
    let counts = divide(&asked(&queries), By::Node, TENTHS, 7).unwrap().counts;
    // The shares are those of the 81 leaves, each of which is a unit of three or four queries.
    assert_eq!(counts.splits.iter().map(|part| part.units).collect::<Vec<_>>(), [57, 8, 16]);
}

#[test]
fn every_split_gets_large_and_small_units_alike() {
    // For each size from 1 to 10 ten groups.
    let group = |i: u32| vec![(format!("text {i}"), Some(i.to_string()), vec![i % 121]); 1 + i as usize % 10];
    let queries: Vec<_> = (0..100).flat_map(group).collect();
    let counts = divide(&asked(&queries), By::Group(Together::Key), TENTHS, 7).unwrap().counts;
    for (part, share) in counts.splits.iter().zip([0.7, 0.1, 0.2]) {
        assert!((part.units as f64 - 100.0 * share).abs() <= 2.0, "{counts}");
        assert!((part.queries as f64 - 550.0 * share).abs() <= 5.0, "{counts}");
    }
}

#[test]
fn a_data_set_without_edges_is_divided_too() {
    let docs = (0..20).map(|i| Document { id: format!("d{i}"), ..Document::default() }).collect();
    let queries: Vec<_> = (0..40).map(|i| (format!("text {i}"), None, vec![i % 20])).collect();
    let data = judged(docs, Hierarchy::new(20, &[] as &[Edge]).unwrap(), &queries);
    for by in [By::Query, By::Node, By::Group(Together::Document), By::Group(Together::Parent)] {
        let counts = divide(&data, by, TENTHS, 7).unwrap().counts;
        assert_eq!(counts.splits.iter().map(|part| part.queries).collect::<Vec<_>>(), [28, 4, 8], "{by:?}");
    }
}

fn query() -> impl Strategy<Value = (String, Option<String>, Vec<u32>)> {
    let text = prop_oneof![4 => "[a-z]{6}", 1 => "[ab]"];
    let group = prop_oneof![6 => Just(None), 1 => "[g-m][a-z]".prop_map(Some)];
    (
        text,
        group,
        prop_oneof![3 => prop::collection::vec(0u32..121, 1..2), 1 => prop::collection::vec(0u32..121, 1..3)],
    )
}

fn way() -> impl Strategy<Value = By> {
    prop::sample::select(vec![
        By::Query,
        By::Group(Together::Document),
        By::Group(Together::Parent),
        By::Node,
        By::Subtree { depth: None },
        By::Subtree { depth: Some(2) },
    ])
}

proptest! {
    #[test]
    fn nothing_is_on_two_sides_and_nothing_is_lost(
        queries in prop::collection::vec(query(), 1..120),
        by in way(),
        dev in 0.0f64..0.5,
        test in 0.01f64..0.5,
        seed in 0u64..9,
    ) {
        let data = asked(&queries);
        let Ok(Division { data: divided, counts }) = divide(&data, by, Shares { dev, test }, seed) else {
            // Units too large for a share.
            return Ok(());
        };
        let all = |data: &Dataset| {
            let judged = Split::ALL.into_iter().filter_map(|split| data.judgements(split)).flatten();
            let mut all: Vec<Judgement> = judged.copied().collect();
            all.sort_unstable();
            all
        };
        prop_assert_eq!(all(&divided), all(&data));
        prop_assert!(sides(&divided).values().all(|sides| sides.len() == 1));
        prop_assert_eq!(counts.shared, Leakage { queries: 0, texts: 0, groups: 0 });
        let hierarchy = &data.hierarchy;
        match by {
            By::Query | By::Group(Together::Key) => {}
            By::Group(Together::Document) => check_apart(&divided, |doc| vec![doc])?,
            By::Group(Together::Parent) => check_apart(&divided, |doc| hierarchy.parents(doc).to_vec())?,
            By::Node => {
                let is_leaf = |doc: DocIdx| hierarchy.children(doc).is_empty();
                check_apart(&divided, |doc| if is_leaf(doc) { vec![doc] } else { Vec::new() })?;
            }
            By::Subtree { .. } => {
                let top = |doc: &DocIdx| Some(hierarchy.depth(*doc)) == counts.subtree_depth;
                let above = |doc| hierarchy.ancestors(doc).iter().map(|ancestor| ancestor.doc);
                check_apart(&divided, |doc| above(doc).filter(top).collect())?;
            }
        }
    }

    #[test]
    fn shares_of_single_queries_are_right_within_rounding_at_every_depth(
        answers in prop::collection::vec(0u32..121, 1..200),
        dev in 0.0f64..0.5,
        test in 0.01f64..0.5,
    ) {
        let queries: Vec<_> = answers.iter().enumerate().map(|(i, doc)| (format!("text {i}"), None, vec![*doc])).collect();
        let Ok(Division { counts, .. }) = divide(&asked(&queries), By::Query, Shares { dev, test }, 5) else {
            // Fewer queries than a share needs to have one.
            return Ok(());
        };
        let mut totals: BTreeMap<u32, usize> = BTreeMap::new();
        counts.splits.iter().flat_map(|part| &part.by_depth).for_each(|(depth, n)| *totals.entry(*depth).or_default() += n);
        for (part, share) in counts.splits.iter().zip([1.0 - dev - test, dev, test]) {
            for (depth, total) in &totals {
                let has = part.by_depth.get(depth).copied().unwrap_or(0) as f64;
                prop_assert!((has - share * *total as f64).abs() < 1.0, "{} of {total} at {depth}", has);
            }
            prop_assert!((part.queries as f64 - share * answers.len() as f64).abs() < 2.0, "{counts}");
        }
    }

    #[test]
    fn shares_of_units_are_right_within_the_largest(
        queries in prop::collection::vec(query(), 60..120),
        seed in 0u64..9,
    ) {
        let Ok(Division { counts, .. }) = divide(&asked(&queries), By::Query, TENTHS, seed) else {
            return Ok(());
        };
        let depths: HashSet<&u32> = counts.splits.iter().flat_map(|part| part.by_depth.keys()).collect();
        for (part, share) in counts.splits.iter().zip([0.7, 0.1, 0.2]) {
            let off = (part.queries as f64 - share * queries.len() as f64).abs();
            prop_assert!(off <= (counts.largest_unit * (2 + depths.len())) as f64, "{counts}");
        }
    }
}

#[test]
fn leaves_that_are_taken_out_ask_for_their_parents() {
    let shape = Shape { height: 5, width: 3, fan_out: FanOut::Even, extra_parents: 0.1 };
    let whole = synth(&shape, 3).unwrap();
    let shares = Shares { dev: 0.1, test: 0.2 };
    let Division { data, counts } = take_leaves_out(&whole, shares, 7).unwrap();
    let is_leaf = |doc: DocIdx| whole.hierarchy.children(doc).is_empty();
    let leaves = (0..whole.docs.len() as u32).filter(|doc| is_leaf(DocIdx(*doc))).count();
    let out = counts.splits[1].queries + counts.splits[2].queries;
    assert_eq!((data.docs.len(), data.queries.len()), (whole.docs.len() - out, whole.docs.len()));
    assert_eq!(counts.splits[2].queries, (0.2 * leaves as f64).round() as usize);
    let left: HashSet<&str> = data.docs.iter().map(|doc| doc.id.as_str()).collect();
    for split in Split::ALL {
        let judgements = data.judgements(split).unwrap();
        assert!(judgements.is_sorted());
        for query in judgements.iter().map(|judgement| judgement.query).collect::<HashSet<_>>() {
            let own = DocIdx(query.0);
            let asked: HashSet<&str> = judgements
                .iter()
                .filter(|judgement| judgement.query == query)
                .map(|judgement| data.docs[judgement.doc.at()].id.as_str())
                .collect();
            let id = |doc: &DocIdx| whole.docs[doc.at()].id.as_str();
            let parents: HashSet<&str> = whole.hierarchy.parents(own).iter().map(id).collect();
            let expected = if split == Split::Train { HashSet::from([id(&own)]) } else { parents };
            assert_eq!(asked, expected);
            assert_eq!(left.contains(id(&own)), split == Split::Train);
        }
    }
    assert!(take_leaves_out(&data, shares, 7).unwrap_err().to_string().contains("--by query"));
}

#[test]
fn a_leaf_that_says_the_same_as_a_document_with_children_stays() {
    // Every shelf has a leaf `belts` and a node `accessories`, and one leaf is called so, too.
    let titles =
        ["root", "a", "b", "c", "accessories", "Accessories", "belts", "hats", "rings", "bags", "pins"];
    let doc = |(at, title): (usize, &&str)| Document {
        id: format!("d{at}"),
        title: (*title).to_owned(),
        text: String::new(),
        synonyms: Vec::new(),
    };
    let docs: Vec<Document> = titles.iter().enumerate().map(doc).collect();
    let parents = [0, 0, 0, 1, 2, 4, 4, 4, 3, 3];
    let edge =
        |(child, parent): (usize, &u32)| Edge { child: DocIdx(child as u32 + 1), parent: DocIdx(*parent) };
    let edges: Vec<Edge> = parents.iter().enumerate().map(edge).collect();
    let hierarchy = Hierarchy::new(docs.len(), &edges).unwrap();
    let data = Dataset::closed("d".to_owned(), docs, hierarchy);
    for seed in 0..50 {
        let Division { data, counts } = take_leaves_out(&data, Shares { dev: 0.2, test: 0.4 }, seed).unwrap();
        let left: HashSet<&str> = data.docs.iter().map(|doc| doc.title.as_str()).collect();
        assert!(
            ["root", "a", "b", "c", "accessories", "Accessories"].iter().all(|title| left.contains(title))
        );
        let train = data.judgements(Split::Train).unwrap();
        assert!(train.is_sorted() && train.iter().any(|judgement| judgement.query == QueryIdx(5)));
        assert_eq!(counts.splits.iter().map(|part| part.queries).sum::<usize>(), titles.len());
    }
}
