//! The model card: `README.md` in every model folder, for whoever finds the folder and not the one who made it.
//!
//! It says what the model is, on what, by which command and in what time it was trained, and what the last validation
//! saw. Whatever is not known is left out or said to be unknown: a card never guesses. Measurements of later come in as
//! sections of their own.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use rootward::diagnosis::Course;
use rootward::digits::grouped;
use rootward::model::TrainedOn;
use rootward::recipe::{BodyConfig, Documents, EncoderConfig, Loss, Recipe, TextConfig, Towers};
use rootward::table::Score;
use rootward::trainer::{Ended, Event};

pub(crate) mod section;

/// Name of the card in a model's folder.
pub(crate) const CARD: &str = "README.md";

/// What is known of a model when its training ends.
pub(crate) struct Card<'a> {
    /// What it was trained on.
    pub(crate) trained_on: TrainedOn,
    /// Edges of the hierarchy of that.
    pub(crate) edges: usize,
    /// How it was trained.
    pub(crate) recipe: &'a Recipe,
    /// Under which name the recipe was given.
    pub(crate) recipe_name: &'a str,
    /// Numbers in a vector.
    pub(crate) dim: usize,
    /// The command line that made it.
    pub(crate) command: String,
    /// The day it was made.
    pub(crate) day: String,
    /// What the training took; none where a checkpoint did not say.
    pub(crate) spent: Option<Spent>,
    /// Everything the training did; none where the report of it cannot be read.
    pub(crate) events: Option<Vec<Event>>,
    /// What recall was measured on.
    pub(crate) validated: Asked,
}

/// What a training took, over all the processes that had a part in it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Spent {
    /// Seconds of the work that the model is made of; work that was lost with a killed process is not in them.
    pub(crate) seconds: f64,
    /// Processes, each of which went on from a checkpoint of the one before.
    pub(crate) runs: usize,
}

/// Queries that something was measured on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// All of them.
    pub(crate) queries: usize,
    /// Those that are trained too.
    pub(crate) trained: usize,
}

/// Where the card of a model is.
pub(crate) fn path(folder: &Path) -> PathBuf {
    folder.join(CARD)
}

/// Today, in UTC, as `2026-01-31`.
pub(crate) fn today() -> String {
    // A clock that stands before 1970 is told as that year.
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    day(since.as_secs() / (24 * 60 * 60))
}

