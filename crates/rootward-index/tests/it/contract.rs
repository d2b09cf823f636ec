//! The contract of [`Search`] as tests, which every implementation passes.
//!
//! Most vectors hold small whole numbers, so that products are the same in any order of addition and answers can be
//! compared to the letter, many of them with ties.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use rootward::matrix::Matrix;
use rootward_index::filter::Value;
use rootward_index::{Change, Filter, Hit, IndexError, Replica, Search};
use serde_json::json;

use crate::naive::{self, Naive};

/// An index that changes.
pub(crate) trait Changing {
    /// Does changes; when it returns they are visible.
    fn change(&mut self, changes: &[Change]);
    /// The index, to ask.
    fn as_search(&self) -> &dyn Search;
}

/// Makes an index of a width over documents.
pub(crate) type Make<'a, Index> = &'a dyn Fn(usize, &[Replica]) -> Box<Index>;

/// Checks all that [`Search`] promises of an index that stands still.
pub(crate) fn contract(make: Make<dyn Search>) {
    let docs = whole(40, 3);
    let index = make(DIM, &docs);
    greater_scores_come_first_and_equal_ones_by_id(index.as_ref(), &docs);
    groups_of_equal_scores_are_cut_by_id(make);
    all_documents_come_where_k_is_larger(index.as_ref(), &docs);
    nothing_asked_is_nothing_found(index.as_ref());
    an_empty_index_finds_nothing(make);
    norms_count(make);
    queries_of_another_width_are_refused(index.as_ref());
    queries_that_are_not_finite_are_refused(index.as_ref());
    filters_let_through_what_they_say(make);
    ranges_between_two_types_are_refused(index.as_ref());
    strange_texts_are_texts(make);
}

/// Checks all that [`Search`] promises of an index that changes.
pub(crate) fn changes(make: Make<dyn Changing>) {
    changes_are_visible_at_once(make);
    any_changes_leave_what_a_map_would_hold(make);
}

const DIM: usize = 4;

/// Documents of small whole numbers.
fn whole(n: usize, seed: u64) -> Vec<Replica> {
    let mut rng = Pcg64::seed_from_u64(seed);
    let vector = |rng: &mut Pcg64| (0..DIM).map(|_| f32::from(rng.random_range(-2..=2i8))).collect();
    (0..n).map(|at| doc(&format!("d{at}"), vector(&mut rng))).collect()
}

fn doc(id: &str, vector: Vec<f32>) -> Replica {
    Replica { id: id.to_owned(), metadata: serde_json::Map::new(), vector, above: Vec::new() }
}

fn with(id: &str, metadata: &serde_json::Value, above: &[&str]) -> Replica {
    let metadata = metadata.as_object().unwrap().clone();
    let vector = vec![id.len() as f32, 1.0, 0.0, 0.0];
    let above = above.iter().map(|id| (*id).to_owned()).collect();
    Replica { metadata, above, ..doc(id, vector) }
}

fn queries() -> Matrix {
    let rows = [[1.0, 2.0, -1.0, 0.0], [0.0, 0.0, 0.0, 0.0], [-2.0, 0.0, 3.0, 1.0]];
    Matrix::new(3, DIM, rows.concat()).unwrap()
}

/// Holds an index against the twin.
fn check(index: &dyn Search, docs: &[Replica], k: usize, filter: Option<&Filter>) {
    let expected = Naive::new(DIM, docs).search(&queries(), k, filter).unwrap();
    let got = index.search(&queries(), k, filter).unwrap_or_else(|error| panic!("{filter:?}: {error}"));
    assert_eq!(got, expected, "k = {k}, filter {filter:?}");
}

fn greater_scores_come_first_and_equal_ones_by_id(index: &dyn Search, docs: &[Replica]) {
    assert_eq!(index.dim(), DIM);
    for k in [1, 2, 7, 20, 39] {
        check(index, docs, k, None);
    }
}

