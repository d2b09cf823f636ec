//! Recipes: what a training run does, as data.
//!
//! A method is a recipe and not a code path. Standard training, rebalancing, pretrain-finetune and climb differ only in
//! these settings; the trainer never asks which paper it runs. A recipe states everything: a key that is unknown is an
//! error, and the only keys that may be left out are switches that are then off.

use serde::{Deserialize, Serialize};

use crate::optimiser::Optimiser;
use crate::table::{Score, TableConfig};

pub use text::{BodyConfig, Documents, HeadConfig, LearnFrom, Runs, TextConfig, Towers};
pub use tree::{Centroids, Period, Renew, TreeContrast, TreeFrom};

mod check;
mod text;
mod tree;

/// A whole training run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Everything random follows from it.
    pub seed: u64,
    /// What is trained.
    pub encoder: EncoderConfig,
    /// What queries are learned from; left out, the judgements of the training split.
    #[serde(default = "judgements_alone", skip_serializing_if = "is_judgements_alone")]
    pub learn_from: Vec<LearnFrom>,
    /// How progress is measured on the way.
    pub validation: Validation,
    /// What is done, in order.
    pub stages: Vec<Stage>,
}

/// What is trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EncoderConfig {
    /// A free vector for every query and document.
    Table(TableConfig),
    /// Vectors that follow from texts.
    Text(TextConfig),
}

impl EncoderConfig {
    /// What a score is.
    pub fn score(&self) -> Score {
        match self {
            EncoderConfig::Table(config) => config.score,
            EncoderConfig::Text(config) => config.score,
        }
    }
}

/// Whether a number is the one that may be left out.
pub(crate) fn is_zero<T: Default + PartialEq>(x: &T) -> bool {
    *x == T::default()
}

fn judgements_alone() -> Vec<LearnFrom> {
    vec![LearnFrom::Judgements]
}

fn is_judgements_alone(learn_from: &Vec<LearnFrom>) -> bool {
    *learn_from == judgements_alone()
}

/// How progress is measured on the way.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Validation {
    /// Queries measured: the dev split, or where there is none a sample of the training queries. At most this many.
    pub queries: usize,
    /// Steps between two measurements.
    pub every: usize,
    /// Distance from which a pair is *far*; below it, it is *near*.
    pub far_from: u32,
}

/// A part of a run with one objective.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Shown in logs and progress.
    pub name: String,
    /// Pairs or queries in a step, as the sampling counts.
    pub batch: usize,
    /// Times that all its pairs or queries are gone through; either this or `steps`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epochs: Option<usize>,
    /// Updates of the parameters; either this or `epochs`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<usize>,
    /// Which pairs are drawn.
    pub sampling: Sampling,
    /// Which documents they are told apart from.
    pub negatives: Negatives,
    /// What is minimised.
    pub loss: Loss,
    /// A contrast of siblings in a document tree, minimised with it; left out, there is no tree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tree: Option<TreeContrast>,
    /// How gradients move parameters.
    pub optimiser: Optimiser,
    /// How fast.
    pub rate: Rate,
    /// When it ends before its length; without it, the stage runs to its end and its last state is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub early_stop: Option<EarlyStop>,
}

/// Which pairs a step draws.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Sampling {
    /// Matching pairs as they occur  [HR §4].
    Regular {
        /// What a batch counts.
        by: By,
        /// Queries that stay together in runs of this length along the hierarchy, so that a batch holds siblings;
        /// 0 shuffles them all. Only by query.
        #[serde(default)]
        neighbours: usize,
    },
    /// With probability `p` a regular pair, else one at distance `from` or more  [HR §4].
    Rebalanced {
        /// Share of regular pairs, 0 to 1.
        p: f64,
        /// The least distance of the others.
        from: u32,
    },
    /// Only pairs at distance `from` or more  [HR §4].
    LongOnly {
        /// The least distance.
        from: u32,
        /// What a batch counts.
        by: By,
    },
    /// From near to far: pairs, with replacement, at distances up to a limit that grows evenly over the stage.
    Curriculum {
        /// The limit in the first step.
        near: u32,
        /// Share of the stage after which no pair is too far, above 0 and at most 1.
        until: f64,
    },
    /// Pairs, with replacement, each with a probability in proportion to `(1 + distance)^power`.
    DistanceWeighted {
        /// 0 draws regular pairs, more prefers the far ones, less the near ones; -10 to 10.
        power: f64,
    },
    /// Pairs, with replacement, every distance as likely as any other.
    EvenDistances {},
    /// As they occur, but a batch keeps to one topic: queries whose vectors lie together when the stage begins
    /// [Hofstätter et al., SIGIR 2021, TAS-B]. What is left of topics after their last whole batch shares batches.
    Topics {
        /// What a batch counts.
        by: By,
        /// How many topics, 2 or more, of about one size.
        topics: usize,
    },
}

