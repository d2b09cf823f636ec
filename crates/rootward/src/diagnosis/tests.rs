//! Each rule on a constructed evaluation or course, and the words that follow from it.

use expect_test::{Expect, expect};

use super::*;
use crate::dataset::Document;
use crate::eval::QueryResult;
use crate::hierarchy::{Edge, Hierarchy};
use crate::ids::{DocIdx, QueryIdx};
use crate::pairs::Pairs;

/// Twenty leaves, each its own query: the first eighteen under the two documents 20 and 21, the others under 22.
pub(super) fn star() -> (Pairs, Vec<Document>) {
    let up = |leaf: u32| if leaf < 18 { vec![20, 21] } else { vec![22] };
    let edge = |child, parent| Edge { child: DocIdx(child), parent: DocIdx(parent) };
    let edges: Vec<Edge> =
        (0..20).flat_map(|leaf| up(leaf).into_iter().map(move |parent| edge(leaf, parent))).collect();
    let exact: Vec<_> = (0..20).map(|leaf| (QueryIdx(leaf), vec![DocIdx(leaf)])).collect();
    let pairs = Pairs::of_exact_matches(&exact, &Hierarchy::new(23, &edges).unwrap());
    let doc = |i: usize| Document {
        id: format!("d{i}"),
        title: format!("title {i}"),
        text: String::new(),
        synonyms: Vec::new(),
    };
    (pairs, (0..23).map(doc).collect())
}

/// An evaluation in which `wrong` says for each pair (row, document) what stands in the document's place.
pub(super) fn evaluated(pairs: &Pairs, wrong: impl Fn(usize, u32) -> Option<u32>) -> Evaluation {
    let result = |row: usize| {
        let own = pairs.relevant(row);
        let missed: Vec<_> = own.iter().copied().filter(|pair| wrong(row, pair.doc.0).is_some()).collect();
        let false_hits = missed.iter().filter_map(|pair| wrong(row, pair.doc.0)).map(DocIdx).collect();
        QueryResult { query: pairs.queries()[row], set_size: own.len(), missed, false_hits, ranking: None }
    };
    Evaluation::of(pairs, (0..pairs.n_queries()).map(result).collect())
}

/// Recall near and far, pairs being half and half and exact matches as the near ones; 65,536 documents.
fn known(near: f64, far: f64) -> Known {
    let recall = Recall { far_from: 4, all: (near + far) / 2.0, exact: near, near, far: Some(far) };
    Known { recall, popularity: None, documents: 65_536, dim: Some(64), course: None }
}

/// The course of a run that rose so much at its end.
fn course(rise: f64) -> Course {
    let last = Measured { recall: 0.5, near: 0.5, far: 0.5, by_distance: vec![0.5] };
    Course { stage: 1, name: "last".to_owned(), last, rise: Some(rise), fall: None }
}

fn check(known: &Known, expected: &Expect) {
    let found: Vec<String> = diagnose(known).iter().map(Finding::to_string).collect();
    expected.assert_eq(&found.join("\n"));
}

/// The kinds of what is found, as JSON names them.
fn kinds(known: &Known) -> Vec<String> {
    let kind = |finding| serde_json::to_value(finding).unwrap()["kind"].as_str().unwrap().to_owned();
    diagnose(known).iter().map(kind).collect()
}

/// What is found where the course of the last stage is this, by name of the kind.
fn check_length(dim: Option<usize>, rise: Option<f64>, expected: &[&str]) {
    let known = Known { dim, course: rise.map(course), ..known(0.6, 0.6) };
    assert_eq!(kinds(&known), expected, "dim {dim:?}, rise {rise:?}");
}

#[test]
fn a_model_that_finds_all_is_told_that_nothing_is_wrong() {
    check(
        &known(0.996, 0.994),
        &expect![
            "Nothing is wrong: 99.5 % of all pairs are found, 99.6 % of the exact matches, 99.6 % nearer than distance 4 and 99.4 % from there on."
        ],
    );
}

#[test]
fn a_part_that_fails_among_many_pairs_is_not_overlooked() {
    let mut known = known(1.0, 0.99);
    known.recall.exact = 0.9;
    assert_eq!(kinds(&known), ["unexplained"]);
}

#[test]
fn recall_that_falls_with_distance_is_lost_in_the_long_distance() {
    check(
        &known(0.9, 0.1),
        &expect![
            "Lost in the long distance: 50.0 % of all pairs are found, 90.0 % of the exact matches, 90.0 % nearer than distance 4 and 10.0 % from there on. Remedy: use the recipe `climb`, or `text-climb` for texts, or where they are not set, `negatives.deduplicate` and `negatives.mask_known`, so that an ancestor is no negative of its own descendants."
        ],
    );
    assert_eq!(kinds(&known(0.6, 0.51)), ["unexplained"]);
}

