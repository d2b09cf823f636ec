//! A disk that fills.

use std::process::{Command, Stdio};

use rootward_index::store::{Reader, Store};

use crate::crash;
use crate::model::{DIM, settings};

#[test]
fn a_full_disk_takes_nothing_that_was_acknowledged() {
    let mut stopped = 0;
    for (seed, blocks) in [(1, 300), (2, 700), (3, 1_500), (4, 3_000)] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("index");
        let own = crash::child(&path, seed);
        // The shell limits how long a file may become, and the signal that would end the process is not heard.
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\""));
        shell.arg(own.get_program()).args(own.get_args()).stdout(Stdio::piped()).stderr(Stdio::null());
        shell.envs(own.get_envs().filter_map(|(name, value)| value.map(|value| (name, value))));
        let heard = crash::listen(shell.spawn().unwrap(), u64::MAX, |_| ());
        match heard.last {
            Some(last) if last < 400 => {
                assert!(heard.failure.is_some(), "after {last} steps");
                stopped += 1;
                crash::check_and_go_on(&path, seed, last);
            }
            Some(_) => {}
            None => assert!(!path.exists()),
        }
    }
    assert!(stopped > 1, "{stopped} disks were full");
}

#[test]
fn an_index_without_documents_can_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("index");
    drop(Store::create(&path, &settings(DIM)).unwrap());
    assert_eq!(Reader::open(&path).unwrap().snapshot().unwrap().n_docs(), 0);
}