/// What a batch counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Pairs: a row of the batch is a query with one document.
    Pair,
    /// Queries: a row of the batch is a query with all its documents.
    Query,
}

/// Which documents a step scores, and how they count as negatives.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Negatives {
    /// Where they come from before the additions below.
    pub from: Source,
    /// A document that several rows bring stands once, not several times.
    #[serde(default)]
    pub deduplicate: bool,
    /// Documents known to be relevant to a query are no negatives of it.
    #[serde(default)]
    pub mask_known: bool,
    /// Weigh a negative by p(x)^alpha, p(x) being how often it is drawn: 1 leaves frequent documents as strong as they
    /// come, 0 makes all documents equal (logQ). Left out, every document of the step counts 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alpha: Option<f32>,
    /// Documents drawn uniformly, added to each step.
    #[serde(default)]
    pub uniform: usize,
    /// Siblings of each exact match, added to each step.
    #[serde(default)]
    pub siblings: usize,
    /// Share of ancestors of which one sibling is added, 0 to 1.
    #[serde(default)]
    pub ancestor_siblings: f64,
    /// Documents that look like matches and are none, added to each step; left out, none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mined: Option<Mined>,
}

/// Hard negatives: documents that score high for a query and that nobody judged relevant.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mined {
    /// Whose scores these are; left out, the encoder's.
    #[serde(default = "by_encoder", skip_serializing_if = "is_by_encoder")]
    pub by: MinedBy,
    /// Documents for each query, drawn from its candidates.
    pub each: usize,
    /// Steps after which all documents are scored anew.
    pub every: usize,
    /// Candidates of a query: so many of its best documents that are not known to be relevant.
    pub among: usize,
    /// A candidate must score lower than the query's best exact match by at least this, or it is taken for a match that
    /// nobody judged  [Moreira et al. 2024, NV-Retriever]. A margin below the least difference of scores, such as -2 of
    /// cosines and -1000 of words, passes over none.
    pub margin: f32,
}

/// Who scores documents where hard negatives are mined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MinedBy {
    /// The encoder as it stands  [Xiong et al., ICLR 2021, ANCE].
    Encoder,
    /// [`Bm25`](crate::bm25::Bm25): only documents that share a word with the query  [Karpukhin et al., EMNLP 2020, DPR].
    Words,
}

fn by_encoder() -> MinedBy {
    MinedBy::Encoder
}

fn is_by_encoder(by: &MinedBy) -> bool {
    *by == MinedBy::Encoder
}

/// Where the documents of a step come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The documents of the batch's pairs.
    Batch,
    /// Every document there is.
    Corpus,
}

/// What is minimised.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Loss {
    /// [`corrected_softmax`](crate::loss::corrected_softmax).
    Softmax {
        /// Scores are *divided* by it, in the first step at least.
        temperature: f32,
        /// The temperature at the end of the stage; it changes by the same factor from step to step. Left out, it stays.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        temperature_end: Option<f32>,
        /// Learn the temperature: after every step its logarithm moves down the slope of the loss at this rate, between
        /// [`TEMPERATURES`]. Left out, it stays.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        temperature_rate: Option<f32>,
        /// The loss of a positive at distance d counts `(1 + d)^distance_power`, over the mean of that in its row where
        /// batches count queries, in its batch where they count pairs; -10 to 10. Left out, all count alike.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        distance_power: Option<f64>,
        /// What is divided in place of scores: minus the distance that they stand for. Left out, it is the scores.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        distance: Option<Distance>,
    },
}

/// The least and the greatest temperature that is learned: one that runs away stops here, still finite.
pub const TEMPERATURES: (f32, f32) = (1e-3, 1e4);

/// A distance that a loss may work on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distance {
    /// That of hyperbolic space, by [`hyperbolic_softmax`](crate::loss::hyperbolic_softmax).
    Hyperbolic,
}

/// The learning rate over a stage.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// At the start.
    pub start: f32,
    /// At the end; the rate changes evenly from step to step.
    pub end: f32,
    /// Share of the stage, 0 to 1, over which the rate first rises from 0 to where it would be.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub warm_up: f64,
}

/// Two-sided early stopping: one recall must rise and the other may not fall  [HR §4].
///
/// The state with the highest raised recall, among those that hold the other, is the one that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EarlyStop {
    /// Whose recall must rise.
    pub raise: Part,
    /// Whose recall may not fall, measured from the start of the stage.
    pub hold: Part,
    /// By how much it may fall all the same, 0 to 1.
    pub tolerance: f64,
    /// Measurements in a row without a new best after which the stage ends.
    pub patience: usize,
}

/// A part of the pairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Pairs below the validation's `far_from`.
    Near,
    /// Pairs from there on.
    Far,
    /// All pairs.
    All,
}

