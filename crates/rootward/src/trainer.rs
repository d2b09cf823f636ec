//! The training loop, one event at a time.
//!
//! [`Trainer::advance`] does the next piece of work and says what it was: a stage began, a step was taken, recall was
//! measured, a stage ended. Whoever drives it decides what to show, when to save a [`Trainer::checkpoint`] and when to
//! stop; the trainer itself reads no clock and opens no file. Between two events its whole state is a position, the
//! encoder's tensors and a few numbers, so a checkpoint taken anywhere continues to the same losses, bit for bit.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::bm25::Bm25;
use crate::dataset::{Dataset, Split};
use crate::encoder::{Input, Keep, Side, Trainable};
use crate::eval::{EvalError, Judge, Names, Truth, Vectors, evaluate};
use crate::ids::QueryIdx;
use crate::loss::Scratch;
use crate::pairs::Pairs;
use crate::random::{Purpose, stream};
use crate::recipe::{Part, Rate, Recipe, Stage, TreeContrast, TreeFrom};
use crate::sampling::{NothingToDraw, Sampler};
use crate::tensors::Tensors;

mod branch;
mod contrast;
mod early_stop;
mod error;
mod event;
mod mining;
mod own_loss;
mod temperature;
mod topics;

use contrast::{Grown, Renewed};
pub use early_stop::{Ended, Measured};
use early_stop::{StopState, Verdict};
pub use error::TrainError;
pub use event::Event;
use mining::HardNegatives;
use own_loss::{first_rows, softmax};
use topics::Topics;

/// Trains one encoder on one data set by one recipe.
pub struct Trainer<'a> {
    encoder: Box<dyn Trainable>,
    data: &'a Dataset,
    train: &'a Pairs,
    names: &'a Names<'a>,
    recipe: Recipe,
    validation: Pairs,
    sampler: Option<Sampler<'a>>,
    scratch: Scratch,
    progress: Progress,
    best: Option<Tensors>,
    hard: HardNegatives,
    grown: Option<Grown>,
    topics: Topics,
    /// The words of all documents, once a stage mines by them.
    words: Option<Bm25>,
    /// See [`Trainer::measure_to_stop_alone`].
    measures_to_stop_alone: bool,
}

/// Where a run stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Place of the stage in the recipe.
    pub stage: usize,
    /// Steps taken in the stage.
    pub step: usize,
    /// Events that [`Trainer::advance`] has returned.
    pub events: usize,
    /// The temperature as the stage has learned it so far; `None` where it is not learned.
    pub learned_temperature: Option<f64>,
    next: Next,
    stop: StopState,
}

/// What the next call does.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Next {
    StartStage,
    Step,
    Measure,
    EndStage(Ended),
    Nothing,
}

impl Next {
    /// What follows a step of a stage of so many that nothing ends earlier.
    fn after(step: usize, steps: usize) -> Self {
        if step >= steps { Next::EndStage(Ended::Length) } else { Next::Step }
    }
}

impl<'a> Trainer<'a> {
    /// A run at its beginning. `train` are the training pairs of `data`, `names` its ids.
    ///
    /// # Errors
    /// When there are no pairs to train on, or early stopping watches far pairs and there are none.
    pub fn new(
        encoder: Box<dyn Trainable>,
        data: &'a Dataset,
        train: &'a Pairs,
        names: &'a Names<'a>,
        recipe: Recipe,
    ) -> Result<Self, TrainError> {
        if train.n_pairs() == 0 {
            let expected = if recipe.learns_from_documents() {
                "what learn_from names, which may be documents with titles, synonyms or runs of enough words, or judgements \
                 above 0 in qrels/train.tsv"
            } else {
                "judgements above 0 in qrels/train.tsv, or a hierarchy without queries"
            };
            return Err(TrainError::NoPairs { name: data.name.clone(), expected });
        }
        let of_hierarchy = |stage: &&Stage| stage.tree.is_some_and(|tree| tree.from == TreeFrom::Hierarchy);
        if let Some(stage) = recipe.stages.iter().find(of_hierarchy).filter(|_| data.hierarchy.n_edges() == 0)
        {
            return Err(TrainError::NoHierarchy { name: data.name.clone(), stage: stage.name.clone() });
        }
        let validation = validation_pairs(data, train, &recipe, encoder.reads_texts(Side::Query));
        let (far_from, farthest) =
            (recipe.validation.far_from, validation.by_distance().len().saturating_sub(1));
        let watches_far = |stage: &&Stage| {
            stage.early_stop.is_some_and(|stop| stop.raise == Part::Far || stop.hold == Part::Far)
        };
        if let Some(stage) = recipe.stages.iter().find(watches_far).filter(|_| farthest < far_from as usize) {
            return Err(TrainError::NothingFar { stage: stage.name.clone(), far_from, farthest });
        }
        let next = Next::StartStage;
        let stop = StopState::default();
        let progress = Progress { stage: 0, step: 0, events: 0, learned_temperature: None, next, stop };
        let (sampler, scratch, best, hard) = (None, Scratch::default(), None, HardNegatives::default());
        Ok(Trainer {
            encoder,
            data,
            train,
            names,
            recipe,
            validation,
            sampler,
            scratch,
            progress,
            best,
            hard,
            grown: None,
            topics: Topics::default(),
            words: None,
            measures_to_stop_alone: false,
        })
    }

