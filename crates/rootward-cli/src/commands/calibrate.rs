//! `rootward calibrate`: which scores are good enough, level by level.

use std::fmt;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{ArgGroup, Args};
use rootward::calibration::{Accepted, Calibration, Threshold, check, fit, levels};
use rootward::dataset::{Dataset, Split};
use rootward::digits::grouped;
use rootward::eval::{NameTable, Names, Scorer};
use rootward::pairs::Pairs;
use rootward::random::{Purpose, stream};
use serde::Serialize;

use super::baselines::no_split;
use crate::answers::Question;
use crate::output::{print, print_json, say};
use crate::progress::Bar;
use crate::ranker::Ranker;

/// The file beside a model that holds its thresholds.
pub(crate) const THRESHOLDS: &str = "thresholds.json";

/// Find the score from which an answer is good enough, level by level.
///
/// Scores of general documents run otherwise than those of special ones. For each level, the number of edges up to a
/// root, the threshold is the score with the best F1 over all queries of the dev split and all documents of the level.
/// Its precision and recall are told there and, as a check, on the test split. `rootward search` marks what is above.
#[derive(Args)]
#[command(group(ArgGroup::new("ranker").args(["model", "bm25"]).required(true)))]
#[command(after_help = "Examples:\n  rootward calibrate --data DATA --model MODEL\n  \
                  rootward calibrate --data DATA --bm25 --out bm25-thresholds.json")]
pub(crate) struct Calibrate {
    /// Folder of the data set.
    #[arg(long, value_name = "DATA")]
    data: PathBuf,
    /// Folder of the model.
    #[arg(long, value_name = "MODEL")]
    model: Option<PathBuf>,
    /// Fit thresholds for BM25 instead.
    #[arg(long, requires = "out")]
    bm25: bool,
    /// Queries to fit on.
    #[arg(long, value_name = "SPLIT", default_value = "dev")]
    split: Split,
    /// Queries to check on, where the data set has them and they are others.
    #[arg(long, value_name = "SPLIT", default_value = "test")]
    check: Split,
    /// Queries drawn from a split that has more.
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    queries: u32,
    /// Seed of that draw.
    #[arg(long, value_name = "N", default_value_t = 7)]
    seed: u64,
    /// File to write; without it thresholds.json in the folder of the model.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// What was fitted, for people and programs.
#[derive(Serialize)]
struct Report {
    out: PathBuf,
    split: &'static str,
    queries: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    check: Option<&'static str>,
    levels: Vec<Line>,
    all: Line,
}

/// A level, or all of them.
#[derive(Serialize)]
struct Line {
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    threshold: Option<f32>,
    fitted: Quality,
    #[serde(skip_serializing_if = "Option::is_none")]
    checked: Option<Quality>,
}

/// How good what is accepted is.
#[derive(Clone, Copy, Serialize)]
struct Quality {
    precision: f64,
    recall: f64,
    f1: f64,
    relevant: u64,
}

impl Calibrate {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let data = Dataset::open(&self.data)?;
        let ranker = Ranker::open(self.model.as_deref(), &data)?;
        let out = match (&self.out, &self.model) {
            (Some(out), _) => out.clone(),
            (None, Some(folder)) => folder.join(THRESHOLDS),
            (None, None) => bail!("--out is needed where there is no folder of a model to write to"),
        };
        let table = NameTable::of(&data);
        let by = By { data: &data, names: table.names(), levels: levels(&data.hierarchy), ranker };

        let pairs = self.pairs(&data, self.split).with_context(|| no_split(&data, self.split))?;
        let thresholds = by.fit(&pairs)?;
        let checked = match self.pairs(&data, self.check).filter(|_| self.check != self.split) {
            Some(pairs) => Some(by.check(&pairs, &thresholds)?),
            None => None,
        };
        let name = self.split.name();
        Calibration::new(fingerprint(&data), name.to_owned(), pairs.n_queries(), thresholds.clone())
            .write(&out)?;
        let report = Report {
            out,
            split: name,
            queries: pairs.n_queries(),
            check: checked.as_ref().map(|_| self.check.name()),
            levels: lines(&thresholds, checked.as_deref()),
            all: Line {
                level: None,
                threshold: None,
                fitted: Quality::of(sum(thresholds.iter().map(|threshold| threshold.fitted))),
                checked: checked.map(|checked| Quality::of(sum(checked.into_iter()))),
            },
        };
        if self.json {
            return print_json(&report);
        }
        print(&report.to_string())?;
        say(format_args!("wrote {}", report.out.display()));
        Ok(())
    }

