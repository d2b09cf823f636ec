//! What a run tells of itself, piece of work by piece of work: the lines of a report.

use serde::{Deserialize, Serialize};

use super::{Ended, Measured};

/// What a trainer has just done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A stage begins.
    Stage {
        /// Its place in the recipe.
        stage: usize,
        /// Its name.
        name: String,
        /// Steps that it lasts, unless it is stopped early.
        steps: usize,
    },
    /// Hard negatives were mined for the steps to come.
    Mined {
        /// Place of the stage in the recipe.
        stage: usize,
        /// Steps taken in the stage.
        step: usize,
        /// Documents drawn for all queries of these steps together.
        documents: usize,
        /// Candidates that scored too near an exact match.
        passed_over: usize,
    },
    /// The document tree was brought up to the encoder as it stands.
    Tree {
        /// Place of the stage in the recipe.
        stage: usize,
        /// Steps taken in the stage.
        step: usize,
        /// Nodes of the tree.
        nodes: usize,
        /// Levels below its root, that of the documents not counted.
        depth: usize,
        /// Nodes that go on from the tree before.
        continued: usize,
        /// Mean cosine of the documents with the centroid of their leaf.
        #[serde(default)]
        cosine: f64,
        /// Share of the documents whose best leaf was no longer theirs; left out of the first tree.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        drift: Option<f64>,
    },
    /// The parameters were updated once.
    Step {
        /// Place of the stage in the recipe.
        stage: usize,
        /// Steps taken in the stage, this one included.
        step: usize,
        /// Mean loss of the batch before the update.
        loss: f64,
        /// What the contrast of siblings has in it, where there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        contrast: Option<f64>,
        /// Learning rate of the update.
        rate: f32,
        /// What the scores were divided by, where that changes from step to step.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        temperature: Option<f32>,
        /// Queries of the batch.
        queries: usize,
        /// Documents of the batch.
        documents: usize,
    },
    /// Recall was measured on the validation queries.
    Recall {
        /// Place of the stage in the recipe.
        stage: usize,
        /// Steps taken in the stage.
        step: usize,
        /// What was measured.
        #[serde(flatten)]
        measured: Measured,
        /// Whether this is the state to keep, as far as early stopping knows.
        best: bool,
    },
    /// A stage ended.
    StageEnd {
        /// Its place in the recipe.
        stage: usize,
        /// Why it ended.
        reason: Ended,
        /// The step whose state was kept.
        kept: usize,
    },
}
