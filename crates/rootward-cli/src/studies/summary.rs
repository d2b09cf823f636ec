//! What the cells of a study say together: means over the seeds, a table, and the file for programs.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use rootward::dataset::{Dataset, Split};
use rootward::digits::grouped;
use serde::Serialize;

use super::engine::Finished;
use super::{Numbers, Plan, Row};

/// Whether a number is better the greater or the less it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Better {
    /// As recall.
    Greater,
    /// As the dimension that is needed.
    Less,
}

/// A row over all its seeds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Summary {
    pub(crate) name: String,
    #[serde(flatten)]
    pub(crate) row: Row,
    seeds: Vec<u64>,
    /// Of one cell, in the mean.
    seconds: f64,
    pub(crate) numbers: BTreeMap<String, Spread>,
    /// What is tested between rows: by seed, a number for each query. Empty where nothing is.
    #[serde(skip)]
    per_query: BTreeMap<u64, Vec<f64>>,
}

/// A number over the seeds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Spread {
    pub(crate) mean: f64,
    /// The least where greater is better, the greatest where less is.
    pub(crate) worst: f64,
    /// Standard deviation of the sample; 0 where there is one seed.
    deviation: f64,
}

/// Something that follows from several rows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Finding {
    pub(crate) name: String,
    pub(crate) value: f64,
    /// What the paper reports.
    pub(crate) paper: Option<f64>,
    /// Where it was tested, how it came out.
    #[serde(flatten)]
    pub(crate) tested: Option<Tested>,
}

/// The test of a difference between two rows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Tested {
    /// How likely a difference as far from 0 is by luck alone.
    pub(crate) p: f64,
    /// Seeds that both rows have.
    pub(crate) seeds: usize,
}

/// All that came of a study, as `results.json` has it.
#[derive(Serialize)]
pub(crate) struct Results<'a> {
    pub(crate) study: &'a str,
    pub(crate) shows: &'a str,
    /// The command that made it.
    pub(crate) command: String,
    rootward: &'static str,
    data: Vec<String>,
    sizes: Vec<Size>,
    /// Of all cells, whenever they were run.
    seconds: f64,
    pub(crate) rows: Vec<Summary>,
    quoted: Vec<Quoted>,
    pub(crate) findings: Vec<Finding>,
    /// Every cell, seed after seed.
    cells: Vec<Seeded>,
}

/// How much there is to learn from, and to measure with.
#[derive(Serialize)]
struct Size {
    data: String,
    documents: usize,
    /// Queries of each split that there is; without judgements each document asks for itself and what is above it.
    queries: BTreeMap<String, usize>,
}

impl Size {
    fn of(data: &Dataset) -> Self {
        let judged = Split::ALL.into_iter().filter(|split| data.judgements(*split).is_some());
        let of = |split: Split| (split.to_string(), data.pairs(split).map_or(0, |pairs| pairs.n_queries()));
        Size { data: data.name.clone(), documents: data.docs.len(), queries: judged.map(of).collect() }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} documents", self.data, grouped(self.documents))?;
        for (place, (split, queries)) in self.queries.iter().rev().enumerate() {
            let start = if place == 0 { "; queries" } else { "," };
            write!(f, "{start} {} in {split}", grouped(*queries))?;
        }
        Ok(())
    }
}

#[derive(Serialize)]
struct Quoted {
    name: String,
    numbers: Numbers,
}

#[derive(Serialize)]
struct Seeded {
    name: String,
    seed: u64,
    seconds: f64,
    numbers: Numbers,
}

/// The rows in the order of the plan, each over its seeds.
pub(crate) fn summarise(finished: &[Finished], better: Better) -> Vec<Summary> {
    let mut rows: Vec<Vec<&Finished>> = Vec::new();
    for cell in finished {
        match rows.iter_mut().find(|row| row[0].row == cell.row) {
            Some(row) => row.push(cell),
            None => rows.push(vec![cell]),
        }
    }
    rows.iter().map(|cells| Summary::of(cells, better)).collect()
}

