//! Random sequences of changes, against the maps that they should make.

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use rootward::ids::DocIdx;
use rootward_index::store::{Changed, Reader, Store, Writer, backup};

use crate::model::{DIM, Model, Step, settings};
use crate::truth;

/// What somebody holds who follows an index by its log.
#[derive(Debug, Default, PartialEq)]
struct Mirror {
    generation: u64,
    docs: BTreeMap<DocIdx, (String, Option<u32>, Vec<f32>)>,
}

impl Mirror {
    fn read(reader: &mut Reader) -> Mirror {
        let reading = reader.snapshot().unwrap();
        let mut docs = BTreeMap::new();
        let read = reading.each_vector(reading.current(), 2, Vec::new, |all, doc, home, vector| {
            all.push((doc, (String::new(), home.map(|home| home.0), vector.to_vec())));
        });
        docs.extend(read.unwrap().into_iter().flatten());
        reading.each_id(|doc, id| docs.get_mut(&doc).unwrap().0 = id.to_owned()).unwrap();
        Mirror { generation: reading.generation(), docs }
    }

    fn follow(&mut self, reader: &mut Reader) {
        let reading = reader.snapshot().unwrap();
        let Some(changed) = reading.changes_since(self.generation).unwrap() else {
            drop(reading);
            *self = Mirror::read(reader);
            return;
        };
        self.generation = reading.generation();
        let Changed { put, removed, moved, .. } = changed;
        removed.iter().for_each(|doc| assert!(self.docs.remove(doc).is_some()));
        moved.iter().for_each(|(doc, home)| self.docs.get_mut(doc).unwrap().1 = Some(home.0));
        for added in put {
            let document = (added.id, added.home.map(|home| home.0), added.vector);
            assert!(self.docs.insert(added.doc, document).is_none());
        }
    }
}

fn run(path: &Path, seed: u64, n_steps: u64) -> Model {
    let mut writer = Store::create(path, &settings(DIM)).unwrap();
    let mut model = Model::default();
    let mut reader = Reader::open(path).unwrap();
    let (mut often, mut seldom) = (Mirror::default(), Mirror::default());
    let mut other = reader.another().unwrap();
    for step in 0..n_steps {
        let change = model.plan(seed, step);
        let generation = model.perform(&mut writer, &mut reader, &change).unwrap();
        assert_eq!(generation, step + 1);
        model.step(&change);
        often.follow(&mut reader);
        if step % 5 == 0 {
            seldom.follow(&mut other);
            assert_eq!(often, seldom);
        }
        if step % 7 == 0 {
            drop(writer);
            writer = Writer::open(path).unwrap();
        }
    }
    assert_eq!(often, Mirror::read(&mut reader));
    model
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_changes_makes_what_it_makes_of_maps(seed in 0u64..1 << 40, n_steps in 0u64..40) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("index");
        let model = run(&path, seed, n_steps);
        truth::check(&path, &model);
    }
}

#[test]
fn a_backup_is_the_index_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let (path, copy) = (dir.path().join("index"), dir.path().join("copy"));
    let model = run(&path, 3, 60);
    let mut last = None;
    let generation = backup(&path, &copy, |progress| last = Some(progress)).unwrap();
    assert_eq!(generation, 60);
    assert!(last.is_some_and(|last| last.done == last.all));
    let mut writer = Writer::open(&path).unwrap();
    let mut changes = writer.begin().unwrap();
    changes.remove(model.docs.keys().next().unwrap()).unwrap();
    changes.commit().unwrap();
    truth::check(&copy, &model);
    assert!(backup(&path, &copy, |_| ()).unwrap_err().to_string().contains("there is a file already"));
}

#[test]
fn a_snapshot_stays_what_it_was_while_the_index_is_changed_and_compacted() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("index");
    let mut model = run(&path, 9, 30);
    let mut writer = Writer::open(&path).unwrap();
    let (mut reader, mut planner) = (Reader::open(&path).unwrap(), Reader::open(&path).unwrap());
    let reading = reader.snapshot().unwrap();
    let all = |reading: &rootward_index::store::Reading<'_>| {
        let mut ids = Vec::new();
        reading.each_id(|doc, id| ids.push((doc, id.to_owned()))).unwrap();
        let stored = reading.documents(&ids.iter().map(|(doc, _)| *doc).collect::<Vec<_>>()).unwrap();
        let vectors = reading.each_vector(reading.current(), 3, Vec::new, |all, doc, home, vector| {
            all.push((doc, home, vector.to_vec()));
        });
        (ids, stored, vectors.unwrap().concat())
    };
    let before = all(&reading);
    for step in 30..50 {
        let change = if step == 40 { Step::Compact } else { model.plan(9, step) };
        model.perform(&mut writer, &mut planner, &change).unwrap();
        model.step(&change);
    }
    assert_eq!(all(&reading), before);
    drop(reading);
    drop((reader, writer));
    truth::check(&path, &model);
}

#[test]
fn compaction_gives_rows_from_0_on_and_forgets_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("index");
    let model = run(&path, 5, 60);
    let mut writer = Writer::open(&path).unwrap();
    let generation = writer.compact(|_| ()).unwrap();
    let mut reader = Reader::open(&path).unwrap();
    let reading = reader.snapshot().unwrap();
    assert_eq!((reading.next_row() as usize, reading.generation()), (model.docs.len(), generation));
    assert_eq!(reading.changes_since(generation - 1).unwrap(), None);
    assert!(reading.changes_since(generation).unwrap().is_some());
}

#[test]
fn readers_and_writers_may_go_from_thread_to_thread() {
    fn goes<T: Send>() {}
    goes::<Reader>();
    goes::<Writer>();
}
