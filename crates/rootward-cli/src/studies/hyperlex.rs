//! Graded lexical entailment: whether scores between nouns rank pairs of words as people do  [HR §5].
//!
//! A file of judgements, such as `HyperLex` [Vulić et al., Computational Linguistics 2017], says to what degree its first
//! word is a kind of its second. A model trained on `WordNet` scores the first as query against the second as document;
//! the measure is Spearman's correlation over the noun pairs both of whose words are known.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::rc::Rc;

use anyhow::{Context, bail};
use rootward::dataset::Dataset;
use rootward::encoder::{Encoder, Input, Side};
use rootward::ids::{DocIdx, QueryIdx};

use super::engine::checksum;
use super::{
    Asked, Bench, Better, Cell, Figure, Finding, Numbers, On, Plan, Row, Study, Summary, recipe,
    wordnet_unless_asked,
};
use crate::answers::plain;
use crate::in_memory::train;

pub(crate) const STUDY: Study = Study {
    name: "hyperlex",
    shows: "Spearman's correlation with HyperLex, which --hyperlex names, of models trained on WordNet's nouns at 5 \
            dimensions",
    takes: "30 minutes",
    plan,
};

/// A pair of nouns and to what degree the first is a kind of the second.
#[derive(Clone, Debug, PartialEq)]
struct Rating {
    first: String,
    second: String,
    degree: f64,
}

/// The greatest score over the senses of both words.
const BEST: &str = "best senses";
/// The mean score over the senses of both words.
const MEAN: &str = "mean of senses";
/// The least distance, negated, over the senses of both words.
const NEAREST: &str = "nearest senses";
const PAIRS: &str = "pairs";

