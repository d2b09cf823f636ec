//! The program `rootward`: parses, dispatches, and says how it ended.
//!
//! Data goes to stdout, everything about the work to stderr. Exit code 0: done; 1: failed, with one error that names
//! the remedy; 2: misused.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod answers;
mod array;
mod bodies;
mod builtin;
mod card;
mod commands;
mod comparison;
mod conditions;
mod diagnosis;
mod encoding;
mod in_memory;
mod index_model;
mod index_search;
mod index_tree;
mod interrupt;
mod left_out;
mod line_batches;
mod output;
mod paper;
mod plot;
mod progress;
mod ranked;
mod ranker;
mod report;
mod saved_tree;
mod studies;
mod text_model;
mod training;
mod tree_view;
mod vectors_from;

/// Retrieval on hierarchies: train dual encoders whose queries find the exact match and every ancestor, near and far
/// alike, and measure them by distance.
///
/// Start with `rootward demo`. A DATA folder holds corpus.jsonl and hierarchy.tsv, and queries.jsonl with
/// qrels/{train,dev,test}.tsv where queries are not the nodes themselves (the layout of BEIR plus one file).
#[derive(Parser)]
#[command(name = "rootward", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,

    /// Threads to work with; all cores where it is left out. Results do not depend on it.
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
}

#[derive(Subcommand)]
enum Command {
    Demo(commands::demo::Demo),
    Inspect(commands::inspect::Inspect),
    Geometry(commands::geometry::Geometry),
    Import(commands::import::Import),
    Export(commands::export::Export),
    Split(commands::split::Split),
    Complete(commands::complete::Complete),
    Synth(commands::synth::Synth),
    Distill(commands::distill::Distill),
    Train(commands::train::Train),
    Eval(commands::eval::Eval),
    Baselines(commands::baselines::Baselines),
    Compare(commands::compare::Compare),
    Calibrate(commands::calibrate::Calibrate),
    Search(commands::search::Search),
    Index(commands::index::Index),
    Encode(commands::encode::Encode),
    Tree(commands::tree::Tree),
    Study(commands::study::StudyCommand),
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        // A reader that has seen enough, as in `rootward search .. | head`, is no failure.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::say(format_args!("error: {}", output::chain(&error)));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> anyhow::Result<()> {
    rootward::instructions()?;
    if let Some(threads) = arguments.threads {
        rayon::ThreadPoolBuilder::new().num_threads(threads.into()).build_global()?;
    }
    match arguments.command {
        Command::Demo(demo) => demo.run(),
        Command::Inspect(inspect) => inspect.run(),
        Command::Geometry(geometry) => geometry.run(),
        Command::Import(import) => import.run(),
        Command::Export(export) => export.run(),
        Command::Split(split) => split.run(),
        Command::Complete(complete) => complete.run(),
        Command::Synth(synth) => synth.run(),
        Command::Distill(distill) => distill.run(),
        Command::Train(train) => train.run(),
        Command::Eval(eval) => eval.run(),
        Command::Baselines(baselines) => baselines.run(),
        Command::Compare(compare) => compare.run(),
        Command::Calibrate(calibrate) => calibrate.run(),
        Command::Search(search) => search.run(),
        Command::Index(index) => index.run(),
        Command::Encode(encode) => encode.run(),
        Command::Tree(tree) => tree.run(),
        Command::Study(study) => study.run(),
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
}