impl Summary {
    fn of(cells: &[&Finished], better: Better) -> Self {
        let row = cells[0].row.clone();
        let mut values: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for (name, value) in cells.iter().flat_map(|cell| &cell.numbers) {
            values.entry(name.clone()).or_default().push(*value);
        }
        Summary {
            name: row.name(),
            row,
            seeds: cells.iter().map(|cell| cell.seed).collect(),
            seconds: mean(&cells.iter().map(|cell| cell.seconds).collect::<Vec<_>>()),
            numbers: values.into_iter().map(|(name, of)| (name, Spread::of(&of, better))).collect(),
            per_query: cells
                .iter()
                .filter(|cell| !cell.per_query.is_empty())
                .map(|cell| (cell.seed, cell.per_query.clone()))
                .collect(),
        }
    }

    /// How many seeds two rows have in common, and of each query the mean over these in one and in the other; nothing
    /// where there is none, for a row of one seed says nothing beside one of others.
    pub(crate) fn side_by_side(&self, other: &Summary) -> Option<(usize, Vec<f64>, Vec<f64>)> {
        let seeds = self.per_query.keys().filter(|seed| other.per_query.contains_key(*seed));
        let seeds: Vec<u64> = seeds.copied().collect();
        let means = |row: &Summary| -> Option<Vec<f64>> {
            let n_queries = row.per_query.get(seeds.first()?)?.len();
            let of =
                |query: usize| -> Vec<f64> { seeds.iter().map(|seed| row.per_query[seed][query]).collect() };
            Some((0..n_queries).map(|query| mean(&of(query))).collect())
        };
        Some((seeds.len(), means(self)?, means(other)?))
    }
}