/// The date so many days after 1970-01-01.
fn day(mut days: u64) -> String {
    let leap = |year: u64| year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    let mut year = 1970;
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let mut month = 1;
    for length in [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    format!("{year}-{month:02}-{:02}", days + 1)
}

/// The card as Markdown.
pub(crate) fn page(card: &Card<'_>) -> String {
    let Card { trained_on, recipe, .. } = card;
    let mut text = String::from(FRONT);
    let name = plain(&trained_on.name);
    add(&mut text, format_args!("# A dual encoder for {name}\n\n"));
    text.push_str(
        "Made by `rootward`: a query finds its exact match and every ancestor of it among the documents.\n\n",
    );
    let facts = [
        ("encoder", encoder(&recipe.encoder)),
        ("vectors", format!("{} numbers, {}", card.dim, score(&recipe.encoder))),
        ("trained on", data(trained_on, card.edges)),
        ("recipe", format!("`{}`, as it was run in `recipe.toml`", plain(card.recipe_name))),
        ("seed", recipe.seed.to_string()),
        ("training", training(card.events.as_deref(), card.spent)),
        ("made", format!("{}, by rootward {}", card.day, env!("CARGO_PKG_VERSION"))),
    ];
    text.push_str("| | |\n|---|---|\n");
    facts.iter().for_each(|(key, value)| add(&mut text, format_args!("| {key} | {value} |\n")));
    add(&mut text, format_args!("\n## Made by\n\n{}", fenced(&card.command)));
    if let Some(events) = &card.events {
        add(&mut text, format_args!("\n## Stages\n\n{}", stages(recipe, events)));
    }
    if let Some(course) = card.events.clone().and_then(Course::of) {
        let heads = (0..course.last.by_distance.len()).map(|distance| distance.to_string());
        let shares = course.last.by_distance.iter().chain([&course.last.recall]);
        text.push_str("\n## Last validation\n\n");
        add(&mut text, format_args!("Recall in % by distance, on {}\n\n", card.validated.words("trained")));
        let heads: Vec<String> = heads.chain([String::from("all")]).collect();
        let shares: Vec<String> = shares.map(|share| percent(*share)).collect();
        text.push_str(&table("distance", &heads, &[("recall", shares)]));
    }
    text.push_str(match &recipe.encoder {
        EncoderConfig::Text(config) if matches!(config.documents, Documents::Encoded {}) => USE_ANY,
        EncoderConfig::Text(_) => USE_TEXTS,
        EncoderConfig::Table(_) => USE_TABLE,
    });
    text
}

/// What model hubs read; no more than is true of every model.
const FRONT: &str = "---\nlibrary_name: rootward\ntags:\n- dual-encoder\n- hierarchical-retrieval\n---\n\n";

const USE_ANY: &str = "
## Use

It reads queries and documents: DATA is any data set, MODEL this folder.

```sh
rootward eval --data DATA --model MODEL --card
rootward search --data DATA --model MODEL 'any words'
rootward encode --model MODEL --data DATA --side documents --out vectors.npy
```
";

const USE_TEXTS: &str = "
## Use

It reads queries, and has a vector for each document that it was trained on: DATA is a data set with these documents,
MODEL this folder.

```sh
rootward eval --data DATA --model MODEL --card
rootward search --data DATA --model MODEL 'any words'
rootward encode --model MODEL --data DATA --side documents --out vectors.npy
```
";

const USE_TABLE: &str = "
## Use

It has vectors for the queries and documents that it was trained on and for no others: DATA is that data set, MODEL this
folder.

```sh
rootward eval --data DATA --model MODEL --card
rootward search --data DATA --model MODEL QUERY
```
";

impl Asked {
    /// How many queries these are, how many of them are `trained`, and what a number on them shows.
    pub(crate) fn words(self, trained: &str) -> String {
        let Asked { queries, trained: n } = self;
        let all = grouped(queries);
        match n {
            0 => format!("{all} queries, none of them {trained}."),
            _ if n == queries => format!(
                "{all} queries, all of them {trained} too: this shows fit, not what to expect of others."
            ),
            _ => format!("{all} queries, {} of them {trained} too.", grouped(n)),
        }
    }
}

fn encoder(config: &EncoderConfig) -> String {
    match config {
        EncoderConfig::Table(_) => String::from("a table: a free vector for every query and every document"),
        EncoderConfig::Text(TextConfig { body, towers, head, documents, .. }) => {
            let body = match body {
                BodyConfig::Static { from, .. } => format!("token vectors that began as `{}`", plain(from)),
                BodyConfig::Transformer { from, .. } => {
                    format!("a Transformer that began as `{}`", plain(from))
                }
            };
            let towers = match towers {
                Towers::One => "the same for both sides",
                Towers::Two => "for each side its own",
            };
            let head = head.map_or(String::new(), |head| format!("; heads of {} numbers", head.dim));
            let documents = match documents {
                Documents::Encoded {} => "documents are encoded",
                Documents::Table { .. } => "documents have free vectors",
                Documents::Both { .. } => "documents are encoded and have free vectors, which are added",
            };
            format!("{body}, {towers}{head}; {documents}")
        }
    }
}

fn score(config: &EncoderConfig) -> &'static str {
    let (EncoderConfig::Table(rootward::table::TableConfig { score, .. })
    | EncoderConfig::Text(TextConfig { score, .. })) = config;
    match score {
        Score::Dot => "compared by inner product",
        Score::Cosine => "of length 1, compared by inner product",
        Score::Hyperbolic => "of hyperbolic space, compared by Lorentzian product",
    }
}

fn data(trained_on: &TrainedOn, edges: usize) -> String {
    let TrainedOn { name, queries, documents, fingerprint, .. } = trained_on;
    let (documents, edges, queries) = (grouped(*documents), grouped(edges), grouped(*queries));
    let name = plain(name);
    format!("`{name}`: {documents} documents, {edges} edges, {queries} queries; fingerprint {fingerprint}")
}

fn training(events: Option<&[Event]>, spent: Option<Spent>) -> String {
    let taken = |events: &[Event]| events.iter().filter(|event| matches!(event, Event::Step { .. })).count();
    let steps = events.map_or(String::new(), |events| format!("{} steps in ", grouped(taken(events))));
    match spent {
        Some(Spent { seconds, runs: 1 }) => format!("{steps}{seconds:.1} s"),
        Some(Spent { seconds, runs }) => {
            format!("{steps}{seconds:.1} s, in {runs} runs that went on from each other")
        }
        None => format!("{steps}an unknown time: it was resumed from a checkpoint that does not tell it"),
    }
}