#[test]
fn length_and_dimension_are_told_apart_by_what_is_known() {
    check_length(Some(64), Some(0.02), &["undertrained"]);
    check_length(Some(15), Some(0.0), &["dimension_too_small"]);
    check_length(Some(15), Some(0.02), &["dimension_or_training"]);
    check_length(Some(15), None, &["dimension_or_training"]);
    check_length(Some(16), Some(0.0), &["unexplained"]);
    check_length(Some(64), Some(0.0099), &["unexplained"]);
    check_length(None, None, &["unexplained"]);
}

/// As [`check`], where the near and the far are found alike.
fn check_told(dim: Option<usize>, rise: Option<f64>, expected: &Expect) {
    check(&Known { dim, course: rise.map(course), ..known(0.6, 0.6) }, expected);
}

#[test]
fn a_rise_at_the_end_is_undertraining() {
    check_told(
        Some(64),
        Some(0.02),
        &expect![
            "Undertrained: recall was still rising at the end, by 2.0 points over the last quarter of stage 1 (`last`). Remedy: train longer: raise `stages.1.epochs` or `stages.1.steps`."
        ],
    );
}

#[test]
fn few_numbers_and_no_rise_are_too_small_a_dimension() {
    check_told(
        Some(4),
        Some(0.0),
        &expect![
            "The dimension is probably too small: 60.0 % of the near pairs are found, 4 numbers are fewer than the 16 (log2 of the number of documents) that were seen to suffice, and over the last quarter of the last stage recall rose by 0.0 points. Remedy: train with `encoder.dim=16` or more; below 32 with the recipe `climb-small`."
        ],
    );
}

#[test]
fn few_numbers_and_a_rise_may_be_either() {
    check_told(
        Some(4),
        Some(0.02),
        &expect![
            "Either the dimension is too small or the training too short: 60.0 % of the near pairs are found, 4 numbers are fewer than the 16 (log2 of the number of documents) that were seen to suffice, and over the last quarter of the last stage recall rose by 2.0 points. Remedy: double `stages.1.epochs` or `stages.1.steps`, which tells them apart: where recall then stays, train with `encoder.dim=16` or more."
        ],
    );
}

#[test]
fn few_numbers_without_a_report_may_be_either() {
    check_told(
        Some(4),
        None,
        &expect![
            "Either the dimension is too small or the training too short: 60.0 % of the near pairs are found, 4 numbers are fewer than the 16 (log2 of the number of documents) that were seen to suffice, and whether recall was still rising was not measured. Remedy: double `stages.N.epochs` or `stages.N.steps`, which tells them apart: where recall then stays, train with `encoder.dim=16` or more."
        ],
    );
}

#[test]
fn what_no_rule_explains_is_said_with_the_rise() {
    check_told(
        Some(64),
        Some(0.0),
        &expect![
            "Pairs are missed for another reason than distance, frequency or dimension: 60.0 % of all pairs are found, 60.0 % of the exact matches, 60.0 % nearer than distance 4 and 60.0 % from there on; over the last quarter of the last stage recall rose by 0.0 points. Remedy: add a last stage with a lower temperature and more `negatives.siblings`; where recall stays, more dimensions."
        ],
    );
}

#[test]
fn what_no_rule_explains_is_said_without_a_report() {
    check_told(
        None,
        None,
        &expect![
            "Pairs are missed for another reason than distance, frequency or dimension: 60.0 % of all pairs are found, 60.0 % of the exact matches, 60.0 % nearer than distance 4 and 60.0 % from there on; whether recall was still rising was not measured. Remedy: set `validation.every` to a quarter of the steps or less, or train twice as long, which tells the causes apart: where recall stays, add a last stage with a lower temperature and more `negatives.siblings`, or more dimensions."
        ],
    );
}

#[test]
fn undertraining_comes_first_while_exact_matches_are_missed_and_last_afterwards() {
    let with = |near| Known { course: Some(course(0.02)), ..known(near, 0.1) };
    assert_eq!(kinds(&with(0.6)), ["undertrained", "lost_in_distance"]);
    assert_eq!(kinds(&with(0.96)), ["lost_in_distance", "undertrained"]);
}