    /// Measures in stages that may stop early alone, which changes nothing of what is learned: for what is measured in
    /// another way when it is trained. Measuring encodes the whole corpus.
    pub fn measure_to_stop_alone(&mut self) {
        self.measures_to_stop_alone = true;
    }

    /// Goes on where a checkpoint was taken.
    ///
    /// # Errors
    /// When the checkpoint was made by another recipe or for another encoder, or is incomplete.
    pub fn resume(&mut self, checkpoint: &Tensors) -> Result<(), TrainError> {
        let note = |name: &str| checkpoint.notes.get(name).map_or("", String::as_str);
        if note(RECIPE) != self.recipe.to_toml() {
            return Err(TrainError::OtherRecipe);
        }
        if note(DATA) != self.data.fingerprint().to_string() {
            return Err(TrainError::OtherData { name: self.data.name.clone() });
        }
        let progress: Progress =
            serde_json::from_str(note(PROGRESS)).map_err(|cause| TrainError::Progress { cause })?;
        if let Some(stage) = self.recipe.stages.get(progress.stage) {
            self.encoder.start_optimiser(stage.optimiser);
        }
        self.encoder.restore(&checkpoint.nested(ENCODER).unwrap_or_default())?;
        self.best = checkpoint.nested(BEST);
        let hard = checkpoint.nested(HARD);
        self.hard = hard.map_or(Ok(HardNegatives::default()), |hard| HardNegatives::from_tensors(&hard))?;
        self.grown = None;
        if let Some(tree) = checkpoint.nested(TREE) {
            let optimiser = self.recipe.stages[progress.stage.min(self.recipe.stages.len() - 1)].optimiser;
            self.grown = Some(Grown::from_tensors(&tree, self.recipe.encoder.score(), optimiser)?);
        }
        let topics = checkpoint.nested(TOPICS);
        self.topics = topics.map_or(Ok(Topics::default()), |topics| Topics::from_tensors(&topics))?;
        self.sampler = None;
        self.progress = progress;
        Ok(())
    }

    /// Everything needed to go on from here: see [`Trainer::resume`].
    ///
    /// # Errors
    /// When a parameter is not finite: an earlier checkpoint is then the better one.
    pub fn checkpoint(&self) -> Result<Tensors, TrainError> {
        let mut checkpoint = Tensors::default();
        // Between two stages the optimiser has nothing to remember: the next stage starts its own.
        let keep = match self.progress.next {
            Next::StartStage | Next::Nothing => Keep::Model,
            Next::Step | Next::Measure | Next::EndStage(_) => Keep::Training,
        };
        checkpoint.nest(ENCODER, self.encoder.tensors(keep));
        if let Some(best) = &self.best {
            checkpoint.nest(BEST, best.clone());
        }
        if let Some(grown) = &self.grown {
            checkpoint.nest(TREE, grown.tensors(keep));
        }
        self.check_finite(&checkpoint)?;
        if self.recipe.stages.get(self.progress.stage).is_some_and(|stage| stage.negatives.mined.is_some()) {
            checkpoint.nest(HARD, self.hard.tensors());
        }
        if self.topics != Topics::default() {
            checkpoint.nest(TOPICS, self.topics.tensors());
        }
        let progress = serde_json::to_string(&self.progress).expect("progress is plain data");
        checkpoint.notes.insert(PROGRESS.to_owned(), progress);
        checkpoint.notes.insert(RECIPE.to_owned(), self.recipe.to_toml());
        checkpoint.notes.insert(DATA.to_owned(), self.data.fingerprint().to_string());
        Ok(checkpoint)
    }