    /// The pairs of a split, or of as many of its queries as are asked for.
    fn pairs(&self, data: &Dataset, split: Split) -> Option<Pairs> {
        let pairs = data.pairs(split)?;
        Some(pairs.sample(self.queries as usize, &mut stream(self.seed, Purpose::Validation)))
    }
}

/// What scores, and what is known of the documents.
struct By<'a> {
    data: &'a Dataset,
    names: Names<'a>,
    levels: Vec<u32>,
    ranker: Ranker,
}

impl By<'_> {
    fn fit(&self, pairs: &Pairs) -> anyhow::Result<Vec<Threshold>> {
        let bar = Bar::new("calibrate", 2 * pairs.n_queries());
        let found = self.with_scores(pairs, |scorer| {
            Ok(fit(scorer, pairs, &self.levels, self.names, &|done| bar.at(done))?)
        });
        bar.clear();
        found
    }

    fn check(&self, pairs: &Pairs, thresholds: &[Threshold]) -> anyhow::Result<Vec<Accepted>> {
        self.with_scores(pairs, |scorer| Ok(check(scorer, pairs, &self.levels, self.names, thresholds)?))
    }

    /// Calls `f` with what scores the queries of these pairs.
    fn with_scores<T>(
        &self,
        pairs: &Pairs,
        f: impl FnOnce(&dyn Scorer) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let asked = pairs.queries().iter();
        let questions: Vec<Question> = asked.map(|query| Question::of(self.data, *query)).collect();
        self.ranker.with_scores(self.data, &questions, f)
    }
}

/// The checksum by which thresholds know their data set.
pub(crate) fn fingerprint(data: &Dataset) -> String {
    format!("{:08x}", data.fingerprint())
}

fn lines(thresholds: &[Threshold], checked: Option<&[Accepted]>) -> Vec<Line> {
    let line = |(at, threshold): (usize, &Threshold)| Line {
        level: Some(threshold.level),
        threshold: Some(threshold.score),
        fitted: Quality::of(threshold.fitted),
        checked: checked.map(|checked| Quality::of(checked[at])),
    };
    thresholds.iter().enumerate().map(line).collect()
}

fn sum(all: impl Iterator<Item = Accepted>) -> Accepted {
    all.fold(Accepted::default(), |sum, one| Accepted {
        accepted: sum.accepted + one.accepted,
        right: sum.right + one.right,
        relevant: sum.relevant + one.relevant,
    })
}

impl Quality {
    fn of(accepted: Accepted) -> Self {
        let (precision, recall, f1) = (accepted.precision(), accepted.recall(), accepted.f1());
        Quality { precision, recall, f1, relevant: accepted.relevant }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "Thresholds with the best F1 on {} queries of {}, in %:",
            grouped(self.queries),
            self.split
        )?;
        let head = |name: &str| format!("{:>9} {:>6} {:>6} {:>9}", "precision", "recall", "F1", name);
        write!(f, "  {:<6} {:>9} {}", "level", "score", head(self.split))?;
        if let Some(check) = self.check {
            write!(f, "  | {}", head(check))?;
        }
        for line in self.levels.iter().chain([&self.all]) {
            let level = line.level.map_or(String::from("all"), |level| level.to_string());
            let score = line.threshold.map_or(String::new(), |score| format!("{score:.3}"));
            write!(f, "\n  {level:<6} {score:>9} {}", line.fitted)?;
            if let Some(checked) = line.checked {
                write!(f, "  | {checked}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Quality { precision, recall, f1, relevant } = *self;
        let (precision, recall, f1) = (100.0 * precision, 100.0 * recall, 100.0 * f1);
        write!(f, "{precision:>9.1} {recall:>6.1} {f1:>6.1} {:>9}", grouped(relevant as usize))
    }
}
