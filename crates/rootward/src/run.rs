//! TREC run files: the first documents of every query, in and out, and their evaluation.
//!
//! A run is how rankings travel between programs: `query Q0 document rank score tag`, one line for each document. The
//! scores alone make the ranking, as in trec_eval; the rank column is written for people and not believed when read.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::eval::order::{best_first, top_k};
use crate::eval::{
    EvalError, Evaluation, Names, Products, Scorer, Truth, Vectors, check_scorer, check_vectors, each_row,
    measure_list, targets,
};
use crate::files::{WriteError, write_aside};
use crate::ids::{DocIdx, QueryIdx};

/// For every query the documents that a system listed, with their scores, best first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Run {
    lists: BTreeMap<QueryIdx, Vec<(DocIdx, f32)>>,
}

/// A run could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The file could not be opened.
    #[error("{} could not be opened: {cause}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        cause: io::Error,
    },
    /// A line is not as it should be.
    #[error("{}, line {line}: {fault}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        fault: RunFault,
    },
    /// An id cannot stand in a run.
    #[error("`{id}` holds a blank or is empty, but columns of a run are separated by blanks; change the id")]
    Blank {
        /// The id of a query or document, or the tag.
        id: String,
    },
    /// The file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// What is wrong with a line of a run.
#[derive(Debug, thiserror::Error)]
pub enum RunFault {
    /// The line could not be read, or is not UTF-8.
    #[error("text in UTF-8 was expected, but: {cause}")]
    Text {
        /// What the operating system or the decoder said.
        #[source]
        cause: io::Error,
    },
    /// Too few or too many columns.
    #[error("6 columns `query Q0 document rank score tag` were expected, {got} were found")]
    Columns {
        /// Columns found.
        got: usize,
    },
    /// The score does not order anything.
    #[error("a number was expected as the score, `{got}` was found")]
    Score {
        /// What stands there.
        got: String,
    },
    /// The data set has no such query.
    #[error("query `{id}` is not in the data set; was the run made on another one?")]
    UnknownQuery {
        /// The id.
        id: String,
    },
    /// The data set has no such document.
    #[error("document `{id}` is not in the data set; was the run made on another one?")]
    UnknownDocument {
        /// The id.
        id: String,
    },
    /// A document is listed twice for one query.
    #[error("document `{doc}` was listed for query `{query}` on line {first} already; keep one of the two")]
    Repeated {
        /// The query's id.
        query: String,
        /// The document's id.
        doc: String,
        /// The line that listed it first.
        first: usize,
    },
}

impl Run {
    /// The `k` best documents of each query by inner product.
    ///
    /// Row `i` of the query vectors belongs to `queries[i]`; no query comes twice. `progress` is told how many queries
    /// are done in all.
    ///
    /// # Errors
    /// When vectors and ids do not fit together, or a score is not a number.
    pub fn of_vectors(
        vectors: Vectors<'_>,
        queries: &[QueryIdx],
        names: Names<'_>,
        k: usize,
        progress: &(dyn Fn(usize) + Sync),
    ) -> Result<Run, EvalError> {
        check_vectors(vectors, queries, names)?;
        Run::of_scores(&Products::new(vectors), queries, names, k, progress)
    }

    /// The `k` best documents of each query by any scores; as [`Run::of_vectors`].
    ///
    /// # Errors
    /// When scores and ids do not fit together, or a score is not a number.
    pub fn of_scores(
        scorer: &dyn Scorer,
        queries: &[QueryIdx],
        names: Names<'_>,
        k: usize,
        progress: &(dyn Fn(usize) + Sync),
    ) -> Result<Run, EvalError> {
        check_scorer(scorer, queries, names)?;
        let visit = |row: usize, scores: &[f32]| (queries[row], top_k(scores, names.tie_order, k));
        let lists = each_row(scorer, progress, visit).map_err(|nan| nan.of(queries, names))?;
        Ok(Run { lists: lists.into_iter().collect() })
    }

