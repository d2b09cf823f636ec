//! Any table that says on each row how well a document answers a query.
//!
//! Queries and documents may have ids, or be known by their texts alone: the same text is the same query then.

use rootward::dataset::{DataError, Document, Fault, Query, Split, excerpt};

use crate::draft::{Draft, Imported, Undefined};
use crate::judged::{Grades, split_of};
use crate::names::Symbols;
use crate::source::Source;
use crate::table::{Table, TableOptions, Wanted};

/// How a table of pairs is read.
#[derive(Clone, Debug)]
pub struct PairsOptions {
    /// How a table is told apart.
    pub table: TableOptions,
    /// The column with the texts of queries; each is a name or a number from 1, and `None` a usual name.
    pub query: Option<String>,
    /// The column with the ids of queries.
    pub query_id: Option<String>,
    /// The column with the texts of documents.
    pub document: Option<String>,
    /// The column with the ids of documents.
    pub document_id: Option<String>,
    /// The column with the grades; without one every pair is graded 1.
    pub grade: Option<String>,
    /// The column with the splits; without one every pair is for training.
    pub split: Option<String>,
    /// What grades are worth.
    pub grades: Grades,
}

const QUERY: &[&str] = &["query", "query_text", "query-text", "question", "search_term"];
const QUERY_ID: &[&str] = &["query-id", "query_id", "qid", "queryid"];
const DOCUMENT: &[&str] = &["document", "document_text", "doc", "passage", "answer", "text"];
const DOCUMENT_ID: &[&str] =
    &["document-id", "document_id", "corpus-id", "doc-id", "doc_id", "docid", "pid", "product_id"];
const GRADE: &[&str] = &["grade", "score", "relevance", "label", "rel"];
const SPLIT: &[&str] = &["split"];

/// Reads a table of pairs.
///
/// Where there is no column of ids they are made: `q0`, `q1`, .. and `d0`, `d1`, .., in the order in which texts are
/// first seen. Where there is no column of texts the id is the text.
///
/// # Errors
/// When the table cannot be read or lacks a column, and at the first row with an unknown grade or split, or with
/// another text for a known id.
pub fn pairs(source: &Source<'_>, options: &PairsOptions) -> Result<Imported, DataError> {
    let asked = [
        &options.query,
        &options.query_id,
        &options.document,
        &options.document_id,
        &options.grade,
        &options.split,
    ];
    let names = [QUERY, QUERY_ID, DOCUMENT, DOCUMENT_ID, GRADE, SPLIT];
    let known = names.iter().flat_map(|names| names.iter().copied());
    // A number names a column by its place, and what stands in the first row is no name of one for that.
    let by_name =
        asked.iter().filter_map(|name| name.as_deref()).filter(|name| name.parse::<usize>().is_err());
    let known: Vec<&str> = known.chain(by_name).collect();
    let table = Table::open(source, options.table, &known)?;
    let mut places = [None; 6];
    for ((place, asked), names) in places.iter_mut().zip(asked).zip(names) {
        *place = table.column(Wanted { asked: asked.as_deref(), names, place: None })?;
    }
    let lacks = |what: &str| DataError::Lacks {
        path: table.name().to_owned(),
        what: what.to_owned(),
        remedy: "name them by a header or by their numbers, from 1",
    };
    let [query_text, query_id, doc_text, doc_id, grade, split] = places;
    if query_text.or(query_id).is_none() {
        return Err(lacks("column of queries"));
    }
    if doc_text.or(doc_id).is_none() {
        return Err(lacks("column of documents"));
    }
    let mut draft = Draft::new(table.name());
    let (mut queries, mut docs) = (Made::new('q', query_id), Made::new('d', doc_id));
    table.each(places, |[query, query_id, doc, doc_id, grade_of, split_name], line| {
        let query = if query_text.is_some() { query } else { query_id };
        let doc = if doc_text.is_some() { doc } else { doc_id };
        let query_id = queries.id(query_id, query)?;
        match draft.query_of(&query_id) {
            None => draft.query(Query::new(&query_id, query), line)?,
            Some(known) => same_text(&known.text, query)?,
        }
        let doc_id = docs.id(doc_id, doc)?;
        match draft.doc_mut(&doc_id) {
            None => {
                let new = Document { id: doc_id.clone(), text: doc.to_owned(), ..Document::default() };
                draft.doc(new, line)?;
            }
            Some(known) => same_text(&known.text, doc)?,
        }
        let grade = if grade.is_some() { options.grades.worth(grade_of)? } else { 1 };
        let split = if split.is_some() { split_of(split_name)? } else { Split::Train };
        draft.judge(split, (&query_id, &doc_id), grade, line)
    })?;
    draft.finish(Undefined::Refuse)
}

/// Ids of texts.
struct Made {
    letter: char,
    /// The column that has them.
    column: Option<usize>,
    texts: Symbols,
}

impl Made {
    fn new(letter: char, column: Option<usize>) -> Self {
        Made { letter, column, texts: Symbols::default() }
    }