fn groups_of_equal_scores_are_cut_by_id(make: Make<dyn Search>) {
    let docs: Vec<Replica> = (0..300).map(|at| doc(&format!("{at}"), vec![1.0, 0.0, 2.0, 0.0])).collect();
    check(make(DIM, &docs).as_ref(), &docs, 3, None);
}

fn all_documents_come_where_k_is_larger(index: &dyn Search, docs: &[Replica]) {
    for k in [docs.len(), docs.len() + 1, 1_000] {
        check(index, docs, k, None);
    }
}

fn nothing_asked_is_nothing_found(index: &dyn Search) {
    assert_eq!(index.search(&Matrix::zeros(0, DIM), 5, None).unwrap(), Vec::<Vec<Hit>>::new());
    assert_eq!(index.search(&queries(), 0, None).unwrap(), vec![Vec::<Hit>::new(); 3]);
}

fn an_empty_index_finds_nothing(make: Make<dyn Search>) {
    check(make(DIM, &[]).as_ref(), &[], 5, None);
    check(make(DIM, &[]).as_ref(), &[], 5, Some(&Filter::All(Vec::new())));
}

/// Real numbers of norms from 1e-2 to 1e2: scores are right to rounding, and nothing better is left out.
fn norms_count(make: Make<dyn Search>) {
    let mut rng = Pcg64::seed_from_u64(5);
    let docs: Vec<Replica> = (0..200)
        .map(|at| {
            let norm = 10f32.powf(rng.random_range(-2.0..2.0));
            doc(&format!("d{at}"), (0..DIM).map(|_| norm * rng.random_range(-1.0..1.0f32)).collect())
        })
        .collect();
    let queries =
        Matrix::new(2, DIM, (0..2 * DIM).map(|_| rng.random_range(-9.0..9.0f32)).collect()).unwrap();
    let got = make(DIM, &docs).search(&queries, 10, None).unwrap();
    let expected = Naive::new(DIM, &docs).search(&queries, 10, None).unwrap();
    for (got, expected) in got.iter().flatten().zip(expected.iter().flatten()) {
        assert_eq!(got.id, expected.id);
        assert!((got.score - expected.score).abs() <= 1e-5 * expected.score.abs(), "{got:?}, {expected:?}");
    }
    assert_eq!(got.iter().map(Vec::len).collect::<Vec<_>>(), [10, 10]);
}

fn queries_of_another_width_are_refused(index: &dyn Search) {
    let error = index.search(&Matrix::zeros(1, DIM + 1), 5, None).unwrap_err();
    assert!(matches!(error, IndexError::Dim { expected: DIM, got: 5, .. }), "{error}");
}

fn queries_that_are_not_finite_are_refused(index: &dyn Search) {
    for wrong in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut queries = queries();
        queries.row_mut(2)[1] = wrong;
        let error = index.search(&queries, 5, None).unwrap_err();
        assert!(matches!(&error, IndexError::NotFinite { what } if what == "query 2"), "{error}");
    }
}

fn filters_let_through_what_they_say(make: Make<dyn Search>) {
    let docs = described();
    let index = make(DIM, &docs);
    for filter in filters() {
        check(index.as_ref(), &docs, 5, Some(&filter));
        check(index.as_ref(), &docs, 100, Some(&Filter::Not(filter.into())));
    }
}

fn ranges_between_two_types_are_refused(index: &dyn Search) {
    for bounds in
        [(number(1.0), text("x")), (text("1"), number(2.0)), (Value::Bool(false), Value::Bool(true))]
    {
        let filter = Filter::All(vec![Filter::Not(range("a", bounds.0, bounds.1).into())]);
        let error = index.search(&queries(), 5, Some(&filter)).unwrap_err();
        assert!(matches!(&error, IndexError::Range { key } if key == "a"), "{error}");
    }
}