    /// Lists made elsewhere, each best first and without a document twice; no query comes twice.
    pub fn of_lists(lists: impl IntoIterator<Item = (QueryIdx, Vec<(DocIdx, f32)>)>) -> Run {
        Run { lists: lists.into_iter().collect() }
    }

    /// The run with every list arranged anew: the documents in the order that `arrange` gives them, with scores
    /// that fall by one from document to document down to 1, since it is the scores that make a ranking.
    pub fn arranged(&self, arrange: impl Fn(&[DocIdx]) -> Vec<DocIdx> + Sync) -> Run {
        let lists = self.lists.par_iter().map(|(query, list)| {
            let docs: Vec<DocIdx> = list.iter().map(|(doc, _)| *doc).collect();
            let docs = arrange(&docs);
            let n = docs.len();
            (*query, docs.into_iter().enumerate().map(|(at, doc)| (doc, (n - at) as f32)).collect())
        });
        Run { lists: lists.collect() }
    }

    /// The documents listed for a query with their scores, best first; nothing for a query that is not in the run.
    pub fn list(&self, query: QueryIdx) -> &[(DocIdx, f32)] {
        self.lists.get(&query).map_or(&[], Vec::as_slice)
    }

    /// The queries that the run answers, in ascending order.
    pub fn queries(&self) -> impl ExactSizeIterator<Item = QueryIdx> {
        self.lists.keys().copied()
    }

    /// Reads a run; its lines may come in any order, and equal scores are ordered as everywhere.
    ///
    /// # Errors
    /// When the file cannot be read or is not UTF-8, a line has not 6 columns or its score is not a number, a query or
    /// document is not in the data set, or a document comes twice for a query.
    pub fn read(path: &Path, names: Names<'_>) -> Result<Run, RunError> {
        let at = |line, fault| RunError::Line { path: path.to_owned(), line, fault };
        let parser = Parser::new(names);
        let mut entries: BTreeMap<QueryIdx, Vec<Entry>> = BTreeMap::new();
        let file = File::open(path).map_err(|cause| RunError::Open { path: path.to_owned(), cause })?;
        for (line, text) in (1..).zip(BufReader::new(file).lines()) {
            let parsed = text.map_err(|cause| RunFault::Text { cause }).and_then(|text| parser.parse(&text));
            let (query, doc, score) = parsed.map_err(|fault| at(line, fault))?;
            entries.entry(query).or_default().push(Entry { doc, line, score });
        }
        let mut lists = BTreeMap::new();
        for (query, mut listed) in entries {
            listed.sort_unstable_by_key(|entry| (entry.doc, entry.line));
            if let Some([first, again]) = listed.array_windows().find(|[a, b]| a.doc == b.doc) {
                let (query, doc) =
                    (names.queries[query.at()].to_owned(), names.docs[first.doc.at()].to_owned());
                return Err(at(again.line, RunFault::Repeated { query, doc, first: first.line }));
            }
            let mut list: Vec<_> = listed.iter().map(|entry| (entry.doc, entry.score)).collect();
            list.sort_unstable_by(|a, b| best_first(names.tie_order, *a, *b));
            lists.insert(query, list);
        }
        Ok(Run { lists })
    }

    /// Writes the run; reading it gives back the same scores, bit for bit.
    ///
    /// `tag` names the system that made the run.
    ///
    /// # Errors
    /// When an id or the tag holds a blank or is empty, or the file cannot be written.
    pub fn write(&self, path: &Path, names: Names<'_>, tag: &str) -> Result<(), RunError> {
        let listed = self.lists.values().flatten().map(|(doc, _)| names.docs[doc.at()]);
        let ids = self.lists.keys().map(|query| names.queries[query.at()]).chain(listed);
        if let Some(id) = ids.chain([tag]).find(|id| id.is_empty() || id.contains(char::is_whitespace)) {
            return Err(RunError::Blank { id: id.to_owned() });
        }
        write_aside(path, |file| {
            for (query, list) in &self.lists {
                let query = names.queries[query.at()];
                for (rank, (doc, score)) in (1..).zip(list) {
                    // A float prints as the shortest decimal that is read as the same float.
                    writeln!(file, "{query} Q0 {} {rank} {score} {tag}", names.docs[doc.at()])?;
                }
            }
            Ok(())
        })?;
        Ok(())
    }
}

