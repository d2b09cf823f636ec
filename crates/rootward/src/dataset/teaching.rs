//! Queries made of the documents themselves, for encoders that read.
//!
//! The title of a document, its synonyms and its text are things that people ask, and its exact match is known: itself.
//! So are runs of its sentences or words, and queries that a program generated for it. What several documents say alike is
//! one query with all of them, each as relevant as the best of what was judged. What is held out stays so: a
//! document for which a query of dev or test asks in its own words teaches nothing by its title, synonyms and text as a
//! whole, and no query is made that is one of theirs. Pieces of a document may be taught all the same: they are of the
//! corpus, which whoever searches it has.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::{DataError, Dataset, Document, Judgement, Query, Split, numbers};
use crate::doctor::plain;
use crate::encoder::Text;
use crate::ids::{DocIdx, QueryIdx};
use crate::random::{Purpose, stream};
use crate::recipe::LearnFrom;

mod generated;
mod runs;

impl Dataset {
    /// The data set with the training queries that a recipe learns from: after those that it has, copies of them, those
    /// made of its documents, and generated ones; without the judgements of its own training queries where these are not
    /// asked for. What is drawn follows from the seed.
    ///
    /// # Errors
    /// When generated queries are asked for, and the data set is in no folder or their files are missing or cannot be
    /// read.
    pub fn teaching(&self, learn_from: &[LearnFrom], seed: u64) -> Result<Cow<'_, Dataset>, DataError> {
        if learn_from == [LearnFrom::Judgements] {
            return Ok(Cow::Borrowed(self));
        }
        let mut taught = self.clone();
        let times = learn_from.iter().find_map(|from| match from {
            LearnFrom::Judgements => Some(1),
            LearnFrom::RepeatedJudgements { times } => Some(*times),
            _ => None,
        });
        let own = taught.judgements.train.take().filter(|_| times.is_some()).unwrap_or_default();
        taught.judgements.train = Some(own.clone());
        for _ in 1..times.unwrap_or(1) {
            taught.repeat(&own);
        }
        let held_out = HeldOut::of(self);
        let grade = self.greatest_grade();
        let mut asked: HashMap<String, QueryIdx> = HashMap::new();
        for (doc, own) in (0..).map(DocIdx).zip(&self.docs) {
            let pieces = learn_from.iter().flat_map(|from| pieces_of(doc, own, from, seed));
            let whole = learn_from.iter().flat_map(|from| whole_of(own, from));
            let whole = whole.filter(|_| !held_out.docs.contains(&doc));
            for text in whole.map(Cow::Borrowed).chain(pieces.map(Cow::Owned)) {
                let words = plain(&text);
                if !held_out.texts.contains(&words) {
                    let query = *asked.entry(words).or_insert_with(|| taught.ask(&own.id, &text));
                    taught.teach(Judgement { query, doc, grade });
                }
            }
        }
        // By query, and a document that says the same twice is asked for once.
        let train = taught.judgements.train.get_or_insert_default();
        train.sort_by_key(|judgement| (judgement.query, judgement.doc));
        train.dedup_by_key(|judgement| (judgement.query, judgement.doc));
        for from in learn_from {
            if let LearnFrom::Generated { name } = from {
                let generated = generated::read(&taught, name)?;
                taught.add_generated(generated, &held_out);
            }
        }
        Ok(Cow::Owned(taught))
    }

    /// The grade of an exact match: the greatest that was judged, 1 where nothing was.
    fn greatest_grade(&self) -> i32 {
        let judged = Split::ALL.iter().filter_map(|split| self.judgements(*split)).flatten();
        judged.map(|judgement| judgement.grade).fold(1, i32::max)
    }

    /// Adds a query of a text, under a name that begins with this one.
    fn ask(&mut self, name: &str, text: &str) -> QueryIdx {
        let query = QueryIdx(numbers(self.queries.len()).end);
        self.queries.push(Query::new(&format!("{name}#{}", query.0), text));
        query
    }

    /// Adds a judgement of the training split, whose query comes after those that are there.
    fn teach(&mut self, judgement: Judgement) {
        self.judgements.train.get_or_insert_default().push(judgement);
    }

    /// Adds the queries of some judgements once more, with these judgements.
    fn repeat(&mut self, judgements: &[Judgement]) {
        for of_query in judgements.chunk_by(|a, b| a.query == b.query) {
            let Query { id, text, .. } = self.queries[of_query[0].query.at()].clone();
            let query = self.ask(&id, &text);
            of_query.iter().for_each(|judgement| self.teach(Judgement { query, ..*judgement }));
        }
    }

    /// Adds generated queries but for those that dev or test ask too.
    fn add_generated(&mut self, generated: generated::Generated, held_out: &HeldOut) {
        let generated::Generated { queries, judgements } = generated;
        let mut judged = judgements.chunk_by(|a, b| a.query == b.query).peekable();
        for (place, query) in (0..).map(QueryIdx).zip(queries) {
            let own = judged.next_if(|own| own[0].query == place).unwrap_or_default();
            let asked = plain(&query.text);
            if asked.is_empty() || held_out.texts.contains(&asked) {
                continue;
            }
            let number = QueryIdx(numbers(self.queries.len()).end);
            self.queries.push(query);
            own.iter().for_each(|judgement| self.teach(Judgement { query: number, ..*judgement }));
        }
    }
}

