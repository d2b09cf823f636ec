//! `rootward index push`: the documents of an index to a Milvus server.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use rootward::digits::grouped;
use rootward_index::milvus::{Address, Milvus, MilvusError};
use rootward_index::store::{Reader, Settings};
use rootward_index::{IndexError, Search as _};
use serde::Serialize;

use crate::output::{print_json, say};
use crate::progress::Bar;

/// Make a collection on a Milvus server level with an index.
///
/// Afterwards the collection holds the documents of the index with their vectors, metadata and ancestors, and no others.
/// It is made where it is missing. What was interrupted goes on with the same command; a collection that is level
/// already is sent nothing. While it is loaded a collection answers nobody.
#[derive(Args)]
#[command(after_help = "Example:\n  rootward index push --index docs.index --to http://127.0.0.1:19530 \
                  --collection docs")]
pub(crate) struct Push {
    /// The index.
    #[arg(long, value_name = "FILE")]
    index: PathBuf,
    /// Where the server listens, which is asked without a login.
    #[arg(long, value_name = "http://HOST:PORT", value_parser = Address::new)]
    to: Address,
    /// The collection, which is of this index alone.
    #[arg(long, value_name = "NAME")]
    collection: String,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Pushed {
    generation: u64,
    documents: u64,
    /// In this run.
    sent: u64,
}

/// Stands for the fingerprint of a model where vectors come from elsewhere.
const NO_MODEL: &str = "none";

impl Push {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let mut reader = Reader::open(&self.index)?;
        let reading = reader.snapshot()?;
        let (generation, documents) = (reading.generation(), reading.n_docs());
        let mut collection = self.opened(reading.settings())?;
        let is_level = collection.is_level(&mut reading.replicas()?, generation)?;
        let sent = if is_level {
            0
        } else {
            let mut bar = Bar::new("push", documents as usize);
            let sent = collection.load(&mut reading.replicas()?, generation, &mut |done| {
                bar.at(done as usize);
                bar.note(format!("to {}", self.to));
            })?;
            bar.clear();
            sent
        };
        if self.json {
            return print_json(&Pushed { generation, documents, sent });
        }
        let (name, all) = (&self.collection, grouped(documents as usize));
        if is_level {
            say(format_args!("collection `{name}` is level with generation {generation}, nothing was sent"));
        } else {
            let sent = grouped(sent as usize);
            say(format_args!(
                "sent {sent} of {all} documents; collection `{name}` is level with generation {generation}"
            ));
        }
        Ok(())
    }

    /// The collection, made where it is missing.
    fn opened(&self, settings: &Settings) -> anyhow::Result<Milvus> {
        let model = settings.model.as_ref().map_or(NO_MODEL, |model| &model.fingerprint);
        let collection = match Milvus::open(&self.to, &self.collection, model) {
            Err(IndexError::Milvus(MilvusError::Missing { .. })) => {
                Milvus::create(&self.to, &self.collection, settings.dim, model)?
            }
            opened => opened?,
        };
        if collection.dim() != settings.dim {
            bail!(
                "collection `{}` holds vectors of {} numbers, {} those of {}; take another name",
                self.collection,
                collection.dim(),
                self.index.display(),
                settings.dim
            );
        }
        Ok(collection)
    }
}