/// A line of a run.
struct Entry {
    doc: DocIdx,
    line: usize,
    score: f32,
}

/// Looks up the ids of a line.
struct Parser<'a> {
    queries: HashMap<&'a str, QueryIdx>,
    docs: HashMap<&'a str, DocIdx>,
}

impl<'a> Parser<'a> {
    fn new(names: Names<'a>) -> Self {
        Parser {
            queries: (0..).map(QueryIdx).zip(names.queries).map(|(idx, id)| (*id, idx)).collect(),
            docs: (0..).map(DocIdx).zip(names.docs).map(|(idx, id)| (*id, idx)).collect(),
        }
    }

    fn parse(&self, line: &str) -> Result<(QueryIdx, DocIdx, f32), RunFault> {
        let columns: Vec<&str> = line.trim_start_matches('\u{feff}').split_whitespace().collect();
        let &[query, _, doc, _, score, _] = &columns[..] else {
            return Err(RunFault::Columns { got: columns.len() });
        };
        let (no_query, no_doc) = (
            || RunFault::UnknownQuery { id: query.to_owned() },
            || RunFault::UnknownDocument { id: doc.to_owned() },
        );
        let query = *self.queries.get(query).ok_or_else(no_query)?;
        let doc = *self.docs.get(doc).ok_or_else(no_doc)?;
        match score.parse::<f32>() {
            Ok(number) if !number.is_nan() => Ok((query, doc, number)),
            _ => Err(RunFault::Score { got: score.to_owned() }),
        }
    }
}