#[test]
fn near_recall_that_was_traded_for_far_recall_is_forgetting() {
    let before = NearFar { near: 0.95, far: 0.2 };
    let with = |near, far, ended| {
        let after = NearFar { near, far };
        let fall = Some(Fall { stage: 1, name: "finetune".to_owned(), ended, before, after });
        Known { course: Some(Course { fall, ..course(0.0) }), ..known(near, far) }
    };
    check(
        &with(0.9, 0.85, Ended::Forgetting),
        &expect![
            "Forgetting of the near: from stage 1 (`finetune`) on, near recall fell from 95.0 % to 90.0 %, which ended it early, while far recall rose from 20.0 % to 85.0 %. Remedy: lower `stages.1.rate`, or shorten the stage; use the recipe `climb`, which needs no such trade; where far recall matters more, leave it so."
        ],
    );
    assert_eq!(kinds(&with(0.94, 0.9, Ended::Length)), ["unexplained"]);
    assert_eq!(kinds(&with(0.2, 0.15, Ended::Length)), ["unexplained"], "far recall fell too");
}

#[test]
fn frequent_documents_that_are_missed_are_pushed_down() {
    let (pairs, docs) = star();
    let evaluation = evaluated(&pairs, |row, doc| (row < 18 && doc == 20).then_some(19));
    let popularity = Popularity::of(&evaluation, &pairs, &docs);
    check(
        &Known { popularity: Some(popularity), ..known(0.9, 0.9) },
        &expect![
            "Popularity bias, frequent documents pushed down: the 2 that make up half of all pairs are found in 50.0 % of theirs, the others in 100.0 %; at the same distance that is 50.0 points less; most often found by mistake: `title 19` 18 times (relevant to 1). Remedy: set `negatives.deduplicate`, or `negatives.alpha=0` (logQ), so that a frequent document is no stronger a negative than a rare one."
        ],
    );
}

#[test]
fn frequent_documents_that_are_found_by_mistake_are_pushed_up() {
    let (pairs, docs) = star();
    let evaluation = evaluated(&pairs, |row, doc| (row >= 18 && doc == 22).then_some(20));
    let popularity = Popularity::of(&evaluation, &pairs, &docs);
    check(
        &Known { popularity: Some(popularity), ..known(0.9, 0.9) },
        &expect![
            "Popularity bias, frequent documents pushed up: the 2 that make up half of all pairs are 100.0 % of the 2 false hits, where chance would make them 9.52 %; most often found by mistake: `title 20` 2 times (relevant to 18). Remedy: set `negatives.ancestor_siblings`, which brings frequent documents as negatives of queries that do not want them, or bring `negatives.alpha` nearer to 1."
        ],
    );
}

#[test]
fn half_of_all_documents_are_not_frequent_however_they_fare() {
    let (pairs, docs) = star();
    let evaluation = evaluated(&pairs, |row, doc| (row < 18 && doc == 20).then_some(19));
    let popularity = Popularity { documents: 10, ..Popularity::of(&evaluation, &pairs, &docs) };
    assert_eq!(kinds(&Known { popularity: Some(popularity), ..known(0.9, 0.9) }), ["unexplained"]);
}

#[test]
fn far_begins_where_half_of_the_pairs_are_nearer() {
    let (pairs, _) = star();
    let evaluation = evaluated(&pairs, |row, doc| (row >= 18 && doc == 22).then_some(0));
    let recall = Recall::of(&evaluation);
    // 20 of the 58 pairs are at distance 0, which is less than half; none is farther than 1.
    assert_eq!((recall.far_from, recall.exact, recall.far), (2, 1.0, None));
    assert_eq!((recall.all, recall.near), (56.0 / 58.0, 56.0 / 58.0));
}

#[test]
fn recall_measured_on_the_way_has_no_far_part_where_nothing_is_far() {
    let measured = Measured { recall: 0.5, near: 0.4, far: 0.0, by_distance: vec![0.6, 0.3] };
    let near = Recall { far_from: 2, all: 0.5, exact: 0.6, near: 0.4, far: None };
    assert_eq!(Recall::of_measured(&measured, 2), near);
    assert_eq!(Recall::of_measured(&measured, 1).far, Some(0.0));
}

#[test]
fn as_json_a_finding_has_its_kind_its_numbers_and_its_words() {
    let findings = diagnose(&Known { course: Some(course(0.02)), ..known(0.6, 0.6) });
    expect![[r#"
        [
          {
            "kind": "undertrained",
            "stage": 1,
            "name": "last",
            "rise": 0.02,
            "sentence": "Undertrained: recall was still rising at the end, by 2.0 points over the last quarter of stage 1 (`last`)",
            "remedy": "train longer: raise `stages.1.epochs` or `stages.1.steps`"
          }
        ]"#]].assert_eq(&serde_json::to_string_pretty(&told(&findings)).unwrap());
}
