//! An index without gaps: rows from 0 on, no free pages, an empty log.
//!
//! All documents are put into a new file, as if they were added, each held against its checksum on the way; then the
//! pages of that file become those of the index in one transaction. Whoever reads meanwhile sees what was before, and a process
//! that ends leaves either.

use std::collections::BTreeMap;

use rusqlite::{Connection, OpenFlags};

use super::backup::{self, Progress};
use super::changes::{self, Content, Target};
use super::connection::{begin_reading, connect, end};
use super::fault::{Fault, damaged};
use super::lock::beside;
use super::meta::{self, DOCUMENT, Meta};
use super::seal::Seal;
use super::writer::Writer;
use super::{SetId, Stored, alive, document, hierarchy, homes, log, remove, scan, schema, tree, words};
use crate::error::IndexError;

/// Documents between two reports of progress.
const REPORT: u64 = 1024;

impl Writer {
    /// Gives documents rows from 0 on, in their order, and what is free back to the system. Returns the generation that
    /// it makes; who holds an earlier one must read all anew. Needs room for a second index beside the first, twice.
    ///
    /// # Errors
    /// When the index is damaged or cannot be written: then it is as it was.
    pub fn compact(&mut self, mut progress: impl FnMut(Progress)) -> Result<u64, IndexError> {
        let path = self.path.clone();
        let aside = beside(&path, "-aside");
        remove(&aside)?;
        let made = self.rewrite(&aside, &mut progress);
        let removed = remove(&aside);
        let generation = made?;
        removed?;
        self.acknowledge(generation)?;
        self.checkpoint()?;
        Ok(generation)
    }

    fn rewrite(
        &mut self,
        aside: &std::path::Path,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<u64, IndexError> {
        let old = begin_reading(&self.connection, &self.path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let made = connect(aside, flags).and_then(|to| {
            // Nobody sees the file before it is complete.
            to.pragma_update_and_check(None, "journal_mode", "off", |_| Ok(()))?;
            to.pragma_update(None, "synchronous", "off")?;
            let generation = copy(&self.connection, &old, &to, progress)?;
            Ok((to, generation))
        });
        end(&self.connection);
        let (from, generation) = made.map_err(|fault| fault.at(&self.path))?;
        self.connection.flush_prepared_statement_cache();
        let copied = backup::run(&from, &mut self.connection, &mut |_| ());
        copied.map_err(|fault| fault.at(&self.path))?;
        Ok(generation)
    }
}

/// Puts all of an index into an empty file; returns its generation there.
fn copy(
    from: &Connection,
    old: &Meta,
    to: &Connection,
    progress: &mut dyn FnMut(Progress),
) -> Result<u64, Fault> {
    schema::prepare(to)?;
    to.execute_batch("BEGIN")?;
    schema::create(to)?;
    let mut meta = Meta { next_row: 0, n_docs: 0, seals: BTreeMap::new(), ..old.clone() };
    meta.generation += 1;
    let mut places: Vec<(SetId, homes::Homes, super::blocks::Blocks)> = Vec::new();
    for set in old.sets.keys() {
        schema::create_set(to, *set)?;
        places.push((*set, homes::Homes::read(from, old, *set)?, homes::blocks(&meta, *set)));
        if let Some(saved) = tree::load(from, old, *set)? {
            tree::save(to, &mut meta, *set, &saved)?;
        }
    }
    let (mut alive, mut found) = (alive::blocks(&meta), Seal::default());
    let mut vectors = vec![0; places.len()];
    document::each_summed(from, 0, |row, sum, stored| {
        found.put(u64::from(row), sum);
        let Stored { id, title, text, metadata } = &stored;
        let mut target = Target { connection: to, meta: &mut meta, alive: &mut alive };
        let new = changes::put(&mut target, &Content { id, title, text, metadata })?;
        for ((set, homes, blocks), n) in places.iter_mut().zip(&mut vectors) {
            if let Some(vector) = scan::vector(from, old, *set, row)? {
                changes::put_vector(to, &mut meta, *set, new, &vector)?;
                *n += 1;
            }
            if let Some(home) = homes.get(row) {
                homes::put(blocks, to, new, home)?;
            }
        }
        if found.n % REPORT == 0 || found.n == old.n_docs {
            progress(Progress { done: found.n, all: old.n_docs });
        }
        Ok(())
    })?;
    old.check(DOCUMENT, found)?;
    for ((set, _, _), n) in places.iter().zip(vectors) {
        if old.seal(&meta::vectors(*set)).n != n {
            return damaged(format!(
                "set {} has {n} vectors, {} were written",
                set.0,
                old.seal(&meta::vectors(*set)).n
            ));
        }
    }
    hierarchy_into(from, old, to, &mut meta)?;
    alive.flush(to, &mut meta)?;
    places.iter_mut().try_for_each(|(_, _, blocks)| blocks.flush(to, &mut meta))?;
    words::flush(to)?;
    words::seal(to, &mut meta, &words::all_blocks(to)?)?;
    log::append(to, &meta, &log::Entry::default())?;
    meta.save(to)?;
    to.execute_batch("COMMIT")?;
    Ok(meta.generation)
}

fn hierarchy_into(from: &Connection, old: &Meta, to: &Connection, meta: &mut Meta) -> Result<(), Fault> {
    let mut edges = Vec::new();
    hierarchy::each(from, old, |child, parent| edges.push((child.to_owned(), parent.to_owned())))?;
    edges.iter().try_for_each(|(child, parent)| hierarchy::put(to, meta, child, parent))
}