/// What queries of dev and test that are not trained on keep from being taught.
struct HeldOut {
    /// Documents that they ask for in the documents' own words.
    docs: HashSet<DocIdx>,
    /// Their own words.
    texts: HashSet<String>,
}

impl HeldOut {
    fn of(data: &Dataset) -> Self {
        let judged = |split| data.judgements(split).unwrap_or_default().iter();
        let trained: HashSet<QueryIdx> = judged(Split::Train).map(|judgement| judgement.query).collect();
        let mut held_out = HeldOut { docs: HashSet::new(), texts: HashSet::new() };
        let others = judged(Split::Dev).chain(judged(Split::Test));
        for judgement in others.filter(|judgement| !trained.contains(&judgement.query)) {
            let asked = plain(&data.queries[judgement.query.at()].text);
            if judgement.grade > 0 && own_words(&data.docs[judgement.doc.at()]).any(|own| own == asked) {
                held_out.docs.insert(judgement.doc);
            }
            held_out.texts.insert(asked);
        }
        held_out
    }
}

/// The ways in which a document may be asked for in its own words.
fn own_words(doc: &Document) -> impl Iterator<Item = String> {
    let pairs = [format!("{} {}", doc.title, doc.text), Text::of(doc).whole().into_owned()];
    let parts = [&doc.title, &doc.text].into_iter().chain(&doc.synonyms).map(|part| plain(part));
    parts.chain(pairs.map(|pair| plain(&pair))).filter(|own| !own.is_empty())
}

/// What a document says of itself as a whole.
fn whole_of<'a>(doc: &'a Document, from: &LearnFrom) -> impl Iterator<Item = &'a str> {
    let parts = match from {
        LearnFrom::Titles => std::slice::from_ref(&doc.title),
        LearnFrom::Synonyms => &doc.synonyms,
        LearnFrom::Texts => std::slice::from_ref(&doc.text),
        LearnFrom::Judgements
        | LearnFrom::RepeatedJudgements { .. }
        | LearnFrom::Spans(_)
        | LearnFrom::Crops(_)
        | LearnFrom::Generated { .. } => &[],
    };
    parts.iter().map(String::as_str).filter(|text| !text.trim().is_empty())
}