    /// What recall is measured on during training.
    pub fn validation(&self) -> &Pairs {
        &self.validation
    }

    /// Where the run stands.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// What is being trained, as it stands.
    pub fn encoder(&self) -> &dyn Trainable {
        &*self.encoder
    }

    /// Steps of a stage, unless it is stopped early.
    ///
    /// # Errors
    /// When the stage has nothing to draw.
    pub fn stage_steps(&self, place: usize) -> Result<usize, TrainError> {
        Ok(self.recipe.stages[place].n_steps(self.new_sampler(place)?.steps_per_epoch()))
    }

    /// Does the next piece of work and says what it was; `None` when the recipe is done.
    ///
    /// # Errors
    /// When a stage has nothing to draw, or the training diverged.
    pub fn advance(&mut self) -> Result<Option<Event>, TrainError> {
        let place = self.progress.stage;
        let event = match self.progress.next {
            Next::Nothing => return Ok(None),
            Next::StartStage => self.start_stage(place)?,
            Next::Step => self.step(place)?,
            Next::Measure => self.measure(place)?,
            Next::EndStage(reason) => self.end_stage(place, reason)?,
        };
        self.progress.events += 1;
        Ok(Some(event))
    }

    fn start_stage(&mut self, place: usize) -> Result<Event, TrainError> {
        self.find_topics(place)?;
        let stage = &self.recipe.stages[place];
        let event = Event::Stage { stage: place, name: stage.name.clone(), steps: self.stage_steps(place)? };
        self.encoder.start_optimiser(stage.optimiser);
        if let Some(grown) = &mut self.grown {
            grown.start_stage(stage.optimiser);
        }
        self.progress.stop = StopState::default();
        self.progress.learned_temperature = temperature::learned_from(stage.loss);
        // Early stopping holds a recall against its value before the first step.
        self.progress.next = if stage.early_stop.is_some() { Next::Measure } else { Next::Step };
        Ok(event)
    }

    fn step(&mut self, place: usize) -> Result<Event, TrainError> {
        let steps = self.stage_steps_cached(place)?;
        let step = self.progress.step;
        let stage = &self.recipe.stages[place];
        if let Some(mined) = stage.negatives.mined.filter(|_| self.hard.of(step).is_none()) {
            let (documents, passed_over) = self.mine(mined, place, step, steps)?;
            return Ok(Event::Mined { stage: place, step, documents, passed_over });
        }
        let per_epoch = self.sampler.as_ref().expect("stage_steps_cached made it").steps_per_epoch();
        let due = |contrast| self.grown.as_ref().is_none_or(|grown| grown.is_due(contrast, step, per_epoch));
        if let Some(contrast) = stage.tree.filter(|contrast| due(*contrast)) {
            return self.renew(contrast, place, step);
        }
        let hard = self.hard.of(step).unwrap_or_default();
        let batch = self.sampler.as_mut().expect("stage_steps_cached made it").batch_with(step, hard);
        let drawn = stage.tree.zip(self.grown.as_ref()).map(|(contrast, grown)| {
            let mut rng = stream(self.recipe.seed, Purpose::Siblings { stage: place, step });
            grown.draw(contrast, &batch, self.train, &mut rng)
        });
        let queries = Input::queries(self.data, &batch.queries);
        let siblings = drawn.as_ref().map_or(&[][..], |drawn| &drawn.docs);
        let docs: Vec<Input<'_>> =
            batch.docs.iter().chain(siblings).map(|doc| Input::doc(self.data, *doc)).collect();
        let query_vectors = self.encoder.encode_in_training(Side::Query, &queries)?; // (batch, dim)
        let doc_vectors = self.encoder.encode_in_training(Side::Document, &docs)?; // (n_docs + siblings, dim)

        let learned = self.progress.learned_temperature;
        let temperature = temperature::of_step(stage.loss, learned, step, steps);
        let failed = |cause| {
            let (stage, name, step) = (place, stage.name.clone(), step + 1);
            TrainError::Loss { stage, name, step, cause }
        };
        let score = self.recipe.encoder.score();
        let contrast = match (stage.tree, &self.grown, &drawn) {
            (Some(settings), Some(grown), Some(drawn)) => {
                let found = grown.contrast(settings, score, drawn, &query_vectors, &doc_vectors);
                Some((settings, found.map_err(failed)?))
            }
            _ => None,
        };
        let own = match contrast {
            Some((settings, _)) if settings.beside == 0.0 => None,
            _ => {
                let docs = first_rows(&doc_vectors, batch.docs.len()); // (n_docs, dim)
                let loss = stage.loss;
                Some(
                    softmax(&mut self.scratch, loss, &batch, &query_vectors, &docs, temperature)
                        .map_err(failed)?,
                )
            }
        };
        let whole = match (own, &contrast) {
            (Some(own), None) => own,
            (own, Some((settings, contrast))) => contrast.beside(own, *settings),
            (None, None) => unreachable!("without a contrast the stage's own loss is computed"),
        };

        let slope = || whole.slope_over_log_temperature(&query_vectors);
        self.progress.learned_temperature = temperature::after_step(stage.loss, learned, slope);
        let rate = rate_at(stage, step, steps);
        self.encoder.backward(Side::Query, &queries, &whole.queries)?;
        self.encoder.backward(Side::Document, &docs, &whole.docs)?;
        self.encoder.step(rate);
        if let (Some((settings, contrast)), Some(grown)) = (&contrast, &mut self.grown) {
            grown.step(contrast, *settings, rate);
        }

        let step = step + 1;
        self.progress.step = step;
        let wanted = stage.early_stop.is_some() || !self.measures_to_stop_alone;
        let due = wanted && (step >= steps || step.is_multiple_of(self.recipe.validation.every));
        self.progress.next = if due { Next::Measure } else { Next::after(step, steps) };
        let (queries, documents) = (batch.queries.len(), batch.docs.len());
        let temperature = temperature::changes(stage.loss).then_some(temperature);
        let (loss, contrast) = (whole.loss, contrast.map(|(_, contrast)| contrast.loss));
        Ok(Event::Step { stage: place, step, loss, contrast, rate, temperature, queries, documents })
    }

