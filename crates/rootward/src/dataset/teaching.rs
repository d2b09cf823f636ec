//! Queries made of the documents themselves, for encoders that read.
//!
//! The title of a document, its synonyms and its text are things that people ask, and its exact match is known: itself.
//! What is held out stays so: a document for which a query of dev or test asks in its own words teaches nothing, and no
//! query is made that is one of theirs.

use std::borrow::Cow;
use std::collections::HashSet;

use super::{Dataset, Document, Judgement, Query, Split, numbers};
use crate::doctor::plain;
use crate::encoder::Text;
use crate::ids::{DocIdx, QueryIdx};
use crate::recipe::LearnFrom;

impl Dataset {
    /// The data set with the training queries that a recipe learns from: after those that it has, those made of its
    /// documents; without the judgements of its own training queries where these are not asked for.
    pub fn teaching(&self, learn_from: &[LearnFrom]) -> Cow<'_, Dataset> {
        if learn_from == [LearnFrom::Judgements] {
            return Cow::Borrowed(self);
        }
        let mut taught = self.clone();
        let own = taught.judgements.train.take().filter(|_| learn_from.contains(&LearnFrom::Judgements));
        let mut train = own.unwrap_or_default();
        let held_out = HeldOut::of(self);
        for (doc, own) in (0..).map(DocIdx).zip(&self.docs) {
            if held_out.docs.contains(&doc) {
                continue;
            }
            for text in queries_of(own, learn_from).filter(|text| !held_out.texts.contains(&plain(text))) {
                let query = QueryIdx(numbers(taught.queries.len()).end);
                taught.queries.push(Query::new(&format!("{}#{}", own.id, query.0), text));
                train.push(Judgement { query, doc, grade: 1 });
            }
        }
        taught.judgements.train = Some(train);
        Cow::Owned(taught)
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

fn queries_of<'a>(doc: &'a Document, learn_from: &'a [LearnFrom]) -> impl Iterator<Item = &'a str> {
    let parts = learn_from.iter().flat_map(move |from| match from {
        LearnFrom::Judgements => &[][..],
        LearnFrom::Titles => std::slice::from_ref(&doc.title),
        LearnFrom::Synonyms => &doc.synonyms,
        LearnFrom::Texts => std::slice::from_ref(&doc.text),
    });
    parts.map(String::as_str).filter(|text| !text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Judgements;
    use crate::hierarchy::Hierarchy;

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
        let taught = data.teaching(learn_from);
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
        assert!(matches!(data.teaching(&[LearnFrom::Judgements]), Cow::Borrowed(_)));
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
}
