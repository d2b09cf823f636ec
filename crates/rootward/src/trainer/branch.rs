//! Runs that begin alike: what several recipes have in common is trained once.
//!
//! A checkpoint at the end of a stage holds parameters and nothing of an optimiser, and every random number is named by
//! the seed, the stage and the step. So it is a point of *every* run whose recipe is the same up to there, and each of
//! them goes on from it to the same bits as if it had trained those stages itself.

use super::{Next, PROGRESS, Progress, RECIPE, TrainError, Trainer};
use crate::encoder::Trainable;
use crate::recipe::Recipe;
use crate::tensors::Tensors;

impl Trainer<'_> {
    /// Goes on where another run ended a stage, its recipe being the same up to there.
    ///
    /// # Errors
    /// When the checkpoint was not taken at the end of a stage, its recipe differs in the seed, the encoder, the
    /// validation or a stage up to there, or it was made on other data.
    pub fn branch(&mut self, checkpoint: &Tensors) -> Result<(), TrainError> {
        let note = |name: &str| checkpoint.notes.get(name).map_or("", String::as_str);
        let progress: Progress =
            serde_json::from_str(note(PROGRESS)).map_err(|cause| TrainError::Progress { cause })?;
        let up_to_there = |recipe: &Recipe| {
            let mut recipe = recipe.clone();
            recipe.stages.truncate(progress.stage);
            recipe
        };
        let other = Recipe::parse(note(RECIPE), &[]).map_err(|_| TrainError::OtherRecipe)?;
        let between = matches!(progress.next, Next::StartStage | Next::Nothing);
        if !between || up_to_there(&other) != up_to_there(&self.recipe) {
            return Err(TrainError::OtherRecipe);
        }
        let more = progress.stage < self.recipe.stages.len();
        let next = if more { Next::StartStage } else { Next::Nothing };
        let progress = Progress { next, ..progress };
        let mut own = checkpoint.clone();
        let text = serde_json::to_string(&progress).expect("progress is plain data");
        own.notes.insert(PROGRESS.to_owned(), text);
        own.notes.insert(RECIPE.to_owned(), self.recipe.to_toml());
        self.resume(&own)
    }

    /// What was trained, as it stands; the run ends here.
    pub fn into_encoder(self) -> Box<dyn Trainable> {
        self.encoder
    }
}