/// Pieces that are drawn from what a document says.
fn pieces_of(doc: DocIdx, own: &Document, from: &LearnFrom, seed: u64) -> Vec<String> {
    let doc = doc.at();
    match from {
        LearnFrom::Spans(runs) => {
            runs::spans(&own.title, &own.text, *runs, &mut stream(seed, Purpose::Spans { doc }))
        }
        LearnFrom::Crops(runs) => {
            runs::crops(&own.title, &own.text, *runs, &mut stream(seed, Purpose::Crops { doc }))
        }
        LearnFrom::Judgements
        | LearnFrom::RepeatedJudgements { .. }
        | LearnFrom::Titles
        | LearnFrom::Synonyms
        | LearnFrom::Texts
        | LearnFrom::Generated { .. } => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::dataset::Judgements;
    use crate::hierarchy::Hierarchy;
    use crate::recipe::Runs;

    const ALL: [LearnFrom; 4] =
        [LearnFrom::Judgements, LearnFrom::Titles, LearnFrom::Synonyms, LearnFrom::Texts];

    /// Two documents, and a query of each split with its exact match.
    fn data(train: (&str, u32), test: (&str, u32)) -> Dataset {
        let doc = |id: &str, title: &str, synonyms: &[&str], text: &str| Document {
            id: id.to_owned(),
            title: title.to_owned(),
            text: text.to_owned(),
            synonyms: synonyms.iter().map(|synonym| (*synonym).to_owned()).collect(),
        };
        let docs = vec![doc("s", "sandal", &["Flip-flop"], "a light shoe"), doc("f", "footwear", &[], "")];
        let queries = vec![Query::new("q", train.0), Query::new("r", test.0)];
        let judged =
            |query, doc| Some(vec![Judgement { query: QueryIdx(query), doc: DocIdx(doc), grade: 1 }]);
        let judgements = Judgements { train: judged(0, train.1), dev: None, test: judged(1, test.1) };
        Dataset::judged("d".to_owned(), docs, Hierarchy::new(2, &[]).unwrap(), queries, judgements)
    }

    /// The training queries with their documents.
    fn taught(data: &Dataset, learn_from: &[LearnFrom]) -> Vec<(String, u32)> {
        let taught = data.teaching(learn_from, 7).unwrap();
        let train = taught.judgements(Split::Train).unwrap();
        train.iter().map(|j| (taught.queries[j.query.at()].text.clone(), j.doc.0)).collect()
    }

    #[test]
    fn titles_synonyms_and_texts_become_queries_after_those_there_are() {
        let data = data(("for the beach", 0), ("for the feet", 1));
        let (own, rest) =
            (("for the beach", 0), [("sandal", 0), ("Flip-flop", 0), ("a light shoe", 0), ("footwear", 1)]);
        let named =
            |list: &[(&str, u32)]| list.iter().map(|(t, d)| ((*t).to_owned(), *d)).collect::<Vec<_>>();
        assert_eq!(taught(&data, &ALL), [named(&[own]), named(&rest)].concat());
        assert_eq!(taught(&data, &[LearnFrom::Titles]), named(&[rest[0], rest[3]]));
        assert!(matches!(data.teaching(&[LearnFrom::Judgements], 7), Ok(Cow::Borrowed(_))));
    }

    #[test]
    fn what_is_asked_in_its_own_words_in_the_test_is_not_taught() {
        let names =
            |data: &Dataset| taught(data, &ALL[1..]).into_iter().map(|(text, _)| text).collect::<Vec<_>>();
        for words in ["Sandal a light  shoe", "flip-flop", "sandal, Flip-flop a light shoe"] {
            assert_eq!(names(&data(("?", 1), (words, 0))), ["footwear"]);
        }
        // The words of a query of the test are nobody's query, whatever it asks for.
        assert_eq!(names(&data(("?", 1), ("sandal", 1))), ["Flip-flop", "a light shoe", "footwear"]);
    }

    #[test]
    fn spans_and_crops_are_drawn_by_the_seed_of_held_out_documents_too_but_not_as_the_words_of_a_query() {
        let runs = Runs { each: 2, least: 3, most: 3, within: None };
        // The test asks for the document in its own words, which keeps its title from being taught.
        let data = data(("?", 1), ("A  light shoe", 0));
        let of = |from: LearnFrom| taught(&data, &[LearnFrom::Titles, from]);
        let named =
            |list: &[(&str, u32)]| list.iter().map(|(t, d)| ((*t).to_owned(), *d)).collect::<Vec<_>>();
        assert_eq!(of(LearnFrom::Spans(runs)), named(&[("footwear", 1)]));
        assert_eq!(of(LearnFrom::Crops(runs)), named(&[("sandal a light", 0), ("footwear", 1)]));
        let of_text = |text: &str| Document { text: text.to_owned(), ..data.docs[0].clone() };
        let docs = ["a b c d e f g h i", "j k l m n o p q r"].map(of_text).to_vec();
        let long = Dataset { docs, ..data };
        let drawn = |seed| {
            let spans = [LearnFrom::Spans(runs), LearnFrom::Crops(runs)];
            long.teaching(&spans, seed).unwrap().queries.iter().map(|q| q.text.clone()).collect::<Vec<_>>()
        };
        assert_eq!((drawn(1).len(), drawn(1)), (2 + 8, drawn(1)));
        assert_ne!(drawn(1), drawn(2));
    }

    #[test]
    fn what_documents_say_alike_asks_for_all_of_them_as_for_the_best_that_was_judged() {
        let mut data = data(("?", 1), ("for the feet", 1));
        data.docs[1].title = "Sandal ".to_owned();
        data.judgements.test.as_mut().unwrap()[0].grade = 3;
        let taught = data.teaching(&[LearnFrom::Titles, LearnFrom::Synonyms], 7).unwrap();
        let found: Vec<_> = taught
            .judgements(Split::Train)
            .unwrap()
            .iter()
            .map(|judged| (taught.queries[judged.query.at()].text.as_str(), judged.doc.0, judged.grade))
            .collect();
        assert_eq!(found, [("sandal", 0, 3), ("sandal", 1, 3), ("Flip-flop", 0, 3)]);
    }

    #[test]
    fn judged_queries_are_taught_as_often_as_they_are_repeated() {
        let data = data(("for the beach", 0), ("for the feet", 1));
        let found = taught(&data, &[LearnFrom::RepeatedJudgements { times: 3 }, LearnFrom::Titles]);
        let names: Vec<&str> = found.iter().map(|(text, _)| text.as_str()).collect();
        assert_eq!(names, ["for the beach", "for the beach", "for the beach", "sandal", "footwear"]);
        let taught = data.teaching(&[LearnFrom::RepeatedJudgements { times: 3 }], 7).unwrap();
        assert_eq!((taught.pairs(Split::Train).unwrap().n_queries(), taught.queries.len()), (3, 4));
    }

    /// The training queries of a folder that has a query of the test, with these generated ones.
    fn generated(queries: &str, qrels: &str) -> Result<Vec<(String, u32)>, String> {
        let dir = tempfile::tempdir().unwrap();
        let header = "query-id\tcorpus-id\tscore\n";
        for (name, content) in [
            ("corpus.jsonl", "{\"_id\":\"a\",\"title\":\"A\"}\n{\"_id\":\"b\"}\n".to_owned()),
            ("queries.jsonl", "{\"_id\":\"q\",\"text\":\"what?\"}\n".to_owned()),
            ("qrels/test.tsv", format!("{header}q\ta\t1\n")),
            ("qgen-queries.jsonl", queries.to_owned()),
            ("qgen-qrels/train.tsv", format!("{header}{qrels}")),
        ] {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            if !content.is_empty() {
                fs::write(path, content).unwrap();
            }
        }
        let data = Dataset::open(dir.path()).unwrap();
        let from = [LearnFrom::Generated { name: "qgen".to_owned() }];
        let said = |error: DataError| error.to_string().replace(&format!("{}", dir.path().display()), "data");
        let taught = data.teaching(&from, 7).map_err(said)?;
        let train = taught.judgements(Split::Train).unwrap();
        Ok(train.iter().map(|j| (taught.queries[j.query.at()].text.clone(), j.doc.0)).collect())
    }

    const MADE: &str = "{\"_id\":\"g0\",\"text\":\"which\"}\n{\"_id\":\"g1\",\"text\":\"WHAT?\"}\n{\"_id\":\"g2\",\"text\":\"who\"}\n";

    #[test]
    fn generated_queries_are_read_but_for_those_that_the_test_asks() {
        let found = generated(MADE, "g2\ta\t1\ng0\tb\t1\ng1\tb\t1\n").unwrap();
        assert_eq!(found, [("which".to_owned(), 1), ("who".to_owned(), 0)]);
    }

    #[test]
    fn generated_queries_that_cannot_be_read_are_told_by_file_and_line() {
        let cases = [
            (
                "",
                "g0\ta\t1\n",
                "data holds no qgen-queries.jsonl; put the generated queries there, a line {\"_id\": \"..\", \"text\": \"..\"} for each, or take `generated` out of `learn_from`",
            ),
            (
                MADE,
                "g0\ta\t1\ng9\ta\t1\n",
                "data/qgen-qrels/train.tsv:3: the id of a query of qgen-queries.jsonl was expected, `g9` is none; add it there, or delete this line",
            ),
            (
                MADE,
                "g0\tz\t1\n",
                "data/qgen-qrels/train.tsv:2: the id of a document was expected, `z` is none; add it to the corpus, or delete this line",
            ),
            (MADE, "", "data/qgen-qrels/train.tsv holds no judgement; at least one was expected"),
            (
                "{\"_id\":\"g0\",\"text\":\"\"}\n\n{\"_id\":\"q\",\"text\":\"who\"}\n",
                "q\ta\t1\n",
                "data/qgen-queries.jsonl:3: an id that no other query has was expected, `q` is that of a query of the data set; rename this one",
            ),
            (
                "{\"_id\":\"g0\"}\n",
                "g0\ta\t1\n",
                "data/qgen-queries.jsonl:1: an object {\"_id\": \"..\", \"text\": \"..\"} was expected, but missing field `text` at column 12, in `{\"_id\":\"g0\"}`",
            ),
        ];
        for (queries, qrels, expected) in cases {
            assert_eq!(generated(queries, qrels).unwrap_err(), expected);
        }
        let from = [LearnFrom::Generated { name: "qgen".to_owned() }];
        let error = data(("?", 1), ("!", 0)).teaching(&from, 7).unwrap_err().to_string();
        assert!(error.starts_with("data set `d` is in no folder"), "{error}");
    }
}
