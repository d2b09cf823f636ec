//! Exact evaluation: how well vectors, or any ranking, retrieve what each query should retrieve.
//!
//! Every relevant document's rank is counted over the whole corpus, without sampling and without an index, and every
//! tie is broken the same way ([`order`]), so that a number stands for the model alone. Nothing is dropped: where a
//! node is its own query it counts as a document too, unlike in BEIR's own evaluator.

mod measures;
mod name_table;
pub mod order;
mod scores;
mod summary;

use std::collections::HashMap;

use crate::dataset::Judgement;
use crate::ids::{DocIdx, QueryIdx};
use crate::pairs::{Pairs, Relevant};
use crate::rows::Rows;

pub use measures::{QueryResult, RankingMeasures};
pub use name_table::NameTable;
pub use order::{NOT_FOUND, Names};
pub use scores::{NanRow, Products, Scorer, Vectors, each_row};
pub use summary::{Evaluation, Share, write_per_query};

use measures::{Target, measure};
pub(crate) use scores::for_each_query;

/// What is right: what each query should retrieve.
#[derive(Clone, Copy, Debug)]
pub struct Truth<'a> {
    /// The queries to evaluate, with their S(q).
    pub pairs: &'a Pairs,
    /// What the ranking measures take as relevant.
    pub judge: Judge<'a>,
    /// The ids of queries and documents.
    pub names: Names<'a>,
}

/// What the ranking measures take as relevant; the set measures always take S(q).
#[derive(Clone, Copy, Debug)]
pub enum Judge<'a> {
    /// The judgements as they were given, with their grades; those of queries without pairs are not asked for.
    Qrels(&'a [Judgement]),
    /// All of S(q), ancestors included, with grade 1.
    Ancestors,
}

/// Why there is nothing to measure, or no way to.
#[derive(Debug, thiserror::Error)]
pub enum EvalError {
    /// No query has a relevant document.
    #[error("no query has a relevant document, so there is nothing to evaluate; is this the right split?")]
    NoQueries,
    /// Vectors or ids do not belong to these pairs.
    #[error("{expected} {what} were expected, {got} were found; do all parts come from the same data set?")]
    Count {
        /// What was counted.
        what: &'static str,
        /// How many there should be.
        expected: usize,
        /// How many there are.
        got: usize,
    },
    /// The two towers do not fit.
    #[error(
        "query vectors have {queries} numbers, document vectors {docs}; they must come from the same model"
    )]
    Dim {
        /// Numbers in a query's vector.
        queries: usize,
        /// Numbers in a document's vector.
        docs: usize,
    },
    /// A vector holds something that is not a number, or its scores overflow to it.
    #[error("a score of query `{query}` is not a number; the model may have diverged: try a lower rate")]
    Nan {
        /// The id of the query.
        query: String,
    },
    /// The same document was judged twice for a query.
    #[error("document `{doc}` was judged twice for query `{query}`; keep one judgement")]
    JudgedTwice {
        /// The id of the query.
        query: String,
        /// The id of the document.
        doc: String,
    },
}

/// Ranks the whole corpus for every query by inner product, and measures the ranking.
///
/// Row `i` of the query vectors belongs to row `i` of the pairs. `progress` is told how many queries are done in all,
/// in ascending order, from any thread. The result is the same on any number of threads.
///
/// # Errors
/// When there is no query, when vectors, pairs and ids do not fit together, when a score is not a number, or when a
/// document was judged twice for a query.
pub fn evaluate(
    vectors: Vectors<'_>,
    truth: &Truth<'_>,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<Evaluation, EvalError> {
    check_vectors(vectors, truth.pairs.queries(), truth.names)?;
    evaluate_scores(&Products::new(vectors), truth, progress)
}

/// Ranks the whole corpus for every query by any scores, and measures the ranking.
///
/// Row `i` of the scorer belongs to row `i` of the pairs; `progress` as in [`evaluate`].
///
/// # Errors
/// Those of [`evaluate`].
pub fn evaluate_scores(
    scorer: &dyn Scorer,
    truth: &Truth<'_>,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<Evaluation, EvalError> {
    let (queries, names) = (truth.pairs.queries(), truth.names);
    check_scorer(scorer, queries, names)?;
    let targets = targets(truth)?;
    let per_query = each_row(scorer, progress, |row, scores| {
        let rank_of =
            |doc: DocIdx| (scores[doc.at()] > NOT_FOUND).then(|| order::rank(scores, names.tie_order, doc));
        let first = |n| order::top_k(scores, names.tie_order, n).into_iter().map(|(doc, _)| doc).collect();
        measure(queries[row], targets.row(row), rank_of, first)
    })
    .map_err(|nan| nan.of(queries, names))?;
    Ok(Evaluation::of(truth.pairs, per_query))
}