    /// The id of a row, which is that of the column or that of the text.
    fn id(&mut self, given: &str, text: &str) -> Result<String, Fault> {
        if self.column.is_some() {
            return Ok(given.to_owned());
        }
        if text.trim().is_empty() {
            return Err(Fault::Field { expected: "a text", found: excerpt(text) });
        }
        Ok(format!("{}{}", self.letter, self.texts.add(text).0))
    }
}

fn same_text(known: &str, text: &str) -> Result<(), Fault> {
    if known == text {
        return Ok(());
    }
    Err(Fault::Field { expected: "the text that this id has above", found: excerpt(text) })
}

#[cfg(test)]
mod tests {
    use crate::table::{Delimiter, Header};

    use super::*;

    fn options() -> PairsOptions {
        let table = TableOptions { delimiter: Delimiter::Detect, header: Header::Detect };
        let (query, query_id, document) = (None, None, None);
        let (document_id, grade, split) = (None, None, None);
        PairsOptions {
            table,
            query,
            query_id,
            document,
            document_id,
            grade,
            split,
            grades: Grades::as_written(),
        }
    }

    fn import(table: &str, options: &PairsOptions) -> Result<Imported, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), table).unwrap();
        pairs(&Source::new(file.path(), &|_| {}), options)
            .map_err(|error| error.to_string().replace(&*file.path().to_string_lossy(), "t"))
    }

    /// The judgements of every split, each as `split query document grade` by ids.
    fn judged(imported: &Imported) -> Vec<String> {
        let asked = imported.parts.asked.as_ref().unwrap();
        let of_split = |split| asked.judgements.of(split).into_iter().flatten().map(move |j| (split, *j));
        let shown = Split::ALL.into_iter().flat_map(of_split).map(|(split, j)| {
            let (query, doc) = (&asked.queries[j.query.at()].id, &imported.parts.docs[j.doc.at()].id);
            format!("{split} {query} {doc} {}", j.grade)
        });
        shown.collect()
    }

    #[test]
    fn the_same_text_is_the_same_query_and_every_pair_is_for_training() {
        let imported =
            import("question,answer\nwho?,me\nwhy?,\"so, there\"\nwho?,\"so, there\"\n", &options());
        let imported = imported.unwrap();
        assert_eq!(judged(&imported), ["train q0 d0 1", "train q0 d1 1", "train q1 d1 1"]);
        assert_eq!((&*imported.parts.docs[1].text, &*imported.parts.docs[1].title), ("so, there", ""));
    }

    #[test]
    fn columns_are_named_by_the_user_and_grades_by_words() {
        let options = PairsOptions {
            query: Some("1".to_owned()),
            document: Some("item".to_owned()),
            grade: Some("match".to_owned()),
            split: Some("part".to_owned()),
            grades: "exact=3,partial=1,no=0".parse().unwrap(),
            ..options()
        };
        let table = "what;item;match;part\na;x;exact;train\na;y;partial;Validation\nb;x;no;test\n";
        let imported = import(table, &options).unwrap();
        assert_eq!(judged(&imported), ["train q0 d0 3", "dev q0 d1 1", "test q1 d0 0"]);
        let error = import("what;item;match;part\na;x;good;train\n", &options).unwrap_err();
        assert_eq!(error, "t:2: a grade that --grades names was expected, `good` was found");
    }

    #[test]
    fn a_column_that_is_named_by_its_number_makes_no_row_a_header() {
        let options = PairsOptions {
            query_id: Some("1".to_owned()),
            document_id: Some("3".to_owned()),
            grade: Some("4".to_owned()),
            ..options()
        };
        let imported = import("q1\t0\td1\t1\nq2\t0\td1\t2\n", &options).unwrap();
        assert_eq!(judged(&imported), ["train q1 d1 1", "train q2 d1 2"]);
    }

    #[test]
    fn ids_are_kept_and_stand_for_texts_that_are_not_given() {
        let imported = import("qid\tdocid\tscore\n7\tx 1\t2\n7\ty\t-1\n", &options()).unwrap();
        assert_eq!(judged(&imported), ["train 7 x 1 2", "train 7 y -1"]);
        assert_eq!(imported.parts.asked.as_ref().unwrap().queries[0].text, "7");
    }

    #[test]
    fn what_is_wrong_is_told_by_line() {
        let cases = [
            ("a,b\nc,d\n", "t holds no column of queries; name them by a header or by their numbers, from 1"),
            ("query,b\nc,d\n", "t holds no column of documents"),
            ("query,doc\n ,d\n", "t:2: a text was expected"),
            ("query,doc\na,b, and c\n", "t:2: 2 columns were expected, the line has 3: `a,b, and c`"),
            (
                "qid,query,doc\n1,a,d\n1,b,d\n",
                "t:3: the text that this id has above was expected, `b` was found",
            ),
            (
                "query,doc,split\na,d,all\n",
                "t:2: train, dev, validation or test was expected, `all` was found",
            ),
            ("query,doc,grade\na,d,\n", "t:2: a score, which is a whole number, was expected, `` was found"),
            ("query,doc,grade\na,d,1\na,d,2\n", "t:3: one judgement of `d0` for `q0` was expected"),
        ];
        for (table, message) in cases {
            let error = import(table, &options()).unwrap_err();
            assert!(error.starts_with(message), "`{message}` was expected, `{error}` was told");
        }
    }
}