    fn renew(&mut self, contrast: TreeContrast, place: usize, step: usize) -> Result<Event, TrainError> {
        let renewed = self.renew_tree(contrast, self.recipe.stages[place].optimiser, step)?;
        let tree = &self.grown.as_ref().expect("it was just renewed").tree;
        let (nodes, depth) = (tree.nodes().count(), tree.depth());
        let Renewed { drift, continued, cosine } = renewed;
        Ok(Event::Tree { stage: place, step, nodes, depth, continued, cosine, drift })
    }

    fn measure(&mut self, place: usize) -> Result<Event, TrainError> {
        let steps = self.stage_steps_cached(place)?;
        let queries = Input::queries(self.data, self.validation.queries());
        let query_vectors = self.encoder.encode(Side::Query, &queries)?;
        let doc_vectors = self.encoder.encode(Side::Document, &Input::all_docs(self.data))?;
        let vectors = Vectors { queries: &query_vectors, docs: &doc_vectors };
        let truth = Truth { pairs: &self.validation, judge: Judge::Ancestors, names: *self.names };
        let found = evaluate(vectors, &truth, &|_| {}).map_err(|cause| self.unmeasured(cause))?;
        let measured = Measured::new(&found.recall_by_distance, self.recipe.validation.far_from);

        let progress = &mut self.progress;
        let rule = self.recipe.stages[place].early_stop;
        let verdict = rule.map_or(Verdict::Worse, |rule| progress.stop.judge(rule, progress.step, &measured));
        if verdict == Verdict::Best {
            let mut best = Tensors::default();
            best.nest(ENCODER, self.encoder.tensors(Keep::Model));
            // What is learned of nodes goes with the encoder that it was learned beside.
            if let Some(grown) = &self.grown {
                best.nest(TREE, grown.tensors(Keep::Model));
            }
            self.best = Some(best);
        }
        progress.next = match verdict {
            Verdict::End(reason) => Next::EndStage(reason),
            Verdict::Best | Verdict::Worse => Next::after(progress.step, steps),
        };
        let best = verdict == Verdict::Best;
        Ok(Event::Recall { stage: place, step: progress.step, measured, best })
    }