/// What is made of the beginning of every ranking.
#[derive(Clone, Copy)]
pub struct Arrangement<'a> {
    /// How many documents of a ranking are looked at and listed; |S(q)| where that is more.
    pub depth: usize,
    /// Turns the first documents of a ranking into another list, of which no more than so many count.
    pub arrange: &'a (dyn Fn(&[DocIdx], usize) -> Vec<DocIdx> + Sync),
}

/// Ranks the corpus for every query by any scores, arranges the first documents anew, and measures those lists as
/// those of a run: a document that is not listed is not found.
///
/// # Errors
/// Those of [`evaluate`].
pub fn evaluate_arranged(
    scorer: &dyn Scorer,
    arrangement: Arrangement<'_>,
    truth: &Truth<'_>,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<Evaluation, EvalError> {
    let (queries, names) = (truth.pairs.queries(), truth.names);
    check_scorer(scorer, queries, names)?;
    let targets = targets(truth)?;
    let per_query = each_row(scorer, progress, |row, scores| {
        let n = arrangement.depth.max(truth.pairs.relevant(row).len());
        let best: Vec<DocIdx> =
            order::top_k(scores, names.tie_order, n).into_iter().map(|(doc, _)| doc).collect();
        let mut list = (arrangement.arrange)(&best, n);
        list.truncate(n);
        measure_list(queries[row], targets.row(row), &list)
    })
    .map_err(|nan| nan.of(queries, names))?;
    Ok(Evaluation::of(truth.pairs, per_query))
}

impl NanRow {
    /// The same, with the query's id.
    pub(crate) fn of(self, queries: &[QueryIdx], names: Names<'_>) -> EvalError {
        EvalError::Nan { query: names.queries[queries[self.0].at()].to_owned() }
    }
}

/// What a list of documents, best first, makes of one query; a document that it does not list is not found.
pub(crate) fn measure_list(query: QueryIdx, targets: &[Target], list: &[DocIdx]) -> QueryResult {
    let ranks: HashMap<DocIdx, usize> = (1..).zip(list).map(|(rank, doc)| (*doc, rank)).collect();
    let first = |n| list.iter().take(n).copied().collect();
    measure(query, targets, |doc| ranks.get(&doc).copied(), first)
}

/// Whether scores are of these queries and of all documents.
///
/// # Errors
/// When they are not.
pub(crate) fn check_scorer(
    scorer: &dyn Scorer,
    queries: &[QueryIdx],
    names: Names<'_>,
) -> Result<(), EvalError> {
    same("rows of scores", queries.len(), scorer.n_queries())?;
    same("documents with scores", names.docs.len(), scorer.n_docs())?;
    same("places of documents in the order of ties", names.docs.len(), names.tie_order.len())
}

fn same(what: &'static str, expected: usize, got: usize) -> Result<(), EvalError> {
    if expected == got { Ok(()) } else { Err(EvalError::Count { what, expected, got }) }
}

/// Whether the vectors are those of these queries and of all documents.
///
/// # Errors
/// When they are not.
pub(crate) fn check_vectors(
    vectors: Vectors<'_>,
    queries: &[QueryIdx],
    names: Names<'_>,
) -> Result<(), EvalError> {
    same("query vectors", queries.len(), vectors.queries.n_rows())?;
    same("document vectors", names.docs.len(), vectors.docs.n_rows())?;
    same("places of documents in the order of ties", names.docs.len(), names.tie_order.len())?;
    if vectors.queries.dim() != vectors.docs.dim() {
        return Err(EvalError::Dim { queries: vectors.queries.dim(), docs: vectors.docs.dim() });
    }
    Ok(())
}