fn plan(asked: &Asked) -> anyhow::Result<Plan> {
    let path = asked.hyperlex.as_ref().context(
        "this study needs a file of judgements: give hyperlex-all.txt of HyperLex, or one like it, by --hyperlex",
    )?;
    let text = fs::read_to_string(path).with_context(|| format!("{} could not be read", path.display()))?;
    let ratings = Rc::new(nouns(&text, path)?);
    let (data, on) = wordnet_unless_asked(asked)?;
    if !data.is_closed() {
        bail!("this study wants a hierarchy without queries of its own, `{}` has some", data.name);
    }
    let cell = |method: &str| {
        let ratings = Rc::clone(&ratings);
        anyhow::Ok(Cell {
            row: Row::of(method),
            data: 0,
            recipe: recipe(method, &[String::from("encoder.dim=5")], asked)?,
            depends_on: format!("{:016x}", checksum(&[&text])),
            work: Rc::new(move |bench: &Bench<'_>| Ok(correlations(bench, &ratings)?.into())),
        })
    };
    Ok(Plan {
        data: vec![data],
        cells: ["standard", "pretrain-finetune", "climb"]
            .map(cell)
            .into_iter()
            .collect::<anyhow::Result<_>>()?,
        quoted: if on == On::WordNet { quoted() } else { Vec::new() },
        columns: [BEST, MEAN, NEAREST].map(str::to_owned).to_vec(),
        digits: 3,
        better: Better::Greater,
        figure: Figure::Table,
        conclude: n_pairs,
    })
}

/// The paper's correlations; how it treats words with several senses is not known.
fn quoted() -> Vec<(Row, Numbers)> {
    let of = |(label, value): (&str, f64)| (Row::of(label), Numbers::from([(BEST.to_owned(), value)]));
    [("standard", 0.350), ("pretrain-finetune", 0.415), ("order embeddings", 0.195), ("WN-Euclidean", 0.389)]
        .map(of)
        .to_vec()
}

fn n_pairs(rows: &[Summary]) -> Vec<Finding> {
    let found = rows.iter().find_map(|row| row.numbers.get(PAIRS));
    let finding = |value| Finding {
        name: String::from("noun pairs with both words known"),
        value,
        paper: None,
        tested: None,
    };
    found.map(|spread| finding(spread.mean)).into_iter().collect()
}

/// The noun pairs of a file: columns separated by blanks, named in its first line.
fn nouns(text: &str, path: &Path) -> anyhow::Result<Vec<Rating>> {
    let mut lines = (1..).zip(text.lines());
    let heading: Vec<&str> =
        lines.next().map(|(_, line)| line.split_whitespace().collect()).unwrap_or_default();
    let column = |name: &str| {
        heading.iter().position(|found| *found == name).with_context(|| {
            format!("{}:1: a column {name} was expected, found are: {}", path.display(), heading.join(" "))
        })
    };
    let (first, second) = (column("WORD1")?, column("WORD2")?);
    let (kind, degree) = (column("POS")?, column("AVG_SCORE")?);
    let mut ratings = Vec::new();
    for (number, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        let cells: Vec<&str> = line.split_whitespace().collect();
        let cell = |column: usize| {
            cells.get(column).copied().with_context(|| {
                let (expected, found) = (heading.len(), cells.len());
                format!("{}:{number}: {expected} columns were expected, {found} were found", path.display())
            })
        };
        let found = cell(degree)?;
        let degree = found.parse().with_context(|| {
            format!("{}:{number}: a number was expected as AVG_SCORE, `{found}` was found", path.display())
        })?;
        if cell(kind)? == "N" {
            ratings.push(Rating { first: plain(cell(first)?), second: plain(cell(second)?), degree });
        }
    }
    Ok(ratings)
}

/// Trains, scores the pairs whose words are known, and correlates.
fn correlations(bench: &Bench<'_>, ratings: &[Rating]) -> anyhow::Result<Numbers> {
    let Bench { data, recipe, progress, .. } = *bench;
    let senses = senses(data);
    let known: Vec<(&Rating, &[u32], &[u32])> = ratings
        .iter()
        .filter_map(|rating| {
            Some((rating, &senses.get(&rating.first)?[..], &senses.get(&rating.second)?[..]))
        })
        .collect();
    if known.len() < 2 {
        bail!("{} of {} noun pairs have both words in `{}`", known.len(), ratings.len(), data.name);
    }
    let encoder = train(data, recipe, &mut |steps| progress(steps))?;
    let degrees: Vec<f64> = known.iter().map(|(rating, ..)| rating.degree).collect();
    let [mut best, mut mean, mut nearest] = [(); 3].map(|()| Vec::with_capacity(known.len()));
    for (_, first, second) in &known {
        let pairs = compare(&*encoder, data, first, second)?;
        let greatest = |of: fn(&Compared) -> f64| pairs.iter().map(of).fold(f64::NEG_INFINITY, f64::max);
        best.push(greatest(|pair| pair.score));
        nearest.push(greatest(|pair| -pair.distance));
        mean.push(pairs.iter().map(|pair| pair.score).sum::<f64>() / pairs.len() as f64);
    }
    let found = [(BEST, best), (MEAN, mean), (NEAREST, nearest)];
    let mut numbers: Numbers =
        found.into_iter().map(|(name, scores)| (name.to_owned(), spearman(&scores, &degrees))).collect();
    numbers.insert(PAIRS.to_owned(), known.len() as f64);
    Ok(numbers)
}

/// The documents that a word may mean.
fn senses(data: &Dataset) -> HashMap<String, Vec<u32>> {
    let mut senses: HashMap<String, Vec<u32>> = HashMap::new();
    for (place, doc) in (0..).zip(&data.docs) {
        for word in std::iter::once(&doc.title).chain(&doc.synonyms) {
            let known = senses.entry(plain(word)).or_default();
            if known.last() != Some(&place) {
                known.push(place);
            }
        }
    }
    senses
}

/// One sense of the first word as query beside one of the second as document.
struct Compared {
    score: f64,
    distance: f64,
}

/// Every sense of the one word with every sense of the other.
fn compare<E: Encoder + ?Sized>(
    encoder: &E,
    data: &Dataset,
    first: &[u32],
    second: &[u32],
) -> anyhow::Result<Vec<Compared>> {
    let queries: Vec<Input<'_>> = first.iter().map(|query| Input::query(data, QueryIdx(*query))).collect();
    let docs: Vec<Input<'_>> = second.iter().map(|doc| Input::doc(data, DocIdx(*doc))).collect();
    let queries = encoder.encode(Side::Query, &queries)?; // (senses, dim)
    let docs = encoder.encode(Side::Document, &docs)?; // (senses, dim)
    let mut all = Vec::new();
    for query in 0..queries.n_rows() {
        for doc in 0..docs.n_rows() {
            let both =
                || queries.row(query).iter().zip(docs.row(doc)).map(|(q, x)| (f64::from(*q), f64::from(*x)));
            let distance = both().map(|(q, x)| (q - x).powi(2)).sum::<f64>().sqrt();
            all.push(Compared { score: both().map(|(q, x)| q * x).sum(), distance });
        }
    }
    Ok(all)
}

/// Spearman's rank correlation: Pearson's, of the ranks, tied values sharing the mean of theirs.
fn spearman(one: &[f64], other: &[f64]) -> f64 {
    let (one, other) = (ranks(one), ranks(other));
    let middle = (one.len() as f64 - 1.0) / 2.0;
    let product =
        |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| (x - middle) * (y - middle)).sum::<f64>();
    let spread = (product(&one, &one) * product(&other, &other)).sqrt();
    if spread > 0.0 { product(&one, &other) / spread } else { 0.0 }
}

fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    for tied in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let rank = first as f64 + (tied.len() as f64 - 1.0) / 2.0;
        tied.iter().for_each(|place| ranks[*place] = rank);
        first += tied.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tied_values_share_a_rank() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0]), [2.5, 0.0, 2.5, 1.0]);
    }

    #[test]
    fn spearman_asks_for_the_order_alone() {
        assert_eq!(spearman(&[1.0, 2.0, 9.0], &[0.1, 0.2, 0.3]), 1.0);
        assert_eq!(spearman(&[1.0, 2.0, 9.0], &[3.0, 2.0, 1.0]), -1.0);
        assert_eq!(spearman(&[1.0, 1.0], &[1.0, 2.0]), 0.0);
    }

    #[test]
    fn only_nouns_are_read_and_bad_lines_are_named() {
        let read = |text: &str| nouns(text, Path::new("f.txt"));
        let heading = "WORD1 WORD2 POS TYPE AVG_SCORE\n";
        let ratings = read(&format!("{heading}Hot_dog food N hyp-1 5.5\nrun move V hyp-1 4\n")).unwrap();
        let expected = Rating { first: String::from("hot dog"), second: String::from("food"), degree: 5.5 };
        assert_eq!(ratings, [expected]);
        let error = read(&format!("{heading}a b N hyp-1 high\n")).unwrap_err().to_string();
        assert_eq!(error, "f.txt:2: a number was expected as AVG_SCORE, `high` was found");
        let error = read("a b c\n").unwrap_err().to_string();
        assert_eq!(error, "f.txt:1: a column WORD1 was expected, found are: a b c");
    }
}
