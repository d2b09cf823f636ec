//! `rootward index`: an index that is asked while it changes, made, changed and looked after.

mod build;
mod change;
mod fit;
pub(crate) mod info;
#[cfg(feature = "milvus")]
mod push;
mod regrow;
mod switch;
mod upkeep;

use clap::{Args, Subcommand};

pub(crate) use switch::synonyms;

/// Make a live index, and change it while it is asked.
///
/// An index is one file: documents with metadata, their vectors, a tree over them, and their words. `rootward search --index`
/// asks it, by any number of processes, while one adds, updates and removes. What was acknowledged is found by the next
/// search and survives the loss of power.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  rootward index build --data DATA --index docs.index --encoder builtin\n  \
                  rootward index add --index docs.index new.jsonl\n  \
                  rootward search --index docs.index \"open shoe\" --where 'year >= 2020'"
)]
pub(crate) struct Index {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Build(build::Build),
    Add(change::Add),
    Update(change::Update),
    Put(change::Put),
    Remove(change::Remove),
    Info(info::Info),
    Fit(fit::Fit),
    Regrow(regrow::Regrow),
    Switch(switch::Switch),
    Verify(upkeep::Verify),
    Compact(upkeep::Compact),
    Backup(upkeep::Backup),
    #[cfg(feature = "milvus")]
    Push(push::Push),
}

impl Index {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        match self.verb {
            Verb::Build(build) => build.run(),
            Verb::Add(add) => add.run(),
            Verb::Update(update) => update.run(),
            Verb::Put(put) => put.run(),
            Verb::Remove(remove) => remove.run(),
            Verb::Info(info) => info.run(),
            Verb::Fit(fit) => fit.run(),
            Verb::Regrow(regrow) => regrow.run(),
            Verb::Switch(switch) => switch.run(),
            Verb::Verify(verify) => verify.run(),
            Verb::Compact(compact) => compact.run(),
            Verb::Backup(backup) => backup.run(),
            #[cfg(feature = "milvus")]
            Verb::Push(push) => push.run(),
        }
    }
}