/// For each row of the pairs, the documents whose ranks count: S(q) in its order, then others that were judged.
///
/// # Errors
/// When there are no pairs, or a document was judged twice for a query.
pub(crate) fn targets(truth: &Truth<'_>) -> Result<Rows<Target>, EvalError> {
    let Truth { pairs, judge, names } = truth;
    if pairs.n_queries() == 0 {
        return Err(EvalError::NoQueries);
    }
    let (grade, judgements) = match judge {
        Judge::Qrels(judgements) => (0, *judgements),
        Judge::Ancestors => (1, &[][..]),
    };
    let judged = Rows::group(names.queries.len(), judgements.iter().map(|j| (j.query.at(), *j)));
    let mut targets = Rows::empty();
    for (row, query) in pairs.queries().iter().enumerate() {
        let own = |pair: &Relevant| Target { doc: pair.doc, distance: Some(pair.distance), grade };
        let mut wanted: Vec<Target> = pairs.relevant(row).iter().map(own).collect();
        for judgement in judged.row(query.at()).iter().filter(|judgement| judgement.grade > 0) {
            let Judgement { doc, grade, .. } = *judgement;
            match wanted.iter_mut().find(|target| target.doc == doc) {
                None => wanted.push(Target { doc, distance: None, grade }),
                Some(target) if target.grade == 0 => target.grade = grade,
                Some(_) => {
                    let (query, doc) =
                        (names.queries[query.at()].to_owned(), names.docs[doc.at()].to_owned());
                    return Err(EvalError::JudgedTwice { query, doc });
                }
            }
        }
        targets.push(wanted);
    }
    Ok(targets)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rayon::ThreadPoolBuilder;
    use serde_json::Value as Json;

    use super::order::tie_order;
    use super::*;
    use crate::hierarchy::{Edge, Hierarchy};
    use crate::ids::DocIdx;
    use crate::matrix::Matrix;
    use crate::run::{Run, evaluate_run};

    /// Everything that an evaluation needs, owned.
    #[derive(Debug)]
    struct World {
        query_ids: Vec<String>,
        doc_ids: Vec<String>,
        pairs: Pairs,
        judgements: Vec<Judgement>,
        queries: Matrix,
        docs: Matrix,
    }

    impl World {
        /// Calls `f` with the truth; `judge` gets the judgements.
        fn with<T>(&self, judge: Chosen, f: impl FnOnce(&Truth<'_>) -> T) -> T {
            let query_ids: Vec<&str> = self.query_ids.iter().map(String::as_str).collect();
            let doc_ids: Vec<&str> = self.doc_ids.iter().map(String::as_str).collect();
            let order = tie_order(&doc_ids);
            let names = Names { queries: &query_ids, docs: &doc_ids, tie_order: &order };
            f(&Truth { pairs: &self.pairs, judge: judge(&self.judgements), names })
        }

        fn vectors(&self) -> Vectors<'_> {
            Vectors { queries: &self.queries, docs: &self.docs }
        }

        fn evaluate(&self, judge: Chosen) -> Result<Evaluation, EvalError> {
            self.with(judge, |truth| evaluate(self.vectors(), truth, &|_| ()))
        }
    }

    /// Which judge is made of a world's judgements.
    type Chosen = fn(&[Judgement]) -> Judge<'_>;

    fn qrels(judgements: &[Judgement]) -> Judge<'_> {
        Judge::Qrels(judgements)
    }

    fn ancestors(_: &[Judgement]) -> Judge<'_> {
        Judge::Ancestors
    }

    /// Small whole numbers as vectors, so that sums are exact and ties many; a random hierarchy and judgements.
    fn worlds() -> impl Strategy<Value = World> {
        let (n_queries, n_docs, dim) = (7usize, 23usize, 2usize);
        let numbers = |n: usize| proptest::collection::vec((-2i8..3).prop_map(f32::from), n);
        let parents = proptest::collection::vec(any::<proptest::sample::Index>(), n_docs - 1);
        let judged = proptest::collection::btree_map((0..7u32, 0..23u32), -1..3i32, 1..25);
        let drawn = (numbers(n_queries * dim), numbers(n_docs * dim), parents, judged);
        drawn.prop_map(move |(queries, docs, parents, judged)| {
            let up = (1..).zip(parents).map(|(child, parent)| Edge {
                child: DocIdx(child),
                parent: DocIdx(u32::try_from(parent.index(child as usize)).unwrap()),
            });
            let hierarchy = Hierarchy::new(n_docs, &up.collect::<Vec<_>>()).unwrap();
            let judgement =
                |((query, doc), grade)| Judgement { query: QueryIdx(query), doc: DocIdx(doc), grade };
            let judgements: Vec<Judgement> = judged.into_iter().map(judgement).collect();
            let exact_of =
                |query| judgements.iter().filter(move |j| j.query == query && j.grade > 0).map(|j| j.doc);
            let exact: Vec<_> =
                (0..7).map(QueryIdx).map(|query| (query, exact_of(query).collect())).collect();
            let pairs = Pairs::of_exact_matches(&exact, &hierarchy);
            let asked: Vec<f32> =
                pairs.queries().iter().flat_map(|q| queries[q.at() * dim..][..dim].to_vec()).collect();
            World {
                query_ids: (0..n_queries).map(|query| format!("q{query}")).collect(),
                doc_ids: (0..n_docs).map(|doc| (doc * 7 % n_docs).to_string()).collect(),
                queries: Matrix::new(pairs.n_queries(), dim, asked).unwrap(),
                docs: Matrix::new(n_docs, dim, docs).unwrap(),
                pairs,
                judgements,
            }
        })
    }

    /// The ranking of the whole corpus for one row of the pairs, by sorting it.
    fn sorted(world: &World, row: usize) -> Vec<DocIdx> {
        let score = |doc: usize| -> i32 {
            let terms = world.queries.row(row).iter().zip(world.docs.row(doc));
            terms.map(|(a, b)| (a * b) as i32).sum()
        };
        let mut docs: Vec<usize> = (0..world.docs.n_rows()).collect();
        docs.sort_by(|a, b| {
            score(*b).cmp(&score(*a)).then_with(|| world.doc_ids[*b].cmp(&world.doc_ids[*a]))
        });
        docs.into_iter().map(|doc| DocIdx(u32::try_from(doc).unwrap())).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn counting_ranks_finds_what_sorting_finds(world in worlds()) {
            prop_assume!(world.pairs.n_queries() > 0);
            let evaluation = world.evaluate(qrels).unwrap();
            let (mut found, mut exact) = (HashMap::<u32, usize>::new(), 0);
            for row in 0..world.pairs.n_queries() {
                let (own, ranking) = (world.pairs.relevant(row), sorted(&world, row));
                let hits = own.iter().filter(|pair| ranking[..own.len()].contains(&pair.doc));
                exact += usize::from(hits.clone().count() == own.len());
                let mut wrong = ranking[..own.len()].to_vec();
                wrong.retain(|doc| own.iter().all(|pair| pair.doc != *doc));
                prop_assert_eq!(&evaluation.per_query[row].false_hits, &wrong);
                hits.for_each(|pair| *found.entry(pair.distance).or_default() += 1);
                let first = ranking.iter().position(|doc| own.iter().any(|p| p.doc == *doc && p.distance == 0));
                let reciprocal = Some(1.0 / (first.unwrap() + 1) as f64).filter(|r| *r >= 0.1).unwrap_or(0.0);
                prop_assert_eq!(evaluation.per_query[row].ranking.unwrap().mrr_at_10, reciprocal);
            }
            for (distance, n) in (0..).zip(world.pairs.by_distance()) {
                let share = Share { found: found.get(&distance).copied().unwrap_or(0), of: n };
                prop_assert_eq!(evaluation.recall_by_distance[&distance], share);
            }
            prop_assert_eq!(evaluation.recall, Share { found: found.values().sum(), of: world.pairs.n_pairs() });
            prop_assert_eq!(evaluation.exact_sets.found, exact);
        }

        #[test]
        fn a_run_of_all_documents_measures_as_the_vectors_do(world in worlds()) {
            prop_assume!(world.pairs.n_queries() > 0);
            for judge in [qrels as Chosen, ancestors] {
                let of_run = world.with(judge, |truth| {
                    let run = Run::of_vectors(world.vectors(), world.pairs.queries(), truth.names, 23, &|_| ());
                    evaluate_run(&run.unwrap(), truth).unwrap()
                });
                prop_assert_eq!(of_run, world.evaluate(judge).unwrap());
            }
        }
    }

    #[test]
    fn an_arranged_ranking_measures_as_the_run_that_is_arranged_the_same_way() {
        let world = larger();
        let arrange = |docs: &[DocIdx]| docs.iter().rev().copied().collect::<Vec<_>>();
        let (of_scores, of_run) = world.with(ancestors, |truth| {
            let products = Products::new(world.vectors());
            let arrangement = Arrangement { depth: 40, arrange: &|docs, _| arrange(docs) };
            let run = Run::of_scores(&products, world.pairs.queries(), truth.names, 40, &|_| ()).unwrap();
            let of_run = evaluate_run(&run.arranged(arrange), truth).unwrap();
            (evaluate_arranged(&products, arrangement, truth, &|_| ()).unwrap(), of_run)
        });
        assert_eq!(of_scores, of_run);
        assert_ne!(of_scores, world.evaluate(ancestors).unwrap());
    }

    /// A case of the golden numbers: the world, and every document's score where it is listed for a query.
    fn golden(case: &Json) -> (World, Vec<HashMap<usize, f64>>) {
        let strings = |key: &str| -> Vec<String> { serde_json::from_value(case[key].clone()).unwrap() };
        let (query_ids, doc_ids) = (strings("queries"), strings("docs"));
        let at = |doc: &str| doc_ids.iter().position(|id| id == doc).unwrap();
        let listed: Vec<HashMap<usize, f64>> = query_ids
            .iter()
            .map(|query| case["run"][query].as_object().unwrap())
            .map(|run| run.iter().map(|(doc, score)| (at(doc), score.as_f64().unwrap())).collect())
            .collect();
        let mut judgements = Vec::new();
        let mut exact = Vec::new();
        for (query, id) in (0..).map(QueryIdx).zip(&query_ids) {
            let judged = case["qrels"][id].as_object().unwrap().iter().map(|(doc, grade)| Judgement {
                query,
                doc: DocIdx(u32::try_from(at(doc)).unwrap()),
                grade: i32::try_from(grade.as_i64().unwrap()).unwrap(),
            });
            let judged: Vec<Judgement> = judged.collect();
            exact.push((query, judged.iter().filter(|j| j.grade > 0).map(|j| j.doc).collect()));
            judgements.extend(judged);
        }
        let pairs = Pairs::of_exact_matches(&exact, &Hierarchy::new(doc_ids.len(), &[]).unwrap());
        // Query i is the i-th unit vector, so that number i of a document's vector is its score.
        let (mut queries, mut docs) = (
            Matrix::zeros(pairs.n_queries(), query_ids.len()),
            Matrix::zeros(doc_ids.len(), query_ids.len()),
        );
        for (row, query) in pairs.queries().iter().enumerate() {
            queries.row_mut(row)[query.at()] = 1.0;
            listed[query.at()].iter().for_each(|(doc, score)| docs.row_mut(*doc)[query.at()] = *score as f32);
        }
        (World { query_ids, doc_ids, pairs, judgements, queries, docs }, listed)
    }

    /// Whether an evaluation has the measures of a golden case, of every query and in the mean.
    fn check_golden(case: &Json, world: &World, evaluation: &Evaluation) {
        let check = |found: RankingMeasures, expected: &Json| {
            for (measure, found) in serde_json::to_value(found).unwrap().as_object().unwrap() {
                let (found, expected) = (found.as_f64().unwrap(), expected[measure].as_f64().unwrap());
                assert!(
                    (found - expected).abs() < 1e-6,
                    "{measure}: {found} was found, trec_eval says {expected}"
                );
            }
        };
        assert_eq!(evaluation.queries, case["measures"].as_object().unwrap().len());
        for result in &evaluation.per_query {
            check(result.ranking.unwrap(), &case["measures"][&world.query_ids[result.query.at()]]);
        }
        check(evaluation.ranking, &case["means"]);
    }

    #[test]
    fn measures_equal_those_of_trec_eval() {
        let cases: Json = serde_json::from_str(include_str!("../tests/golden/trec.json")).unwrap();
        for case in cases.as_array().unwrap() {
            let (world, listed) = golden(case);
            if case["name"] == "whole" {
                check_golden(case, &world, &world.evaluate(qrels).unwrap());
            }
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("run.txt");
            let mut text = String::new();
            for (query, id) in listed.iter().zip(&world.query_ids) {
                let line =
                    |(doc, score): (&usize, &f64)| format!("{id} Q0 {} 1 {score} t\n", world.doc_ids[*doc]);
                text.extend(query.iter().map(line));
            }
            std::fs::write(&path, text).unwrap();
            let evaluation = world
                .with(qrels, |truth| evaluate_run(&Run::read(&path, truth.names).unwrap(), truth).unwrap());
            check_golden(case, &world, &evaluation);
        }
    }

    /// 300 queries on a chain-like hierarchy of 400 documents, with scores that are not exact sums.
    fn larger() -> World {
        let noise = |n: usize, seed: f32| (0..n).map(|i| ((i as f32 + seed) * 12.9898).sin() * 3.7).collect();
        let edges = (1..400).map(|child| Edge { child: DocIdx(child), parent: DocIdx(child / 3) });
        let hierarchy = Hierarchy::new(400, &edges.collect::<Vec<_>>()).unwrap();
        let exact: Vec<_> = (0..300).map(|query| (QueryIdx(query), vec![DocIdx(query + 50)])).collect();
        World {
            query_ids: (0..300).map(|query| query.to_string()).collect(),
            doc_ids: (0..400).map(|doc| doc.to_string()).collect(),
            pairs: Pairs::of_exact_matches(&exact, &hierarchy),
            judgements: Vec::new(),
            queries: Matrix::new(300, 19, noise(300 * 19, 0.5)).unwrap(),
            docs: Matrix::new(400, 19, noise(400 * 19, 7.1)).unwrap(),
        }
    }

    #[test]
    fn one_and_two_threads_give_the_same_bits() {
        let world = larger();
        let on = |n| {
            ThreadPoolBuilder::new().num_threads(n).build().unwrap().install(|| world.evaluate(ancestors))
        };
        let (one, two) = (on(1).unwrap(), on(2).unwrap());
        assert_eq!(serde_json::to_string(&one).unwrap(), serde_json::to_string(&two).unwrap());
        assert_eq!(one.per_query, two.per_query);
    }

    #[test]
    fn progress_ends_with_all_queries() {
        let (world, told) = (larger(), std::sync::Mutex::new(Vec::new()));
        let tell = |done: usize| told.lock().unwrap().push(done);
        world.with(ancestors, |truth| evaluate(world.vectors(), truth, &tell)).unwrap();
        let told = told.into_inner().unwrap();
        assert!(told.is_sorted() && told.last() == Some(&300), "{told:?}");
    }

    #[test]
    fn the_first_query_whose_score_is_not_a_number_is_named() {
        let mut world = larger();
        world.queries.row_mut(290)[3] = f32::NAN;
        world.queries.row_mut(7)[0] = f32::INFINITY;
        world.queries.row_mut(7)[1] = f32::INFINITY;
        let error = world.evaluate(ancestors).unwrap_err();
        assert!(error.to_string().starts_with("a score of query `7` is not a number"), "{error}");
    }

    #[test]
    fn parts_that_do_not_fit_are_refused() {
        let message = |change: fn(&mut World)| {
            let mut world = larger();
            change(&mut world);
            world.evaluate(qrels).unwrap_err().to_string()
        };
        let judgement = Judgement { query: QueryIdx(0), doc: DocIdx(50), grade: 1 };
        assert!(
            message(|w| w.queries = Matrix::zeros(3, 19))
                .starts_with("300 query vectors were expected, 3 were")
        );
        assert!(
            message(|w| w.docs = Matrix::zeros(3, 19))
                .starts_with("400 document vectors were expected, 3 were")
        );
        assert!(
            message(|w| w.docs = Matrix::zeros(400, 2))
                .starts_with("query vectors have 19 numbers, document vectors 2")
        );
        assert!(
            message(|w| (w.pairs, w.queries) = (w.pairs.subset(&[]), Matrix::zeros(0, 19)))
                .starts_with("no query")
        );
        let mut world = larger();
        world.judgements = vec![judgement, judgement];
        let error = world.evaluate(qrels).unwrap_err().to_string();
        assert_eq!(error, "document `50` was judged twice for query `0`; keep one judgement");
    }
}
