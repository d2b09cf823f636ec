//! Rankings side by side: recall by distance of each, and which differences are more than luck.
//!
//! `rootward baselines` and `rootward compare` gather rankings; what they are measured by, how they are tested and how
//! the table looks is here, so that every table says the same in the same words.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use anyhow::bail;
use clap::Args;
use rootward::digits::grouped;
use rootward::eval::{Evaluation, Share};
use rootward::significance::{Difference, Resampling, every_two, holm};
use serde::Serialize;

/// How differences are tested.
#[derive(Args)]
pub(crate) struct Testing {
    /// Draws of signs for the test, and of queries for the intervals.
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    draws: u32,
    /// Seed of the draws.
    #[arg(long, value_name = "N", default_value_t = 7)]
    seed: u64,
}

/// A ranking that was measured.
pub(crate) struct Contender {
    pub(crate) name: String,
    pub(crate) evaluation: Evaluation,
}

/// Contenders side by side; as JSON and, by [`fmt::Display`], as a table.
#[derive(Serialize)]
pub(crate) struct Comparison {
    queries: usize,
    pairs: usize,
    draws: usize,
    seed: u64,
    rows: Vec<Row>,
    differences: Vec<Tested>,
}

/// What is shown of one contender.
#[derive(Serialize)]
struct Row {
    name: String,
    recall_by_distance: BTreeMap<u32, Share>,
    recall: Share,
    /// Mean over the queries of the share of S(q) found: what is tested.
    recall_per_query: f64,
    exact_sets: Share,
    #[serde(rename = "ndcg@10")]
    ndcg_at_10: f64,
    /// The contenders whose recall by query is less, beyond doubt.
    beats: Vec<String>,
}

/// The difference of two contenders in recall by query.
#[derive(Serialize)]
struct Tested {
    /// The later one in the table.
    of: String,
    /// The earlier one.
    and: String,
    #[serde(flatten)]
    difference: Difference,
    /// `p`, corrected for the number of differences that were tested.
    p_corrected: f64,
}

/// What is beyond doubt.
const LEVEL: f64 = 0.05;

/// The share of drawn differences that an interval holds.
const CONFIDENCE: f64 = 0.95;

impl Comparison {
    /// Tests every two of the contenders, all of them measured on the same queries.
    ///
    /// # Errors
    /// When two have one name.
    pub(crate) fn of(contenders: Vec<Contender>, testing: &Testing) -> anyhow::Result<Self> {
        let mut names = BTreeSet::new();
        if let Some(twice) = contenders.iter().find(|contender| !names.insert(&contender.name)) {
            bail!("two rankings are called `{}`: give one of them another name", twice.name);
        }
        let how = Resampling { draws: testing.draws as usize, confidence: CONFIDENCE, seed: testing.seed };
        let recalls: Vec<Vec<f64>> = contenders.iter().map(|c| recall_of_each(&c.evaluation)).collect();
        let mut differences = Vec::new();
        for (of, row) in contenders.iter().zip(every_two(&recalls, &how)?) {
            for (and, difference) in contenders.iter().zip(row) {
                let (of, and) = (of.name.clone(), and.name.clone());
                differences.push(Tested { of, and, difference, p_corrected: 1.0 });
            }
        }
        let corrected = holm(&differences.iter().map(|tested| tested.difference.p).collect::<Vec<_>>());
        for (tested, p) in differences.iter_mut().zip(corrected) {
            tested.p_corrected = p;
        }
        let (queries, pairs) =
            contenders.first().map_or((0, 0), |c| (c.evaluation.queries, c.evaluation.pairs));
        let rows = contenders.into_iter().zip(recalls).map(|(contender, recalls)| {
            let beats = differences.iter().filter_map(|tested| tested.beaten_by(&contender.name)).collect();
            Row::of(contender, &recalls, beats)
        });
        Ok(Comparison { queries, pairs, draws: how.draws, seed: how.seed, rows: rows.collect(), differences })
    }
}

