//! Asks an index all that can be asked, and compares the answers with the truth.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rootward::doc_tree::NodeIdx;
use rootward::ids::DocIdx;
use rootward_index::filter::{Filter, Value};
use rootward_index::store::{Reader, Reading, SavedTree, Stored};
use rootward_index::{IndexError, store};

use crate::model::{Model, WORDS};

/// Answers that are compared as text, by question.
pub(crate) type Answers = BTreeMap<String, Result<String, String>>;

/// Asks all questions, each of an index that was just opened, so that no answer leans on another.
pub(crate) fn answers(path: &Path, model: &Model) -> Answers {
    let questions = questions(model);
    let ask = |question: &Question| {
        let mut reader = Reader::open(path)?;
        let reading = reader.snapshot()?;
        answer(&reading, question)
    };
    questions
        .iter()
        .map(|question| (format!("{question:?}"), ask(question).map_err(|error| error.to_string())))
        .collect()
}

/// What should be answered.
pub(crate) fn truth(model: &Model) -> Answers {
    questions(model).iter().map(|question| (format!("{question:?}"), Ok(expected(model, question)))).collect()
}

/// Panics where an index does not hold what a model does.
pub(crate) fn check(path: &Path, model: &Model) {
    let (mut found, expected) = (answers(path, model), truth(model));
    for (question, expected) in expected {
        assert_eq!(found.remove(&question), Some(expected), "{question}");
    }
    let report = store::verify(path).unwrap();
    assert_eq!(report.problems, Vec::<String>::new());
}

