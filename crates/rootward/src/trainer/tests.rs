//! Runs on a small tree: what they learn, and that they can be stopped anywhere.

use super::*;
use crate::dataset::Document;
use crate::doc_tree::DocTree;
use crate::eval::NameTable;
use crate::hierarchy::{Edge, Hierarchy};
use crate::ids::DocIdx;
use crate::model;
use crate::recipe::{EarlyStop, LearnFrom, Part, Runs};
use crate::tensors::Tensor;

/// A tree in which every document has `width` children down to `height`; each document is its own query.
fn tree(width: u32, height: u32) -> Dataset {
    let n_docs: u32 = (0..=height).map(|depth| width.pow(depth)).sum();
    let doc = |i: u32| Document {
        id: format!("d{i}"),
        title: String::new(),
        text: String::new(),
        synonyms: Vec::new(),
    };
    let edges: Vec<Edge> =
        (1..n_docs).map(|child| Edge { child: DocIdx(child), parent: DocIdx((child - 1) / width) }).collect();
    let hierarchy = Hierarchy::new(n_docs as usize, &edges).unwrap();
    Dataset::closed("tree".to_owned(), (0..n_docs).map(doc).collect(), hierarchy)
}

/// Two stages with different optimisers, both stopped early.
const TWO_STAGES: &str = r#"
seed = 7
encoder = { kind = "table", dim = 6, score = "dot", init = 0.5 }
validation = { queries = 20, every = 3, far_from = 2 }

[[stages]]
name = "pretrain"
batch = 16
steps = 12
sampling = { kind = "regular", by = "pair" }
negatives = { from = "batch", uniform = 3, siblings = 1 }
loss = { kind = "softmax", temperature = 1.0 }
optimiser = { kind = "adam", beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, lazy = true }
rate = { start = 0.2, end = 0.1 }
early_stop = { raise = "all", hold = "near", tolerance = 0.5, patience = 9 }

[[stages]]
name = "finetune"
batch = 16
steps = 40
sampling = { kind = "long_only", from = 2, by = "pair" }
negatives = { from = "batch", deduplicate = true, mask_known = true, alpha = 0.0 }
loss = { kind = "softmax", temperature = 1.0 }
optimiser = { kind = "sgd" }
rate = { start = 2.0, end = 2.0 }
early_stop = { raise = "far", hold = "near", tolerance = 0.1, patience = 2 }
"#;

/// Standard training: in-batch negatives on pairs as they occur.
const STANDARD: &str = r#"
seed = 7
encoder = { kind = "table", dim = 16, score = "dot", init = 0.5 }
validation = { queries = 1000, every = 1000, far_from = 3 }

[[stages]]
name = "standard"
batch = 64
epochs = 60
sampling = { kind = "regular", by = "pair" }
negatives = { from = "batch" }
loss = { kind = "softmax", temperature = 1.0 }
optimiser = { kind = "adam", beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, lazy = false }
rate = { start = 0.05, end = 0.05 }
"#;

/// As the recipe `climb`, for a small tree.
const CLIMB: &str = r#"
seed = 7
encoder = { kind = "table", dim = 16, score = "cosine", init = 0.5 }
validation = { queries = 1000, every = 1000, far_from = 3 }

[[stages]]
name = "climb"
batch = 64
epochs = 60
sampling = { kind = "regular", by = "query" }
negatives = { from = "batch", deduplicate = true, mask_known = true, uniform = 64, siblings = 2, ancestor_siblings = 0.2 }
loss = { kind = "softmax", temperature = 0.05 }
optimiser = { kind = "adam", beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, lazy = true }
rate = { start = 0.1, end = 0.0 }
"#;