impl Spread {
    fn of(values: &[f64], better: Better) -> Self {
        let mean = mean(values);
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let worst = match better {
            Better::Greater => values.iter().copied().fold(f64::INFINITY, f64::min),
            Better::Less => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        };
        let deviation = (squares / (values.len() - 1).max(1) as f64).sqrt();
        Spread { mean, worst, deviation }
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Slope of the line through points `(x, y)` with the least squares.
pub(crate) fn slope(points: &[(f64, f64)]) -> f64 {
    let (xs, ys): (Vec<f64>, Vec<f64>) = points.iter().copied().unzip();
    let (x_mean, y_mean) = (mean(&xs), mean(&ys));
    let together: f64 = points.iter().map(|(x, y)| (x - x_mean) * (y - y_mean)).sum();
    together / xs.iter().map(|x| (x - x_mean).powi(2)).sum::<f64>()
}

impl<'a> Results<'a> {
    /// The results of finished cells.
    pub(crate) fn of(study: &'a super::Study, plan: &Plan, finished: &[Finished], command: String) -> Self {
        let rows = summarise(finished, plan.better);
        // A row of the paper goes with ours, or stands for itself where none of ours is like it.
        let left_out = |row: &Row| {
            plan.cells.iter().any(|cell| cell.row == *row) && !rows.iter().any(|known| known.row == *row)
        };
        let quoted = plan.quoted.iter().filter(|(row, _)| !left_out(row));
        let quoted = quoted.map(|(row, numbers)| Quoted { name: row.name(), numbers: numbers.clone() });
        let seeded = |cell: &Finished| Seeded {
            name: cell.row.name(),
            seed: cell.seed,
            seconds: cell.seconds,
            numbers: cell.numbers.clone(),
        };
        Results {
            study: study.name,
            shows: study.shows,
            command,
            rootward: env!("CARGO_PKG_VERSION"),
            data: plan.data.iter().map(|data| data.name.clone()).collect(),
            sizes: plan.data.iter().map(Size::of).collect(),
            seconds: finished.iter().map(|cell| cell.seconds).sum(),
            quoted: quoted.collect(),
            findings: (plan.conclude)(&rows),
            rows,
            cells: finished.iter().map(seeded).collect(),
        }
    }

    /// The table as Markdown, aligned for readers without a renderer.
    pub(crate) fn table(&self, plan: &Plan) -> String {
        let has = |column: &&String| self.rows.iter().any(|row| row.numbers.contains_key(*column));
        let columns: Vec<&String> = plan.columns.iter().filter(has).collect();
        let mut lines = vec![heading(&columns)];
        let number =
            |value: Option<f64>| value.map_or(String::from("–"), |v| format!("{v:.*}", plan.digits));
        for row in &self.rows {
            let mut add = |name: String, of: &str, value: &dyn Fn(&str) -> Option<f64>, seconds: String| {
                let numbers = columns.iter().map(|column| number(value(column)));
                lines.push([name, of.to_owned()].into_iter().chain(numbers).chain([seconds]).collect());
            };
            let spread = |part: fn(&Spread) -> f64| move |column: &str| row.numbers.get(column).map(part);
            let seconds = format!("{:.1}", row.seconds);
            add(row.name.clone(), "mean", &spread(|spread| spread.mean), seconds);
            if row.seeds.len() > 1 {
                add(String::new(), "worst", &spread(|spread| spread.worst), String::new());
                add(String::new(), "deviation", &spread(|spread| spread.deviation), String::new());
            }
            for quoted in self.quoted.iter().filter(|quoted| quoted.name == row.name) {
                let value = |column: &str| quoted.numbers.get(column).copied();
                add(String::new(), "the paper", &value, String::new());
            }
        }
        let alone = |quoted: &&Quoted| !self.rows.iter().any(|row| row.name == quoted.name);
        for Quoted { name, numbers } in self.quoted.iter().filter(alone) {
            let numbers = columns.iter().map(|column| number(numbers.get(*column).copied()));
            let start = [name.clone(), String::from("the paper")];
            lines.push(start.into_iter().chain(numbers).chain([String::new()]).collect());
        }
        let mut text = aligned(&lines);
        for (place, finding) in self.findings.iter().enumerate() {
            let start = if place == 0 { "\n- " } else { "- " };
            let paper = finding.paper.map_or(String::new(), |paper| format!(", the paper {paper}"));
            let tested = finding.tested.map_or(String::new(), |Tested { p, seeds }| {
                format!(", p {p:.4} ({seeds} seed{})", if seeds == 1 { "" } else { "s" })
            });
            writeln!(text, "{start}{}: {:.2}{paper}{tested}", finding.name, finding.value)
                .expect("a string takes all that is written");
        }
        for data in &self.sizes {
            writeln!(text, "\n{data}").expect("a string takes all that is written");
        }
        text
    }
}

fn heading(columns: &[&String]) -> Vec<String> {
    let columns = columns.iter().map(|column| (*column).clone());
    [String::new(), String::new()].into_iter().chain(columns).chain([String::from("seconds")]).collect()
}

/// Lines of a Markdown table, the first one its heading; all but the first two columns are numbers.
fn aligned(lines: &[Vec<String>]) -> String {
    let width =
        |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0).max(3);
    let widths: Vec<usize> = (0..lines[0].len()).map(width).collect();
    let mut text = String::new();
    for (place, line) in lines.iter().enumerate() {
        let cells = line.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            if column < 2 { format!(" {cell:<width$} |") } else { format!(" {cell:>width$} |") }
        });
        text.push('|');
        text.extend(cells);
        text.push('\n');
        if place == 0 {
            let rules = widths.iter().enumerate().map(|(column, width)| {
                let dashes = "-".repeat(*width);
                if column < 2 { format!(" {dashes} |") } else { format!(" {}: |", &dashes[1..]) }
            });
            text.push('|');
            text.extend(rules);
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_of_the_seeds_is_the_least_recall_and_the_greatest_dimension() {
        let values = [1.0, 2.0, 6.0];
        let spread = Spread::of(&values, Better::Greater);
        assert_eq!((spread.mean, spread.worst, spread.deviation), (3.0, 1.0, 7f64.sqrt()));
        assert_eq!(Spread::of(&values, Better::Less).worst, 6.0);
        assert_eq!(Spread::of(&[2.0], Better::Less).deviation, 0.0);
    }

    #[test]
    fn a_slope_is_that_of_the_nearest_line() {
        assert_eq!(slope(&[(0.0, 1.0), (1.0, 3.0), (2.0, 5.0)]), 2.0);
        assert_eq!(slope(&[(0.0, 0.0), (1.0, 1.0), (2.0, 0.0)]), 0.0);
    }

    #[test]
    fn tables_are_aligned_markdown() {
        let line = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let text = aligned(&[line(["", "", "all"]), line(["climb", "mean", "9.5"])]);
        assert_eq!(text, "|       |      | all |\n| ----- | ---- | --: |\n| climb | mean | 9.5 |\n");
    }
}