/// Measures the rankings that a run lists.
///
/// A document that is not listed is not found, at any rank, and a query that is not in the run finds nothing: both
/// count. Queries of the run that are not among the pairs are not asked for.
///
/// # Errors
/// When there are no pairs, or a document was judged twice for a query.
pub fn evaluate_run(run: &Run, truth: &Truth<'_>) -> Result<Evaluation, EvalError> {
    let targets = targets(truth)?;
    let queries = truth.pairs.queries();
    let per_query = (0..queries.len()).into_par_iter().map(|row| {
        let list: Vec<DocIdx> = run.list(queries[row]).iter().map(|(doc, _)| *doc).collect();
        measure_list(queries[row], targets.row(row), &list)
    });
    Ok(Evaluation::of(truth.pairs, per_query.collect()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;
    use crate::eval::order::tie_order;
    use crate::matrix::Matrix;

    /// Queries `q1`, `q2` and documents `a`, `b`, `c`.
    fn names(tie_order: &[u32]) -> Names<'_> {
        Names { queries: &["q1", "q2"], docs: &["a", "b", "c"], tie_order }
    }

    /// What reading these bytes says, without the file's name.
    fn message(content: &[u8]) -> String {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run.txt");
        fs::write(&path, content).unwrap();
        let error = Run::read(&path, names(&[2, 1, 0])).unwrap_err().to_string();
        error.replace(&path.display().to_string(), "FILE")
    }

    #[test]
    fn a_bad_line_is_named_with_what_was_expected_and_found() {
        let table: [(&[u8], &str); 8] = [
            (
                b"q1 Q0 a 1 2.5 t\nq1 Q0 b",
                "line 2: 6 columns `query Q0 document rank score tag` were expected, 3 were",
            ),
            (b"\n", "line 1: 6 columns `query Q0 document rank score tag` were expected, 0 were found"),
            (b"q1 Q0 a 1 high t", "line 1: a number was expected as the score, `high` was found"),
            (b"q1 Q0 a 1 NaN t", "line 1: a number was expected as the score, `NaN` was found"),
            (b"q9 Q0 a 1 1 t", "line 1: query `q9` is not in the data set; was the run made on another one?"),
            (
                b"q1 Q0 x 1 1 t",
                "line 1: document `x` is not in the data set; was the run made on another one?",
            ),
            (
                b"q1 Q0 a 1 1 t\nq2 Q0 a 1 1 t\nq1 Q0 a 2 0 t",
                "line 3: document `a` was listed for query `q1` on line 1",
            ),
            (b"q1 Q0 a 1 1 t\nq1 Q0 \xff 1 1 t", "line 2: text in UTF-8 was expected, but: "),
        ];
        for (content, expected) in table {
            let found = message(content);
            assert!(found.starts_with(&format!("FILE, {expected}")), "{found}");
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = Run::read(Path::new("no/such.run"), names(&[2, 1, 0])).unwrap_err();
        assert!(error.to_string().starts_with("no/such.run could not be opened: "), "{error}");
    }

    #[test]
    fn scores_make_the_ranking_whatever_the_ranks_and_the_lines_say() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run.txt");
        fs::write(&path, "\u{feff}q2\tQ0\ta\t1\t1\tt\r\nq2 Q0 c 3 2e0 t\r\nq2 Q0 b 2 1.0 t\n").unwrap();
        let run = Run::read(&path, names(&[2, 1, 0])).unwrap();
        assert_eq!(run.list(QueryIdx(1)), [(DocIdx(2), 2.0), (DocIdx(1), 1.0), (DocIdx(0), 1.0)]);
        assert_eq!(run.list(QueryIdx(0)), []);
        assert_eq!(run.queries().collect::<Vec<_>>(), [QueryIdx(1)]);
    }

    #[test]
    fn an_id_with_a_blank_is_not_written() {
        let run = Run { lists: [(QueryIdx(0), vec![(DocIdx(0), 1.0)])].into() };
        let names = Names { queries: &["q1"], docs: &["kids sandals"], tie_order: &[0] };
        let dir = tempfile::tempdir().unwrap();
        let error = run.write(&dir.path().join("run.txt"), names, "t").unwrap_err();
        assert!(error.to_string().starts_with("`kids sandals` holds a blank"), "{error}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn the_best_documents_of_vectors_are_listed_best_first() {
        let queries = Matrix::new(2, 1, vec![1.0, -1.0]).unwrap();
        let docs = Matrix::new(3, 1, vec![3.0, 1.0, 3.0]).unwrap();
        let (vectors, order) = (Vectors { queries: &queries, docs: &docs }, tie_order(&["a", "b", "c"]));
        let run = Run::of_vectors(vectors, &[QueryIdx(1), QueryIdx(0)], names(&order), 2, &|_| ()).unwrap();
        assert_eq!(run.list(QueryIdx(0)), [(DocIdx(1), -1.0), (DocIdx(2), -3.0)]);
        assert_eq!(run.list(QueryIdx(1)), [(DocIdx(2), 3.0), (DocIdx(0), 3.0)]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_run_is_read_as_it_was_written(bits in proptest::array::uniform3(any::<u32>())) {
            let scores = bits.map(f32::from_bits);
            prop_assume!(scores.iter().all(|score| !score.is_nan()));
            let order = tie_order(&["a", "b", "c"]);
            let run = Run { lists: [(QueryIdx(0), top_k(&scores, &order, 3))].into() };
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("run.txt");
            run.write(&path, names(&order), "t").unwrap();
            let read = Run::read(&path, names(&order)).unwrap();
            let bits = |run: &Run| run.list(QueryIdx(0)).iter().map(|(d, s)| (d.0, s.to_bits())).collect::<Vec<_>>();
            prop_assert_eq!(bits(&read), bits(&run));
        }
    }
}