/// A row for each stage: what it was to do, and what it did.
fn stages(recipe: &Recipe, events: &[Event]) -> String {
    let mut text = String::from("| stage | batch | rate | temperature | steps | ended by | kept |\n");
    text.push_str("|---|---|---|---|---|---|---|\n");
    for (place, stage) in recipe.stages.iter().enumerate() {
        let ended = events.iter().find_map(|event| match event {
            Event::StageEnd { stage, reason, kept } if *stage == place => Some((*reason, *kept)),
            _ => None,
        });
        let taken =
            events.iter().filter(|event| matches!(event, Event::Step { stage, .. } if *stage == place));
        let (reason, kept) = ended.map_or(("", 0), |(reason, kept)| (ended_by(reason), kept));
        let Loss::Softmax { temperature, temperature_end, temperature_rate, .. } = stage.loss;
        let temperature = match (temperature_end, temperature_rate) {
            (_, Some(_)) => format!("{temperature}, learned"),
            (Some(end), None) => format!("{temperature} to {end}"),
            (None, None) => temperature.to_string(),
        };
        let (name, batch, rate) = (plain(&stage.name), grouped(stage.batch), stage.rate);
        let (taken, kept) = (grouped(taken.count()), grouped(kept));
        add(
            &mut text,
            format_args!(
                "| {name} | {batch} | {} to {} | {temperature} | {taken} | {reason} | step {kept} |\n",
                rate.start, rate.end
            ),
        );
    }
    text
}

fn ended_by(reason: Ended) -> &'static str {
    match reason {
        Ended::Length => "its length",
        Ended::NotRising => "recall that no longer rose",
        Ended::Forgetting => "forgetting",
    }
}

/// A table with a column for each head, its rows named in the first column.
fn table(corner: &str, heads: &[String], rows: &[(&str, Vec<String>)]) -> String {
    let line = |name: &str, cells: &[String]| format!("| {name} | {} |\n", cells.join(" | "));
    let rule = format!("|{}\n", "---|".repeat(heads.len() + 1));
    let rows = rows.iter().map(|(name, cells)| line(name, cells));
    [line(corner, heads), rule].into_iter().chain(rows).collect()
}

/// A command as a block that can be copied, whatever is quoted in it.
fn fenced(command: &str) -> String {
    let ticks = command.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(ticks.max(2) + 1);
    format!("{fence}sh\n{command}\n{fence}\n")
}

/// A name that breaks neither a line, nor a table, nor a span of code.
fn plain(name: &str) -> String {
    name.replace(|c: char| c.is_control(), " ").replace('`', "'").replace('|', "/")
}

fn percent(share: f64) -> String {
    format!("{:.1}", 100.0 * share)
}