/// A recipe that cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum RecipeError {
    /// It is not TOML, a key is unknown or missing, or a value is of the wrong kind.
    #[error("{cause}")]
    Parse {
        /// Line, column and what was expected there.
        #[source]
        cause: toml::de::Error,
    },
    /// A value makes no sense.
    #[error("`{key}` is {found}, expected {expected}")]
    Value {
        /// Where it stands.
        key: String,
        /// What stands there.
        found: String,
        /// What would make sense.
        expected: &'static str,
    },
    /// A setting on the command line does not fit the recipe.
    #[error("--set {setting}: {problem}")]
    Set {
        /// What was asked for.
        setting: String,
        /// Why it cannot be done.
        problem: &'static str,
    },
}

impl Recipe {
    /// Reads a recipe, changes it by settings such as `stages.0.epochs=5`, and checks it.
    ///
    /// # Errors
    /// When the text is not TOML, a key is unknown or missing, a setting names no place, or a value makes no sense.
    pub fn parse(text: &str, settings: &[String]) -> Result<Recipe, RecipeError> {
        let recipe: Recipe = if settings.is_empty() {
            toml::from_str(text).map_err(|cause| RecipeError::Parse { cause })?
        } else {
            let mut table: toml::Table =
                toml::from_str(text).map_err(|cause| RecipeError::Parse { cause })?;
            for setting in settings {
                set(&mut table, setting)?;
            }
            toml::Value::Table(table).try_into().map_err(|cause| RecipeError::Parse { cause })?
        };
        recipe.check()?;
        Ok(recipe)
    }

    /// Takes another seed, where one is given.
    ///
    /// # Errors
    /// When TOML cannot hold it.
    pub fn reseed(&mut self, seed: Option<u64>) -> Result<(), RecipeError> {
        self.seed = seed.unwrap_or(self.seed);
        self.check()
    }

    /// Takes another width of the vectors of a table; other encoders have that of their network or head.
    pub fn set_dim(&mut self, dim: usize) {
        if let EncoderConfig::Table(config) = &mut self.encoder {
            config.dim = dim;
        }
    }

    /// Whether documents are learned from by themselves, so that nobody need have asked anything.
    pub fn learns_from_documents(&self) -> bool {
        self.learn_from.iter().any(LearnFrom::is_made_of_documents)
    }

    /// The contrast of siblings of the last stage that has one.
    pub fn last_tree(&self) -> Option<TreeContrast> {
        self.stages.iter().rev().find_map(|stage| stage.tree)
    }

    /// The recipe as TOML, as [`Recipe::parse`] reads it.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("a recipe has only values that TOML can hold")
    }
}

impl Stage {
    /// Steps of the stage, given those of an epoch.
    pub(crate) fn n_steps(&self, per_epoch: usize) -> usize {
        match (self.steps, self.epochs) {
            (Some(steps), _) => steps,
            (None, epochs) => epochs.expect("a checked stage has a length").saturating_mul(per_epoch),
        }
    }
}

/// Changes one value: `a.0.b=value`, the value written as in TOML (a bare word is a string).
fn set(table: &mut toml::Table, setting: &str) -> Result<(), RecipeError> {
    let fail = |problem| RecipeError::Set { setting: setting.to_owned(), problem };
    let (path, text) = setting.split_once('=').ok_or_else(|| fail("expected KEY=VALUE"))?;
    let parsed = toml::from_str::<toml::Table>(&format!("value = {text}"));
    let value = match parsed {
        Ok(mut one) => one.remove("value").expect("the key was just written"),
        Err(_) => toml::Value::String(text.to_owned()),
    };
    let (parents, last) = path.rsplit_once('.').map_or((None, path), |(parents, last)| (Some(parents), last));
    let mut place = table;
    let mut names = parents.into_iter().flat_map(|p| p.split('.')).peekable();
    while let Some(name) = names.next() {
        let inner = place.get_mut(name).ok_or_else(|| fail("no such table in the recipe"))?;
        place = match inner {
            toml::Value::Table(inner) => inner,
            toml::Value::Array(list) => {
                let number = names.next().and_then(|n| n.parse::<usize>().ok());
                let number = number.ok_or_else(|| fail("expected a number after the name of a list"))?;
                let entry =
                    list.get_mut(number).ok_or_else(|| fail("the list has no entry of that number"))?;
                entry.as_table_mut().ok_or_else(|| fail("the entry is not a table"))?
            }
            _ => return Err(fail("expected a table before the last name")),
        };
    }
    // A stage has one length: setting it in epochs replaces a length in steps, and the other way round.
    for (one, other) in [("epochs", "steps"), ("steps", "epochs")] {
        if last == one {
            place.remove(other);
        }
    }
    place.insert(last.to_owned(), value);
    Ok(())
}

#[cfg(test)]
mod tests;