/// Documents with metadata of every kind, and with none. What is said to be above one is an id of the hierarchy.
fn described() -> Vec<Replica> {
    vec![
        with("root", &json!({}), &[]),
        with("a", &json!({"year": 1999, "tag": ["x", "y"], "open": true}), &["root"]),
        with("ab", &json!({"year": 1999.5, "tag": "x", "open": false}), &["a", "root"]),
        with("abc", &json!({"year": [2001, 1990], "tag": ["z", 7, true]}), &["ab", "a", "root"]),
        with("b", &json!({"year": "1999", "tag": [], "open": [true, false]}), &["root"]),
        with("bc", &json!({"year": -4, "tag": "", "open": "true"}), &["b", "root"]),
        with("c", &json!({"year": 9_007_199_254_740_993_i64, "tag": ["yy", "Y"], "open": 1}), &["root"]),
        with("d", &json!({"year": 1e300, "tag": "ü"}), &[]),
        with("e", &json!({"year": [0, -0.0], "tag": ["x", "x"]}), &["other"]),
        with("rooty", &json!({"year": 1e-7, "a b": 1, "": "no name"}), &["roo"]),
    ]
}

fn number(value: f64) -> Value {
    Value::Number(value)
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

fn equals(key: &str, value: Value) -> Filter {
    Filter::Equals { key: key.to_owned(), value }
}

fn among(key: &str, values: &[Value]) -> Filter {
    Filter::In { key: key.to_owned(), values: values.to_vec() }
}

fn range(key: &str, least: impl Into<Option<Value>>, most: impl Into<Option<Value>>) -> Filter {
    Filter::Range { key: key.to_owned(), least: least.into(), most: most.into() }
}

fn below(id: &str) -> Filter {
    Filter::Below(id.to_owned())
}

fn filters() -> Vec<Filter> {
    vec![
        equals("year", number(1999.0)),
        equals("year", number(0.0)),
        equals("year", number(9_007_199_254_740_992.0)),
        equals("year", number(1e300)),
        equals("year", text("1999")),
        equals("tag", text("x")),
        equals("tag", text("")),
        equals("tag", Value::Bool(true)),
        equals("open", Value::Bool(true)),
        equals("open", Value::Bool(false)),
        equals("open", number(1.0)),
        equals("a b", number(1.0)),
        equals("", text("no name")),
        equals("nobody has it", number(1.0)),
        among("tag", &[]),
        among("tag", &[text("y"), number(7.0), text("nothing")]),
        among("year", &[number(-4.0), text("1999"), Value::Bool(true)]),
        range("year", number(1990.0), number(1999.0)),
        range("year", number(1991.0), number(1998.0)),
        range("year", number(2000.0), None),
        range("year", None, number(-0.0)),
        range("year", text("1"), text("2")),
        range("year", None, None),
        range("year", number(5.0), number(4.0)),
        range("year", number(f64::NEG_INFINITY), number(f64::INFINITY)),
        range("year", number(f64::INFINITY), None),
        range("tag", text("x"), text("y")),
        range("tag", text("yy"), None),
        range("tag", None, text("Z")),
        range("tag", None, None),
        range("open", None, None),
        range("nobody has it", None, None),
        below("root"),
        below("a"),
        below("abc"),
        below("roo"),
        Filter::All(Vec::new()),
        Filter::Any(Vec::new()),
        Filter::All(vec![below("a"), Filter::Not(equals("tag", text("x")).into())]),
        Filter::Any(vec![below("b"), range("year", number(1e10), None), Filter::Any(Vec::new())]),
        Filter::Not(Filter::Not(Filter::Not(below("root").into()).into()).into()),
        Filter::All(vec![
            Filter::Any(vec![equals("open", Value::Bool(true)), equals("open", Value::Bool(false))]),
            Filter::Not(Filter::Any(vec![below("ab"), equals("year", text("1999"))]).into()),
        ]),
    ]
}

/// Keys, values and ids that would end a quotation, a path or a line if they were not quoted.
fn strange_texts_are_texts(make: Make<dyn Search>) {
    let strange = [
        "\"",
        "\\",
        "\\\"",
        "'",
        "\n",
        "\r\n",
        "\t",
        "\0",
        "%",
        "%41",
        "_",
        "*",
        "/",
        "~1",
        "~",
        "a/b",
        "[0]",
        "0",
        "\" || id != \"",
        "\") || true || (\"",
        "\\u0041",
        "\\x41",
        "{x}",
        "é",
        "日本",
        "\u{1f600}",
        "\u{2028}",
        "\u{7f}",
        "\u{85}",
        "\u{feff}",
        "$meta",
        "--",
        ";",
    ];
    let docs: Vec<Replica> = strange
        .iter()
        .map(|text| with(&format!("i{text}"), &json!({ *text: 1, "text": text }), &[text]))
        .collect();
    let index = make(DIM, &docs);
    for strange in strange {
        let each = [
            equals(strange, number(1.0)),
            equals("text", text(strange)),
            range("text", text(strange), text(strange)),
            below(strange),
            below(&format!("i{strange}")),
        ];
        for filter in each {
            let found = index.search(&queries(), 9, Some(&filter));
            let found = found.unwrap_or_else(|error| panic!("{filter:?}: {error}"));
            let ids: Vec<&str> = found[0].iter().map(|hit| hit.id.as_str()).collect();
            assert_eq!(ids, [format!("i{strange}")], "{filter:?}");
        }
    }
}

fn changes_are_visible_at_once(make: Make<dyn Changing>) {
    let mut docs = whole(20, 7);
    let mut index = make(DIM, &docs);
    docs[3] = with("d3", &json!({"new": true}), &["up"]);
    index.change(&[Change::Put(docs[3].clone())]);
    check(index.as_search(), &docs, 9, None);
    check(index.as_search(), &docs, 9, Some(&equals("new", Value::Bool(true))));
    let gone = docs.remove(5);
    index.change(&[Change::Remove(gone.id.clone())]);
    check(index.as_search(), &docs, 30, None);
    index.change(&[Change::Remove(gone.id.clone()), Change::Remove("never there".to_owned())]);
    check(index.as_search(), &docs, 30, None);
    docs.push(gone.clone());
    index.change(&[Change::Put(gone.clone()), Change::Remove(gone.id.clone()), Change::Put(gone)]);
    check(index.as_search(), &docs, 30, None);
    index.change(&[]);
    check(index.as_search(), &docs, 30, Some(&below("up")));
}

fn any_changes_leave_what_a_map_would_hold(make: Make<dyn Changing>) {
    let mut rng = Pcg64::seed_from_u64(11);
    let (mut index, mut twin) = (make(DIM, &[]), Naive::new(DIM, &[]));
    for round in 0..20 {
        let changes: Vec<Change> = (0..rng.random_range(0..30)).map(|_| any_change(&mut rng)).collect();
        index.change(&changes);
        twin.change(&changes);
        let filters = [None, Some(range("n", number(1.0), number(2.0)))];
        let filter = filters[round % 2].as_ref();
        let (got, expected) =
            (index.as_search().search(&queries(), 12, filter), twin.search(&queries(), 12, filter));
        assert_eq!(got.unwrap(), expected.unwrap(), "round {round}");
    }
}

fn any_change(rng: &mut Pcg64) -> Change {
    let id = format!("d{}", rng.random_range(0..40));
    if rng.random_range(0..3) == 0 {
        return Change::Remove(id);
    }
    let vector = (0..DIM).map(|_| f32::from(rng.random_range(-2..=2i8))).collect();
    let values: Vec<u8> = (0..rng.random_range(0..4)).map(|_| rng.random_range(0..5)).collect();
    let metadata = json!({ "n": values }).as_object().unwrap().clone();
    Change::Put(Replica { metadata, ..doc(&id, vector) })
}

#[test]
fn the_twin_counts_lists_and_missing_keys_as_filters_say() {
    let docs = described();
    let found = |filter: &Filter| docs.iter().filter(|doc| naive::matches(filter, doc)).count();
    let year = range("year", number(1990.0), number(1999.0));
    assert_eq!([found(&year), found(&Filter::Not(year.into()))], [2, 8]);
}
