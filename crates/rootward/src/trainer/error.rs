//! Why a run cannot go on: what it was given does not fit, or its numbers ceased to be numbers.

use crate::doc_tree::TreeError;
use crate::encoder::EncodeError;
use crate::eval::EvalError;
use crate::loss::LossError;
use crate::sampling::NothingToDraw;
use crate::tensors::TensorError;

/// A run cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The data set has no training pairs.
    #[error("data set `{name}` has no training queries: expected {expected}")]
    NoPairs {
        /// The data set.
        name: String,
        /// Where they could come from.
        expected: &'static str,
    },
    /// The tree of a stage is to be a hierarchy that there is not.
    #[error(
        "the tree of stage `{stage}` is to be the hierarchy of data set `{name}`, which has none; add a hierarchy.tsv, or grow the tree from clusters: tree.from = \"clusters\""
    )]
    NoHierarchy {
        /// The data set.
        name: String,
        /// The stage.
        stage: String,
    },
    /// A stage has nothing to draw.
    #[error(transparent)]
    Draw(#[from] NothingToDraw),
    /// No document tree can be grown.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The encoder has no vector for an input.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The loss could not be computed.
    #[error("stage {stage} (`{name}`), step {step}: {cause}")]
    Loss {
        /// Place of the stage in the recipe.
        stage: usize,
        /// Its name.
        name: String,
        /// The step that failed, counted from 1 as the report does.
        step: usize,
        /// Why.
        #[source]
        cause: LossError,
    },
    /// Recall could not be measured.
    #[error("stage {stage} (`{name}`), after step {step}: {cause}")]
    Measure {
        /// Place of the stage in the recipe.
        stage: usize,
        /// Its name.
        name: String,
        /// Steps taken in the stage.
        step: usize,
        /// Why.
        #[source]
        cause: EvalError,
    },
    /// Parameters are no numbers any more: such a state is worth no checkpoint.
    #[error(
        "stage {stage} (`{name}`), after step {step}: row {row} of `{tensor}` is not finite: the training diverged; lower the learning rate or raise the temperature"
    )]
    Diverged {
        /// Place of the stage in the recipe.
        stage: usize,
        /// Its name.
        name: String,
        /// Steps taken in the stage.
        step: usize,
        /// The first parameters that hold such a number.
        tensor: String,
        /// The row of the first of them.
        row: usize,
    },
    /// A checkpoint does not fit the encoder.
    #[error("the checkpoint does not fit this run: {0}")]
    Tensors(#[from] TensorError),
    /// A checkpoint was made by another recipe.
    #[error(
        "the checkpoint was made by another recipe; give the recipe it was started with (`recipe.toml` beside it), or train into another folder"
    )]
    OtherRecipe,
    /// A checkpoint was made on other data.
    #[error(
        "the checkpoint was made on other data than `{name}` is now; give the data set it was started with, or train into another folder"
    )]
    OtherData {
        /// The data set that was given.
        name: String,
    },
    /// Early stopping watches far pairs that are not there.
    #[error(
        "stage `{stage}` watches recall of pairs at distance {far_from} or more, the farthest validation pair is at {farthest}; lower validation.far_from"
    )]
    NothingFar {
        /// Name of the stage.
        stage: String,
        /// Where far begins.
        far_from: u32,
        /// The greatest distance there is.
        farthest: usize,
    },
    /// A checkpoint's own account of where it stands cannot be read.
    #[error("the checkpoint does not say where the run stood: {cause}")]
    Progress {
        /// What is wrong with it.
        #[source]
        cause: serde_json::Error,
    },
}

impl TrainError {
    /// Whether the numbers of the run ceased to be numbers: the same recipe would come to the same end again.
    pub fn is_divergence(&self) -> bool {
        match self {
            TrainError::Loss { cause, .. } => {
                matches!(cause, LossError::Vector { .. } | LossError::Diverged { .. })
            }
            TrainError::Measure { cause, .. } => matches!(cause, EvalError::Nan { .. }),
            TrainError::Diverged { .. } => true,
            _ => false,
        }
    }
}