#[derive(Debug)]
enum Question {
    All,
    Second,
    Tree,
    Edges,
    Changes,
    RowOf(String),
    Matching(Filter),
    Words(&'static str),
}

fn questions(model: &Model) -> Vec<Question> {
    let text = |text: &str| Value::Text(text.to_owned());
    let equals = |key: &str, value| Filter::Equals { key: key.to_owned(), value };
    let year = |least: Option<f64>, most: Option<f64>| Filter::Range {
        key: "year".to_owned(),
        least: least.map(Value::Number),
        most: most.map(Value::Number),
    };
    let tagged = equals("tags", text("feline"));
    let mut filters = vec![
        tagged.clone(),
        equals("new", Value::Bool(true)),
        equals("new", Value::Number(1.0)),
        equals("nothing", text("feline")),
        Filter::In { key: "tags".to_owned(), values: vec![text("dogs"), text("canine")] },
        Filter::Range { key: "tags".to_owned(), least: Some(text("d")), most: Some(text("f")) },
        Filter::Range { key: "tags".to_owned(), least: Some(text("d")), most: None },
        Filter::Range { key: "weight".to_owned(), least: None, most: None },
        year(Some(1993.0), Some(1996.0)),
        year(Some(1993.0), None),
        year(None, Some(1992.5)),
        Filter::Not(Box::new(tagged.clone())),
        Filter::All(vec![year(Some(1993.0), None), tagged.clone()]),
        Filter::Any(vec![year(Some(1998.0), None), tagged]),
        Filter::Node(NodeIdx(1)),
    ];
    let known = model.docs.keys().chain(model.edges.iter().map(|(_, parent)| parent));
    filters.extend(known.take(40).step_by(7).map(|id| Filter::Below(id.clone())));
    let ids = model.docs.keys().take(3).cloned().chain(["nobody".to_owned()]);
    [Question::All, Question::Second, Question::Tree, Question::Edges, Question::Changes]
        .into_iter()
        .chain(ids.map(Question::RowOf))
        .chain(filters.into_iter().map(Question::Matching))
        .chain(WORDS.map(Question::Words))
        .collect()
}

fn nodes_below(tree: Option<&SavedTree>, node: u32) -> BTreeSet<u32> {
    let Some(tree) = tree else { return BTreeSet::new() };
    let up = |node: &u32| {
        std::iter::successors(Some(*node), |node| tree.parents.get(*node as usize).copied()).take(100)
    };
    (0..tree.parents.len() as u32).filter(|below| up(below).any(|at| at == node)).collect()
}

fn lines<T: ToString>(lines: impl IntoIterator<Item = T>) -> String {
    lines
        .into_iter()
        .map(|line| line.to_string())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect::<Vec<_>>()
        .join("\n")
}

fn document(stored: &Stored, home: Option<u32>, vector: &[f32]) -> String {
    let metadata = serde_json::to_string(&stored.metadata).unwrap();
    format!("{} {:?} {:?} {metadata} {home:?} {vector:?}", stored.id, stored.title, stored.text)
}

/// Ids of rows, each of which must have a document.
fn ids(reading: &Reading<'_>, docs: &[DocIdx]) -> Result<String, IndexError> {
    Ok(lines(reading.documents(docs)?.into_iter().map(|doc| doc.map_or("gone".to_owned(), |doc| doc.id))))
}

fn answer(reading: &Reading<'_>, question: &Question) -> Result<String, IndexError> {
    match question {
        Question::All => {
            let mut ids = BTreeMap::new();
            reading.each_id(|doc, id| {
                ids.insert(doc, id.to_owned());
            })?;
            let parts = reading.each_vector(reading.current(), 2, Vec::new, |all, doc, home, vector| {
                all.push((doc, home, vector.to_vec()));
            })?;
            let all: Vec<_> = parts.into_iter().flatten().collect();
            let docs: Vec<DocIdx> = all.iter().map(|(doc, _, _)| *doc).collect();
            let stored = reading.documents(&docs)?;
            Ok(lines(all.iter().zip(stored).map(|((doc, home, vector), stored)| match stored {
                Some(stored) if ids.get(doc) == Some(&stored.id) => {
                    document(&stored, home.map(|home| home.0), vector)
                }
                _ => "a vector of no document".to_owned(),
            })))
        }
        Question::Second => {
            let mut found = vec![format!("{:?}", reading.settings())];
            for (set, (settings, _)) in reading.sets() {
                let parts = reading.each_vector(set, 1, Vec::new, |all, doc, _, vector| {
                    all.push((doc, vector.to_vec()));
                })?;
                for (doc, vector) in parts.into_iter().flatten() {
                    found.push(format!("{} {} {vector:?} {settings:?}", set.0, ids(reading, &[doc])?));
                }
                let missing = reading.missing(set, usize::MAX)?;
                found.push(format!("{} lacks {}", set.0, ids(reading, &missing)?));
            }
            Ok(lines(found))
        }
        Question::Tree => Ok(format!("{:?}", reading.tree(reading.current())?)),
        Question::Edges => {
            let mut edges = Vec::new();
            reading.each_edge(|child, parent| edges.push(format!("{child} {parent}")))?;
            Ok(lines(edges))
        }
        // Whether there is a log depends on the way; what it says does not.
        Question::Changes => match reading.changes_since(0)? {
            Some(changed) if changed.removed.is_empty() && changed.moved.is_empty() => {
                Ok(lines(changed.put.iter().map(|added| {
                    format!("{} {:?} {:?}", added.id, added.home.map(|home| home.0), added.vector)
                })))
            }
            Some(_) => Ok("removed or moved what was never there".to_owned()),
            None => {
                let now = reading.changes_since(reading.generation())?;
                assert!(now.is_some_and(|now| now.put.is_empty() && now.removed.is_empty()));
                let mut all = Vec::new();
                for part in
                    reading.each_vector(reading.current(), 1, Vec::new, |part, doc, home, vector| {
                        part.push((doc, home, vector.to_vec()));
                    })?
                {
                    for (doc, home, vector) in part {
                        let id = ids(reading, &[doc])?;
                        all.push(format!("{id} {:?} {vector:?}", home.map(|home: NodeIdx| home.0)));
                    }
                }
                Ok(lines(all))
            }
        },
        Question::RowOf(id) => match reading.row_of(id)? {
            Some(doc) => ids(reading, &[doc]),
            None => Ok("none".to_owned()),
        },
        Question::Matching(filter) => {
            let tree = reading.tree(reading.current())?;
            let below = |node: NodeIdx| nodes_below(tree.as_ref(), node.0).into_iter().map(NodeIdx).collect();
            ids(reading, &reading.matching(filter, &below)?)
        }
        Question::Words(word) => {
            let found = reading.words(word, 1_000, &|_| true)?;
            assert!(found.is_sorted_by(|a, b| a.1 >= b.1));
            ids(reading, &found.into_iter().map(|(doc, _)| doc).collect::<Vec<_>>())
        }
    }
}

fn expected(model: &Model, question: &Question) -> String {
    let home = |id: &str| model.homes.get(id).copied();
    match question {
        Question::All => lines(model.docs.values().map(|record| {
            let crate::model::Record { id, title, text, metadata, vector } = record.clone();
            document(&Stored { id: id.clone(), title, text, metadata }, home(&id), &vector)
        })),
        Question::Second => {
            let mut found = vec![format!("{:?}", crate::model::settings(model.dim))];
            let settings = crate::model::settings;
            for record in model.docs.values() {
                let (id, vector) = (&record.id, &record.vector);
                found.push(format!("{} {id} {vector:?} {:?}", model.current.0, settings(model.dim)));
            }
            found.push(format!("{} lacks ", model.current.0));
            if let Some(second) = &model.second {
                for (id, vector) in &second.vectors {
                    found.push(format!("{} {id} {vector:?} {:?}", second.set.0, settings(second.dim)));
                }
                let missing = model.docs.keys().filter(|id| !second.vectors.contains_key(*id));
                found.push(format!("{} lacks {}", second.set.0, lines(missing)));
            }
            lines(found)
        }
        Question::Tree => format!("{:?}", model.tree),
        Question::Edges => lines(model.edges.iter().map(|(child, parent)| format!("{child} {parent}"))),
        Question::Changes => lines(
            model
                .docs
                .values()
                .map(|record| format!("{} {:?} {:?}", record.id, home(&record.id), record.vector)),
        ),
        Question::RowOf(id) => {
            if model.docs.contains_key(id) {
                id.clone()
            } else {
                "none".to_owned()
            }
        }
        Question::Matching(filter) => lines(model.docs.keys().filter(|id| matches(model, id, filter))),
        Question::Words(word) => {
            let words = |record: &crate::model::Record| format!("{} {}", record.title, record.text);
            let has = |record: &&crate::model::Record| words(record).split(' ').any(|found| found == *word);
            lines(model.docs.values().filter(has).map(|record| &record.id))
        }
    }
}

/// The filter, document by document.
fn matches(model: &Model, id: &str, filter: &Filter) -> bool {
    let same = |found: &serde_json::Value, value: &Value| match value {
        Value::Bool(value) => found.as_bool() == Some(*value),
        Value::Number(value) => found.as_f64() == Some(*value),
        Value::Text(value) => found.as_str() == Some(value),
    };
    let values = |key: &str| Model::values(&model.docs[id], key);
    match filter {
        Filter::Equals { key, value } => values(key).into_iter().any(|found| same(found, value)),
        Filter::In { key, values: of } => {
            values(key).into_iter().any(|found| of.iter().any(|value| same(found, value)))
        }
        Filter::Range { key, least, most } => values(key).into_iter().any(|found| {
            let above = |bound: &Value| match bound {
                Value::Number(bound) => found.as_f64().is_some_and(|found| found >= *bound),
                Value::Text(bound) => found.as_str().is_some_and(|found| found >= &bound[..]),
                Value::Bool(_) => false,
            };
            let below = |bound: &Value| match bound {
                Value::Number(bound) => found.as_f64().is_some_and(|found| found <= *bound),
                Value::Text(bound) => found.as_str().is_some_and(|found| found <= &bound[..]),
                Value::Bool(_) => false,
            };
            least.as_ref().is_none_or(above) && most.as_ref().is_none_or(below)
        }),
        Filter::Below(of) => model.below(of).contains(id),
        Filter::Node(node) => {
            let below = nodes_below(model.tree.as_ref(), node.0);
            model.homes.get(id).is_some_and(|home| below.contains(home))
        }
        Filter::All(filters) => filters.iter().all(|filter| matches(model, id, filter)),
        Filter::Any(filters) => filters.iter().any(|filter| matches(model, id, filter)),
        Filter::Not(filter) => !matches(model, id, filter),
    }
}