impl Row {
    fn of(contender: Contender, recalls: &[f64], beats: Vec<String>) -> Self {
        let Contender { name, evaluation } = contender;
        Row {
            name,
            recall_by_distance: evaluation.recall_by_distance,
            recall: evaluation.recall,
            recall_per_query: recalls.iter().sum::<f64>() / recalls.len().max(1) as f64,
            exact_sets: evaluation.exact_sets,
            ndcg_at_10: evaluation.ranking.ndcg_at_10,
            beats,
        }
    }
}

impl Tested {
    /// The contender that this one beats, if this difference says so.
    fn beaten_by(&self, name: &str) -> Option<String> {
        let loser = if self.difference.mean > 0.0 { (&self.of, &self.and) } else { (&self.and, &self.of) };
        (self.p_corrected < LEVEL && loser.0 == name).then(|| loser.1.clone())
    }
}

/// The share of S(q) that was found, query by query.
fn recall_of_each(evaluation: &Evaluation) -> Vec<f64> {
    evaluation.per_query.iter().map(rootward::eval::QueryResult::recall).collect()
}

/// The letter of a row, after `z` with numbers.
fn letter(row: usize) -> String {
    let letter = char::from(b'a' + (row % 26) as u8);
    if row < 26 { letter.to_string() } else { format!("{letter}{}", row / 26) }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0).max(18);
        let letter_of: BTreeMap<&str, String> =
            self.rows.iter().enumerate().map(|(at, row)| (row.name.as_str(), letter(at))).collect();
        write!(f, "{:<width$}", "recall %, distance", width = width + 3)?;
        let distances: Vec<u32> = self
            .rows
            .iter()
            .flat_map(|row| row.recall_by_distance.keys().copied())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        for distance in &distances {
            write!(f, " {distance:>5}")?;
        }
        writeln!(f, " {:>6} {:>6} {:>6} {:>8}  beats", "all", "query", "sets", "ndcg@10")?;
        for (at, row) in self.rows.iter().enumerate() {
            write!(f, "{:<2} {:<width$}", letter(at), row.name)?;
            for distance in &distances {
                write!(
                    f,
                    " {:>5.1}",
                    100.0 * row.recall_by_distance.get(distance).map_or(0.0, |share| share.value())
                )?;
            }
            let (all, sets) = (100.0 * row.recall.value(), 100.0 * row.exact_sets.value());
            let beats: Vec<&str> = row.beats.iter().map(|name| letter_of[name.as_str()].as_str()).collect();
            writeln!(
                f,
                " {all:>6.1} {:>6.1} {sets:>6.1} {:>8.4}  {}",
                100.0 * row.recall_per_query,
                row.ndcg_at_10,
                beats.join(" ")
            )?;
        }
        write!(
            f,
            "\n{} queries, {} pairs. all: of all pairs; query: mean over queries; sets: whole sets",
            grouped(self.queries),
            grouped(self.pairs)
        )?;
        if self.differences.is_empty() {
            return Ok(());
        }
        writeln!(f, "\n\nDifference of recall by query in points, {:.0} % interval, p:", 100.0 * CONFIDENCE)?;
        for tested in &self.differences {
            let Difference { mean, interval: [low, high], p } = tested.difference;
            let mark = if tested.p_corrected < LEVEL { "" } else { "  no more than luck may be" };
            writeln!(
                f,
                "  {:>2} - {:<2} {:>+7.2}  [{:>+7.2}, {:>+7.2}]  {p:.4}{mark}",
                letter_of[tested.of.as_str()],
                letter_of[tested.and.as_str()],
                100.0 * mean,
                100.0 * low,
                100.0 * high
            )?;
        }
        write!(
            f,
            "A row beats another where p, corrected for {} by Holm, is below {LEVEL}: paired randomisation test and\n\
             bootstrap over queries, {} draws, seed {}",
            match self.differences.len() {
                1 => String::from("1 difference"),
                n => format!("{n} differences"),
            },
            grouped(self.draws),
            self.seed
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_lettered_past_z() {
        assert_eq!([0, 25, 26, 53].map(letter), ["a", "z", "a1", "b2"]);
    }
}