/// Calls `then` with a trainer at the beginning of a recipe.
fn with_trainer<T>(data: &Dataset, recipe: &str, then: impl FnOnce(&mut Trainer<'_>) -> T) -> T {
    let recipe = Recipe::parse(recipe, &[]).unwrap();
    let (train, table) = (data.pairs(Split::Train).unwrap(), NameTable::of(data));
    let names = table.names();
    let encoder = model::new_encoder(&recipe, data, &|_, _| Err("no network".into())).unwrap();
    then(&mut Trainer::new(encoder, data, &train, &names, recipe).unwrap())
}

/// All events that are left, as they are written to a report, and the parameters at the end.
fn finish(trainer: &mut Trainer<'_>) -> (Vec<String>, Tensors) {
    let mut events = Vec::new();
    while let Some(event) = trainer.advance().unwrap() {
        events.push(serde_json::to_string(&event).unwrap());
    }
    (events, learned(trainer))
}

/// What was learned: the encoder, and where there is one, the tree with what stands for its nodes.
fn learned(trainer: &Trainer<'_>) -> Tensors {
    let mut learned = trainer.encoder().tensors(Keep::Model);
    if let Some((tree, nodes)) = trainer.tree() {
        learned.nest("tree.", tree.tensors());
        learned.insert("nodes", Tensor::from(&nodes));
    }
    learned
}

fn events(data: &Dataset, recipe: &str) -> Vec<Event> {
    with_trainer(data, recipe, |trainer| std::iter::from_fn(|| trainer.advance().unwrap()).collect())
}

/// Recall at every distance when a recipe is done.
fn learnt(recipe: &str) -> Vec<f64> {
    let measured = events(&tree(3, 4), recipe).into_iter().rev().find_map(|event| match event {
        Event::Recall { measured, .. } => Some(measured.by_distance),
        _ => None,
    });
    measured.unwrap()
}

/// Two stages whose steps differ by more than their draws: a learned temperature, then a curriculum that is stopped
/// early, with a temperature that falls and far pairs that count more.
fn changing() -> String {
    TWO_STAGES
        .replacen("temperature = 1.0", "temperature = 1.0, temperature_rate = 0.5", 1)
        .replace(
            r#"{ kind = "long_only", from = 2, by = "pair" }"#,
            r#"{ kind = "curriculum", near = 0, until = 0.5 }"#,
        )
        .replace(", alpha = 0.0", "")
        .replace("patience = 2", "patience = 6")
        .replace("temperature = 1.0 }", "temperature = 1.0, temperature_end = 0.5, distance_power = 1.0 }")
}

#[test]
fn a_run_goes_on_from_a_checkpoint_after_any_event_bit_for_bit() {
    assert_goes_on(TWO_STAGES);
    assert_goes_on(&changing());
    assert_goes_on(&mining());
    assert_goes_on(&topical());
    assert_goes_on(&contrasting());
}

/// Two stages with a tree each: one whose documents move, and one that is grown anew and whose nodes learn.
fn contrasting() -> String {
    let tree = |from: &str, centroids: &str, renew: &str, beside: f32| {
        format!(
            "tree = {{ from = \"{from}\", shape = {{ branching = 3, leaf_size = 4, balance = 1.5, iterations = 4, \
             sample = 64 }}, centroids = {centroids}, renew = {renew}, weight = 0.5, beside = {beside:?}, \
             temperature = 1.0, level_factor = 0.5, documents = 3, nodes = 2, near_duplicates = 0.999, \
             size_power = 0.5 }}\n"
        )
    };
    let moves = r#"{ kind = "move", every = { steps = 4 }, momentum = 0.5 }"#;
    let first = tree("clusters", r#"{ kind = "members" }"#, moves, 1.0);
    let regrown = r#"{ kind = "regrow", every = { epochs = 1 } }"#;
    let second = tree("hierarchy", r#"{ kind = "learned", speed = 0.5 }"#, regrown, 0.0);
    TWO_STAGES
        .replace("optimiser = { kind = \"adam\"", &format!("{first}optimiser = {{ kind = \"adam\""))
        .replace("optimiser = { kind = \"sgd\"", &format!("{second}optimiser = {{ kind = \"sgd\""))
}

#[test]
fn a_tree_is_renewed_as_often_as_asked_and_its_nodes_go_on() {
    let told = events(&tree(3, 3), &contrasting());
    let trees = |place: usize| -> Vec<(usize, usize, bool)> {
        let told = told.iter().filter_map(|event| match event {
            Event::Tree { stage, step, continued, drift, .. } if *stage == place => {
                Some((*step, *continued, drift.is_some()))
            }
            _ => None,
        });
        told.collect()
    };
    let first = trees(0);
    assert_eq!(first.iter().map(|(step, ..)| *step).collect::<Vec<_>>(), [0, 4, 8]);
    assert_eq!(first[0], (0, 0, false));
    assert!(first[1..].iter().all(|(_, continued, drifts)| *continued > 5 && *drifts), "{first:?}");
    let second = trees(1);
    assert!(second.len() > 1 && second.iter().all(|(_, continued, _)| *continued > 0), "{second:?}");
    let losses: Vec<(f64, f64)> = told
        .iter()
        .filter_map(|event| match event {
            Event::Step { stage: 1, loss, contrast, .. } => Some((*loss, contrast.unwrap())),
            _ => None,
        })
        .collect();
    assert!(losses.iter().all(|(loss, contrast)| (loss - 0.5 * contrast).abs() < 1e-9), "nothing beside it");
}

#[test]
fn a_finished_tree_fits_the_encoder_that_was_kept_and_a_frozen_one_stays() {
    let data = tree(3, 3);
    let with = |recipe: &str| {
        with_trainer(&data, recipe, |trainer| {
            while trainer.advance().unwrap().is_some() {}
            let docs = trainer.encoder().encode(Side::Document, &Input::all_docs(&data)).unwrap();
            let before = trainer.tree().unwrap().0.clone();
            trainer.finish_tree().unwrap();
            let (tree, nodes) = trainer.tree().unwrap();
            (before.mean_cosine(&docs), tree.mean_cosine(&docs), before == *tree, nodes == tree.means())
        })
    };
    let recipe = contrasting();
    let (first, _) = recipe.split_once("\n[[stages]]\nname = \"finetune\"").unwrap();
    let (before, after, same, are_means) = with(first);
    assert!(after > before && !same && are_means, "{before} {after}");
    let (_, _, same, _) = with(
        &first
            .replace(r#"{ kind = "move", every = { steps = 4 }, momentum = 0.5 }"#, r#"{ kind = "never" }"#),
    );
    assert!(same);
}

#[test]
fn a_finished_tree_of_a_hierarchy_is_the_hierarchy_still() {
    let data = tree(3, 3);
    with_trainer(&data, &contrasting(), |trainer| {
        while trainer.advance().unwrap().is_some() {}
        let homes = |trainer: &Trainer<'_>| -> Vec<Vec<u32>> {
            let tree = trainer.tree().unwrap().0;
            tree.nodes().map(|(_, node)| node.docs.iter().map(|doc| doc.0).collect()).collect()
        };
        let before = homes(trainer);
        trainer.finish_tree().unwrap();
        let docs = trainer.encoder().encode(Side::Document, &Input::all_docs(&data)).unwrap();
        let shape = trainer.recipe.last_tree().unwrap().shape;
        let expected = DocTree::of_hierarchy(&data.hierarchy, &docs, shape, trainer.recipe.seed).unwrap();
        assert_eq!(*trainer.tree().unwrap().0, expected);
        assert_eq!(homes(trainer), before);
    });
}

#[test]
fn early_stopping_keeps_what_was_learned_of_the_nodes_beside_the_best_encoder() {
    let recipe = contrasting();
    let (first, last) = recipe.split_once("\n[[stages]]\nname = \"finetune\"").unwrap();
    let start = first.split("[[stages]]").next().unwrap();
    with_trainer(&tree(3, 3), &format!("{start}\n[[stages]]\nname = \"finetune\"{last}"), |trainer| {
        let (mut at_best, mut taken) = (None, 0);
        while let Some(event) = trainer.advance().unwrap() {
            match event {
                Event::Step { step, .. } => taken = step,
                Event::Recall { best: true, .. } => at_best = Some(learned(trainer)),
                Event::StageEnd { kept, .. } => assert!(kept > 0 && kept < taken, "{kept} of {taken}"),
                _ => {}
            }
        }
        assert!(learned(trainer) == at_best.unwrap());
    });
}

#[test]
fn documents_whose_vectors_are_none_any_more_end_a_run_as_divergence() {
    let recipe = contrasting().replace("init = 0.5", "init = 3e38");
    let lines: Vec<&str> = recipe.lines().filter(|line| !line.starts_with("early_stop")).collect();
    with_trainer(&tree(3, 3), &lines.join("\n"), |trainer| {
        let error = std::iter::from_fn(|| Some(trainer.advance())).find_map(Result::err).unwrap();
        assert!(error.is_divergence() && error.to_string().contains("vectors of the documents"), "{error}");
    });
}

#[test]
fn a_tree_of_a_hierarchy_that_is_not_there_is_refused() {
    let data = tree(3, 3);
    let flat = Hierarchy::new(data.docs.len(), &[]).unwrap();
    let data = Dataset::closed("flat".to_owned(), data.docs, flat);
    let (train, table) = (data.pairs(Split::Train).unwrap(), NameTable::of(&data));
    let (recipe, names) = (Recipe::parse(&contrasting(), &[]).unwrap(), table.names());
    let encoder = model::new_encoder(&recipe, &data, &|_, _| Err("no network".into())).unwrap();
    let error = Trainer::new(encoder, &data, &train, &names, recipe).err().unwrap().to_string();
    let expected = "the tree of stage `finetune` is to be the hierarchy of data set `flat`, which has none";
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn measuring_changes_nothing_and_is_left_out_where_nobody_needs_it() {
    let data = tree(3, 3);
    for recipe in [STANDARD, TWO_STAGES] {
        let run = |alone: bool| {
            with_trainer(&data, recipe, |trainer| {
                if alone {
                    trainer.measure_to_stop_alone();
                }
                finish(trainer)
            })
        };
        let ((all, expected), (few, found)) = (run(false), run(true));
        assert_eq!(found, expected);
        let recalls = |events: &[String]| events.iter().filter(|event| event.contains("\"recall\"")).count();
        let stops = recipe == TWO_STAGES;
        assert_eq!((recalls(&few), recalls(&all) > 0), (if stops { recalls(&all) } else { 0 }, true));
    }
}

#[test]
fn contrast_of_siblings_alone_tells_siblings_apart_and_no_levels() {
    let tree = "tree = { from = \"hierarchy\", shape = { branching = 8, leaf_size = 16, balance = 2.0, iterations = 4, sample = 64 }, \
                centroids = { kind = \"members\" }, renew = { kind = \"regrow\", every = { epochs = 1 } }, weight = 1.0, \
                beside = 0.0, temperature = 0.1, level_factor = 1.0, documents = 8, nodes = 8 }\noptimiser";
    let recipe =
        CLIMB.replace("optimiser", tree).replace(", uniform = 64, siblings = 2, ancestor_siblings = 0.2", "");
    let recall = learnt(&recipe);
    assert!(recall[1] > 0.8 && recall[2] > 0.8 && recall[4] < 0.5, "{recall:?}");
}

#[test]
fn a_run_on_queries_that_are_made_goes_on_when_they_are_made_again() {
    let words: Vec<String> = (0..40).map(|at| format!("w{at}.")).collect();
    let mut data = tree(3, 2);
    for (place, doc) in data.docs.iter_mut().enumerate() {
        doc.text = words[place..place + 20].join(" ");
    }
    let runs = Runs { each: 2, least: 3, most: 6, within: None };
    let from = [LearnFrom::RepeatedJudgements { times: 2 }, LearnFrom::Spans(runs), LearnFrom::Crops(runs)];
    let taught = || data.teaching(&from, 7).unwrap().into_owned();
    assert_eq!(taught().queries, taught().queries);
    let (checkpoint, rest) = with_trainer(&taught(), TWO_STAGES, |trainer| {
        (0..9).for_each(|_| drop(trainer.advance().unwrap()));
        (trainer.checkpoint().unwrap(), finish(trainer))
    });
    let resumed = with_trainer(&taught(), TWO_STAGES, |trainer| {
        trainer.resume(&checkpoint).unwrap();
        finish(trainer)
    });
    assert!(resumed == rest);
}

/// Two stages of which the last mines hard negatives, at steps between which no recall is measured.
fn mining() -> String {
    let mined = "mined = { each = 2, every = 4, among = 8, margin = -1e6 } }";
    TWO_STAGES.replace("alpha = 0.0 }", mined)
}

/// Two stages of which the first keeps pairs of a topic together, and the last the queries of one.
fn topical() -> String {
    TWO_STAGES
        .replacen(r#"kind = "regular", by = "pair""#, r#"kind = "topics", by = "pair", topics = 5"#, 1)
        .replace(
            r#"kind = "long_only", from = 2, by = "pair""#,
            r#"kind = "topics", by = "query", topics = 3"#,
        )
        .replace("patience = 2", "patience = 6")
}

#[test]
fn hard_negatives_are_mined_for_some_steps_at_a_time_and_scored_in_each() {
    let documents = |recipe: &str| -> Vec<(usize, Option<usize>)> {
        let told = events(&tree(3, 3), recipe).into_iter().filter_map(|event| match event {
            Event::Mined { stage: 1, step, documents, passed_over } => {
                assert!(documents > 0 && passed_over == 0);
                Some((step, None))
            }
            Event::Step { stage: 1, step, documents, .. } => Some((step, Some(documents))),
            _ => None,
        });
        told.take(7).collect()
    };
    let (with, without) = (documents(&mining()), documents(&TWO_STAGES.replace(", alpha = 0.0", "")));
    let places: Vec<(usize, bool)> = with.iter().map(|(step, docs)| (*step, docs.is_some())).collect();
    let (mined, step) = (|at| (at, false), |at| (at, true));
    assert_eq!(places, [mined(0), step(1), step(2), step(3), step(4), mined(4), step(5)]);
    let more = with.iter().filter(|(_, docs)| docs.is_some()).zip(&without);
    more.for_each(|((_, more), (_, fewer))| assert!(more > fewer, "{with:?} {without:?}"));
}

#[test]
fn hard_negatives_by_words_are_the_same_whatever_the_encoder_knows_and_survive_a_checkpoint() {
    let mut data = tree(3, 3);
    for place in 0..data.docs.len() {
        let words = format!("common w{} w{}", place % 5, place % 7);
        data.docs[place].text.clone_from(&words);
        data.queries[place].text = words;
    }
    let by_words = mining().replace("each = 2, every = 4", r#"by = "words", each = 2, every = 4"#);
    assert_goes_on_with(&data, &by_words);
    let mined = |recipe: &str| -> (usize, Tensors) {
        with_trainer(&data, recipe, |trainer| {
            loop {
                if let Some(Event::Mined { documents, .. }) = trainer.advance().unwrap() {
                    break (documents, trainer.checkpoint().unwrap().nested(HARD).unwrap());
                }
            }
        })
    };
    let other_start = by_words.replace("init = 0.5", "init = 2.0");
    let (documents, hard) = mined(&by_words);
    assert!(documents > 0 && hard == mined(&other_start).1);
}

fn assert_goes_on(recipe: &str) {
    assert_goes_on_with(&tree(3, 3), recipe);
}

fn assert_goes_on_with(data: &Dataset, recipe: &str) {
    let (mut checkpoints, mut told) = (Vec::new(), Vec::new());
    let parameters = with_trainer(data, recipe, |trainer| {
        checkpoints.push(trainer.checkpoint().unwrap());
        while let Some(event) = trainer.advance().unwrap() {
            told.push(serde_json::to_string(&event).unwrap());
            checkpoints.push(trainer.checkpoint().unwrap());
        }
        learned(trainer)
    });
    assert!(told.len() > 30, "{}", told.len());
    let folder = tempfile::tempdir().unwrap();
    for (place, checkpoint) in checkpoints.iter().enumerate() {
        let path = folder.path().join("checkpoint.safetensors");
        checkpoint.write(&path).unwrap();
        let resumed = with_trainer(data, recipe, |trainer| {
            trainer.resume(&Tensors::read(&path).unwrap()).unwrap();
            assert_eq!((trainer.progress().events, &trainer.checkpoint().unwrap()), (place, checkpoint));
            finish(trainer)
        });
        assert!(resumed == (told[place..].to_vec(), parameters.clone()), "event {place}: {:#?}", resumed.0);
    }
}

#[test]
fn a_trainer_that_is_already_running_can_go_back_to_a_checkpoint() {
    with_trainer(&tree(3, 3), TWO_STAGES, |trainer| {
        (0..5).for_each(|_| drop(trainer.advance().unwrap()));
        let checkpoint = trainer.checkpoint().unwrap();
        let first = finish(trainer);
        trainer.resume(&checkpoint).unwrap();
        assert!(finish(trainer) == first);
    });
}

#[test]
fn the_number_of_threads_does_not_change_a_run() {
    let data = tree(3, 3);
    let run = |recipe: &str, threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| with_trainer(&data, recipe, finish))
    };
    for recipe in [TWO_STAGES.to_owned(), contrasting(), mining(), topical()] {
        assert!(run(&recipe, 1) == run(&recipe, 2), "{recipe}");
    }
}

#[test]
fn what_early_stopping_remembers_survives_its_writing() {
    let rule = EarlyStop { raise: Part::Far, hold: Part::Near, tolerance: 0.0, patience: 1 };
    for (found, of) in (1..100usize).flat_map(|of| (0..=of).map(move |found| (found, of))) {
        let share = found as f64 / of as f64;
        let measured = Measured { recall: 0.0, near: share, far: 1.0 - share, by_distance: Vec::new() };
        let mut stop = StopState::default();
        stop.judge(rule, 10, &measured);
        let written = serde_json::to_string(&stop).unwrap();
        assert_eq!(serde_json::from_str::<StopState>(&written).unwrap(), stop, "{written}");
    }
}

#[test]
fn events_tell_a_run_in_order() {
    let told = events(&tree(3, 3), TWO_STAGES);
    let kinds: Vec<&str> = told
        .iter()
        .map(|event| match event {
            Event::Stage { .. } => "stage",
            Event::Mined { .. } => "mined",
            Event::Tree { .. } => "tree",
            Event::Step { .. } => "step",
            Event::Recall { .. } => "recall",
            Event::StageEnd { .. } => "end",
        })
        .collect();
    let start = ["stage", "recall", "step", "step", "step", "recall", "step", "step", "step", "recall"];
    assert_eq!(kinds[..10], start);
    assert_eq!(kinds.iter().filter(|kind| **kind == "stage").count(), 2);
    assert_eq!((kinds[kinds.len() - 2], kinds[kinds.len() - 1]), ("recall", "end"));
    let Event::Stage { stage: 0, name, steps: 12 } = &told[0] else { panic!("{:?}", told[0]) };
    assert_eq!(name, "pretrain");
    assert!(matches!(told[2], Event::Step { step: 1, rate: 0.2, queries: 16, .. }), "{:?}", told[2]);
    assert!(matches!(told[9], Event::Recall { step: 6, .. }), "{:?}", told[9]);
}

#[test]
fn the_state_that_is_kept_is_the_one_of_the_kept_step() {
    with_trainer(&tree(3, 3), TWO_STAGES, |trainer| {
        let mut at_step = Vec::new();
        let mut ended = Vec::new();
        while let Some(event) = trainer.advance().unwrap() {
            let state = trainer.encoder().tensors(Keep::Model);
            match event {
                Event::Recall { stage, step, best, .. } => at_step.push((stage, step, best, state)),
                Event::StageEnd { stage, kept, reason } => {
                    let best = at_step.iter().rfind(|(s, _, best, _)| *s == stage && *best).unwrap();
                    assert!(best.1 == kept && best.3 == state, "stage {stage} kept {kept}");
                    ended.push((reason, kept));
                }
                Event::Stage { .. } | Event::Mined { .. } | Event::Tree { .. } | Event::Step { .. } => {}
            }
        }
        // The second stage was stopped, and not at the state that it kept.
        assert_ne!(ended[1].0, Ended::Length);
        let last = at_step.last().unwrap();
        assert!(last.1 > ended[1].1 && last.3 != trainer.encoder().tensors(Keep::Model), "{ended:?}");
    });
}

/// The temperatures of the steps of a stage, as the events tell them.
fn temperatures(events: &[Event], place: usize) -> Vec<Option<f32>> {
    let of_step = |event: &Event| match event {
        Event::Step { stage, temperature, .. } if *stage == place => Some(*temperature),
        _ => None,
    };
    events.iter().filter_map(of_step).collect()
}

#[test]
fn steps_tell_a_temperature_that_changes_and_no_other() {
    let data = tree(3, 3);
    assert!(temperatures(&events(&data, TWO_STAGES), 0).iter().all(Option::is_none));
    let told = events(&data, &changing());
    let learned = temperatures(&told, 0);
    assert_eq!((learned.len(), learned[0]), (12, Some(1.0)));
    assert!(learned.windows(2).all(|pair| pair[0] != pair[1]), "{learned:?}");
    let falling = temperatures(&told, 1);
    assert_eq!(falling[0], Some(1.0));
    assert!(falling.windows(2).all(|pair| pair[0] > pair[1]) && falling.last().unwrap().unwrap() > 0.5);
}

#[test]
fn a_temperature_that_suits_nobody_is_learned_away() {
    let hot = STANDARD.replace("temperature = 1.0", "temperature = 50.0, temperature_rate = 0.5");
    let learned = temperatures(&events(&tree(2, 3), &hot), 0);
    let last = learned.last().unwrap().unwrap();
    assert!((0.01..10.0).contains(&last), "{last}");
}

#[test]
fn a_stage_without_early_stopping_keeps_its_last_step() {
    let Some(Event::StageEnd { reason, kept, .. }) = events(&tree(2, 2), STANDARD).pop() else {
        panic!("no end")
    };
    assert_eq!((reason, kept), (Ended::Length, 60));
}

#[test]
fn the_checkpoint_of_another_recipe_is_refused() {
    let data = tree(2, 2);
    let checkpoint = with_trainer(&data, STANDARD, |trainer| trainer.checkpoint().unwrap());
    let error = with_trainer(&data, CLIMB, |trainer| trainer.resume(&checkpoint).unwrap_err());
    assert!(matches!(error, TrainError::OtherRecipe), "{error}");
    let error = with_trainer(&tree(2, 3), STANDARD, |trainer| trainer.resume(&checkpoint).unwrap_err());
    assert!(matches!(error, TrainError::OtherData { .. }), "{error}");
}

#[test]
fn a_checkpoint_without_its_position_is_refused() {
    with_trainer(&tree(2, 2), STANDARD, |trainer| {
        let mut checkpoint = trainer.checkpoint().unwrap();
        checkpoint.notes.remove(PROGRESS);
        let error = trainer.resume(&checkpoint).unwrap_err().to_string();
        assert!(error.starts_with("the checkpoint does not say where the run stood"), "{error}");
    });
}

#[test]
fn a_run_that_diverges_says_where() {
    let diverging =
        STANDARD.replace("rate = { start = 0.05, end = 0.05 }", "rate = { start = 3e38, end = 3e38 }");
    with_trainer(&tree(2, 2), &diverging, |trainer| {
        let error = loop {
            match trainer.advance() {
                Ok(event) => assert!(event.is_some(), "it did not diverge"),
                Err(error) => break error.to_string(),
            }
        };
        assert!(
            error.starts_with("stage 0 (`standard`), step 2: ") && error.contains("the training diverged"),
            "{error}"
        );
        let error = trainer.checkpoint().unwrap_err();
        assert!(matches!(error, TrainError::Diverged { stage: 0, step: 1, .. }), "{error}");
    });
}

#[test]
fn a_climb_recipe_retrieves_every_ancestor_where_standard_training_loses_the_far_ones() {
    let (climb, standard) = (learnt(CLIMB), learnt(STANDARD));
    assert_eq!(climb, [1.0; 5], "climb");
    assert!(standard[4] < 0.9 && standard[0] > standard[4], "{standard:?}");
}

/// The checkpoint at the end of the first stage.
fn after_first_stage(data: &Dataset, recipe: &str) -> Tensors {
    with_trainer(data, recipe, |trainer| {
        while trainer.progress().stage == 0 {
            trainer.advance().unwrap();
        }
        trainer.checkpoint().unwrap()
    })
}

#[test]
fn a_run_goes_on_from_the_stage_of_another_recipe_as_if_it_were_its_own() {
    let data = tree(3, 3);
    let start = after_first_stage(&data, &TWO_STAGES.replace("tolerance = 0.1", "tolerance = 0.9"));
    let (events, parameters) = with_trainer(&data, TWO_STAGES, finish);
    let (rest, same) = with_trainer(&data, TWO_STAGES, |trainer| {
        trainer.branch(&start).unwrap();
        finish(trainer)
    });
    assert_eq!(rest, events[events.len() - rest.len()..]);
    assert!(rest.len() > 3 && parameters == same);
}

#[test]
fn a_run_does_not_go_on_from_a_stage_that_its_recipe_does_not_have() {
    let data = tree(3, 3);
    let start = after_first_stage(&data, &TWO_STAGES.replace("start = 0.2", "start = 0.3"));
    let error = with_trainer(&data, TWO_STAGES, |trainer| trainer.branch(&start).unwrap_err());
    assert!(matches!(error, TrainError::OtherRecipe), "{error}");
}