fn add(text: &mut String, words: std::fmt::Arguments<'_>) {
    text.write_fmt(words).expect("a string takes all text");
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use rootward::trainer::Measured;

    use super::*;
    use crate::builtin::read_recipe;

    fn check(recipe_name: &str, spent: Option<Spent>, trained: usize, expected: &Expect) {
        let recipe = read_recipe(Path::new(recipe_name), &[]).unwrap();
        let measured = Measured { recall: 0.75, near: 1.0, far: 0.5, by_distance: vec![1.0, 0.5] };
        let rest = (1..recipe.stages.len()).flat_map(|stage| {
            let name = recipe.stages[stage].name.clone();
            [
                Event::Stage { stage, name, steps: 1 },
                Event::StageEnd { stage, reason: Ended::Forgetting, kept: 0 },
            ]
        });
        let step = Event::Step {
            stage: 0,
            step: 1,
            loss: 0.5,
            contrast: None,
            rate: 0.1,
            temperature: None,
            queries: 4,
            documents: 3,
        };
        let events = [
            Event::Stage { stage: 0, name: recipe.stages[0].name.clone(), steps: 1 },
            step,
            Event::Recall { stage: 0, step: 1, measured, best: false },
            Event::StageEnd { stage: 0, reason: Ended::Length, kept: 1 },
        ];
        let (fingerprint, corpus) = (String::from("0a1b2c3d"), String::from("00000001"));
        let found = page(&Card {
            trained_on: TrainedOn {
                name: "a|`shop`".to_owned(),
                queries: 1200,
                documents: 3,
                fingerprint,
                corpus,
            },
            edges: 2,
            recipe: &recipe,
            recipe_name,
            dim: 64,
            command: "rootward train --data 'a ```shop'".to_owned(),
            day: day(20_779),
            spent,
            events: Some(events.into_iter().chain(rest).collect()),
            validated: Asked { queries: 4, trained },
        });
        expected.assert_eq(&found);
    }

    #[test]
    fn a_table_is_described_with_its_stages_and_its_fit() {
        let spent = Some(Spent { seconds: 12.34, runs: 1 });
        check(
            "pretrain-finetune",
            spent,
            4,
            &expect![[r#"
                ---
                library_name: rootward
                tags:
                - dual-encoder
                - hierarchical-retrieval
                ---

                # A dual encoder for a/'shop'

                Made by `rootward`: a query finds its exact match and every ancestor of it among the documents.

                | | |
                |---|---|
                | encoder | a table: a free vector for every query and every document |
                | vectors | 64 numbers, compared by inner product |
                | trained on | `a/'shop'`: 3 documents, 2 edges, 1,200 queries; fingerprint 0a1b2c3d |
                | recipe | `pretrain-finetune`, as it was run in `recipe.toml` |
                | seed | 7 |
                | training | 1 steps in 12.3 s |
                | made | 2026-11-22, by rootward 0.1.0 |

                ## Made by

                ````sh
                rootward train --data 'a ```shop'
                ````

                ## Stages

                | stage | batch | rate | temperature | steps | ended by | kept |
                |---|---|---|---|---|---|---|
                | pretrain | 4,096 | 2 to 0.6 | 20 | 1 | its length | step 1 |
                | finetune | 4,096 | 0.08 to 0.02 | 500 | 0 | forgetting | step 0 |

                ## Last validation

                Recall in % by distance, on 4 queries, all of them trained too: this shows fit, not what to expect of others.

                | distance | 0 | 1 | all |
                |---|---|---|---|
                | recall | 100.0 | 50.0 | 75.0 |

                ## Use

                It has vectors for the queries and documents that it was trained on and for no others: DATA is that data set, MODEL this
                folder.

                ```sh
                rootward eval --data DATA --model MODEL --card
                rootward search --data DATA --model MODEL QUERY
                ```
            "#]],
        );
    }

    #[test]
    fn an_encoder_of_texts_says_where_its_vectors_come_from() {
        check(
            "text-climb",
            Some(Spent { seconds: 60.0, runs: 3 }),
            1,
            &expect![[r#"
                ---
                library_name: rootward
                tags:
                - dual-encoder
                - hierarchical-retrieval
                ---

                # A dual encoder for a/'shop'

                Made by `rootward`: a query finds its exact match and every ancestor of it among the documents.

                | | |
                |---|---|
                | encoder | token vectors that began as `builtin`, for each side its own; documents are encoded and have free vectors, which are added |
                | vectors | 64 numbers, of length 1, compared by inner product |
                | trained on | `a/'shop'`: 3 documents, 2 edges, 1,200 queries; fingerprint 0a1b2c3d |
                | recipe | `text-climb`, as it was run in `recipe.toml` |
                | seed | 7 |
                | training | 1 steps in 60.0 s, in 3 runs that went on from each other |
                | made | 2026-11-22, by rootward 0.1.0 |

                ## Made by

                ````sh
                rootward train --data 'a ```shop'
                ````

                ## Stages

                | stage | batch | rate | temperature | steps | ended by | kept |
                |---|---|---|---|---|---|---|
                | climb | 256 | 0.002 to 0 | 0.1 to 0.03 | 1 | its length | step 1 |

                ## Last validation

                Recall in % by distance, on 4 queries, 1 of them trained too.

                | distance | 0 | 1 | all |
                |---|---|---|---|
                | recall | 100.0 | 50.0 | 75.0 |

                ## Use

                It reads queries, and has a vector for each document that it was trained on: DATA is a data set with these documents,
                MODEL this folder.

                ```sh
                rootward eval --data DATA --model MODEL --card
                rootward search --data DATA --model MODEL 'any words'
                rootward encode --model MODEL --data DATA --side documents --out vectors.npy
                ```
            "#]],
        );
    }

    #[test]
    fn a_time_that_is_not_known_is_not_made_up() {
        assert_eq!(
            training(None, None),
            "an unknown time: it was resumed from a checkpoint that does not tell it"
        );
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        let days =
            [(0, "1970-01-01"), (11_016, "2000-02-29"), (11_017, "2000-03-01"), (19_722, "2023-12-31")];
        for (since, expected) in days {
            assert_eq!(day(since), expected);
        }
    }
}