    fn end_stage(&mut self, place: usize, reason: Ended) -> Result<Event, TrainError> {
        let kept = match self.best.take() {
            Some(best) => {
                self.encoder.restore(&best.nested(ENCODER).unwrap_or_default())?;
                if let Some(tree) = best.nested(TREE) {
                    let optimiser = self.recipe.stages[place].optimiser;
                    self.grown = Some(Grown::from_tensors(&tree, self.recipe.encoder.score(), optimiser)?);
                }
                self.progress.stop.best_step()
            }
            None => self.progress.step,
        };
        self.check_finite(&self.encoder.tensors(Keep::Model))?;
        self.sampler = None;
        self.hard = HardNegatives::default();
        self.topics = Topics::default();
        self.progress.stage += 1;
        self.progress.step = 0;
        let more = self.progress.stage < self.recipe.stages.len();
        self.progress.next = if more { Next::StartStage } else { Next::Nothing };
        Ok(Event::StageEnd { stage: place, reason, kept })
    }

    /// The error of scores that could not be computed where the run stands.
    fn unmeasured(&self, cause: EvalError) -> TrainError {
        let Progress { stage, step, .. } = self.progress;
        TrainError::Measure { stage, name: self.recipe.stages[stage].name.clone(), step, cause }
    }

    /// Rows of a table that no step and no measurement has read for a while may have ceased to be numbers unnoticed.
    fn check_finite(&self, tensors: &Tensors) -> Result<(), TrainError> {
        tensors.not_finite().map_or(Ok(()), |(tensor, row)| Err(self.diverged(tensor, row)))
    }

    /// The error of a row of numbers that are none any more, where the run stands.
    fn diverged(&self, tensor: &str, row: usize) -> TrainError {
        let stage = self.progress.stage.min(self.recipe.stages.len() - 1);
        let (step, tensor) = (self.progress.step, tensor.to_owned());
        TrainError::Diverged { stage, name: self.recipe.stages[stage].name.clone(), step, tensor, row }
    }

    fn new_sampler(&self, place: usize) -> Result<Sampler<'a>, NothingToDraw> {
        let stage = &self.recipe.stages[place];
        Sampler::new(self.train, &self.data.hierarchy, stage, place, self.recipe.seed)
    }

    /// As [`Trainer::stage_steps`] for the running stage, whose sampler it makes and keeps.
    fn stage_steps_cached(&mut self, place: usize) -> Result<usize, TrainError> {
        let sampler = match self.sampler.take() {
            Some(sampler) => sampler,
            None => {
                let mut sampler = self.new_sampler(place)?;
                self.topics.0.iter().for_each(|topics| sampler.set_topics(topics.clone()));
                sampler
            }
        };
        let per_epoch = sampler.steps_per_epoch();
        self.sampler = Some(sampler);
        Ok(self.recipe.stages[place].n_steps(per_epoch))
    }
}

const RECIPE: &str = "recipe";
const DATA: &str = "data";
const PROGRESS: &str = "progress";
const ENCODER: &str = "encoder.";
const BEST: &str = "best.";
const HARD: &str = "hard.";
const TOPICS: &str = "topics.";
const TREE: &str = "tree.";

/// The queries measured during training: those of the dev split, else a sample of those that are trained.
///
/// A table has no vector for a query that is not trained: for it the dev split is what it shares with the training
/// split, and what this measures is fit and not generalisation.
fn validation_pairs(data: &Dataset, train: &Pairs, recipe: &Recipe, answers_anything: bool) -> Pairs {
    let trained: HashSet<QueryIdx> = train.queries().iter().copied().collect();
    let dev = data.pairs(Split::Dev).map(|dev| {
        let known = |row: &usize| answers_anything || trained.contains(&dev.queries()[*row]);
        dev.subset(&(0..dev.n_queries()).filter(known).collect::<Vec<_>>())
    });
    let from = dev.as_ref().filter(|dev| dev.n_queries() > 0).unwrap_or(train);
    from.sample(recipe.validation.queries, &mut stream(recipe.seed, Purpose::Validation))
}

fn rate_at(stage: &Stage, step: usize, steps: usize) -> f32 {
    let Rate { start, end, warm_up } = stage.rate;
    let rate = start + (end - start) * (step as f32 / steps as f32);
    let warm_up = (warm_up * steps as f64) as f32;
    if (step as f32) < warm_up { rate * (step + 1) as f32 / (warm_up + 1.0) } else { rate }
}

#[cfg(test)]
mod tests;
