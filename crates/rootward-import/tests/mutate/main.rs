//! Every importer survives any bytes: no panic, no hang, no memory beyond what the bytes could hold.
//!
//! Small files in each format are damaged at random, again and again, and imported; what comes of it does not matter,
//! as long as something does. By default a second is spent on each format, with
//! `ROOTWARD_MUTATE_SECONDS=600 cargo test --release -p rootward-import --test mutate` ten minutes, and with
//! `ROOTWARD_MUTATE_KINDS=obo,skos-turtle` only those formats, so that several cores can share them. Files on which an
//! importer once failed are kept in `tests/found/KIND` and tried first.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot prepare its files has failed, and where is enough"
)]

mod kinds;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use kinds::{Kind, kinds};

/// The longest time that a file of a few thousand bytes may take.
const SLOWEST: Duration = Duration::from_secs(10);

/// The most memory that the whole test may take, in KiB.
const MOST_MEMORY: u64 = 2 << 20;

/// Bytes that mean something to some parser.
const WORDS: &[&str] = &[
    "\n",
    "\r\n",
    "\t",
    "\0",
    "\"",
    "'",
    "\\",
    ",",
    ";",
    "|",
    "<",
    ">",
    "</",
    "<![CDATA[",
    "]]>",
    "<!--",
    "&#x0;",
    "&amp;",
    "&lol;",
    "<?",
    "{",
    "}",
    "[",
    "]",
    "^^",
    "@en",
    "@prefix",
    "<<",
    "\u{feff}",
    "\u{202e}",
    "\u{e9}",
    "\u{fe}\u{ff}",
    "-1",
    "99999999999999999999",
    "0x",
    "1e309",
    "NaN",
    ".I",
    ".T",
    ".W",
    ".",
    " ! ",
    ": ",
    " > ",
    "is_a: ",
    "[Term]",
    "PAR1",
];

/// The bytes after one to eight small accidents.
fn damaged(bytes: &[u8], rng: &mut Pcg64) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..rng.random_range(1..=8) {
        let at = rng.random_range(0..=bytes.len());
        let end = rng.random_range(at..=bytes.len().min(at + 64));
        match rng.random_range(0..7) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let again = bytes[at..end].to_vec();
                let times = rng.random_range(1..100);
                bytes.splice(at..at, again.repeat(times));
            }
            3 => {
                let word = WORDS.choose(rng).expect("there are words");
                bytes.splice(at..at, word.bytes());
            }
            4 if at < bytes.len() => bytes[at] ^= 1 << rng.random_range(0..8),
            5 if at < bytes.len() => bytes[at] = rng.random(),
            _ => {
                let moved: Vec<u8> = bytes.drain(at..end).collect();
                let to = rng.random_range(0..=bytes.len());
                bytes.splice(to..to, moved);
            }
        }
    }
    bytes
}

/// Imports the files of a kind, one of which is replaced; what went wrong, if the importer did not survive.
fn survives(kind: &Kind, replaced: &str, content: &[u8]) -> Result<(), String> {
    let dir = tempfile::tempdir().expect("a folder can be made");
    for (name, good) in &kind.files {
        let content = if *name == replaced { content } else { good };
        fs::write(dir.path().join(name), content).expect("a file can be written");
    }
    let started = Instant::now();
    let outcome = catch_unwind(AssertUnwindSafe(|| (kind.import)(dir.path()).map(drop)));
    if outcome.is_err() {
        return Err("it panics".to_owned());
    }
    if let Ok(Err(error)) = &outcome {
        // Messages are for people: they are on one line, and not empty.
        let message = error.to_string();
        if message.is_empty() || message.contains('\n') {
            return Err(format!("its message is {message:?}"));
        }
    }
    if started.elapsed() > SLOWEST {
        return Err(format!("it takes {:?}", started.elapsed()));
    }
    Ok(())
}

/// The most memory that this process has had, in KiB; 0 where the system does not say.
fn most_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

fn found_folder(kind: &Kind) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/found").join(kind.name)
}

fn check(kind: &Kind) {
    let whole = kind.files.first().expect("a kind has a file");
    assert_eq!(survives(kind, whole.0, &whole.1), Ok(()));
    let dir = tempfile::tempdir().unwrap();
    for (name, good) in &kind.files {
        fs::write(dir.path().join(name), good).unwrap();
    }
    (kind.import)(dir.path())
        .unwrap_or_else(|error| panic!("{}: the good files are read: {error}", kind.name));
    for entry in fs::read_dir(found_folder(kind)).into_iter().flatten() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let (_, replaced) = name.split_once('-').expect("found files are called NUMBER-FILE");
        assert_eq!(survives(kind, replaced, &fs::read(&path).unwrap()), Ok(()), "{}", path.display());
    }
    let seconds =
        std::env::var("ROOTWARD_MUTATE_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let until = Instant::now() + Duration::from_secs(seconds);
    // Asked for longer, it goes where it has not been.
    let seed = if seconds > 1 { u64::from(std::process::id()) } else { 0 };
    let mut rng = Pcg64::seed_from_u64(seed);
    let mut tried = 0u64;
    while Instant::now() < until {
        let (name, good) = kind.files.choose(&mut rng).expect("a kind has a file");
        let bytes = damaged(good, &mut rng);
        if let Err(wrong) = survives(kind, name, &bytes) {
            let kept = std::env::temp_dir().join(format!("{}-{tried}-{name}", kind.name));
            fs::write(&kept, &bytes).unwrap();
            panic!(
                "{}: {wrong} on {}; keep it in {}",
                kind.name,
                kept.display(),
                found_folder(kind).display()
            );
        }
        tried += 1;
    }
    assert!(tried > 0 && most_memory() < MOST_MEMORY, "{} KiB after {tried} files", most_memory());
    if seconds > 1 {
        println!("{}: {tried} damaged files in {seconds} s", kind.name);
    }
}

#[test]
fn every_importer_survives_any_bytes() {
    let kinds = kinds();
    assert_eq!(kinds.len(), 23);
    let Ok(asked) = std::env::var("ROOTWARD_MUTATE_KINDS") else {
        return kinds.iter().for_each(check);
    };
    for name in asked.split(',') {
        check(kinds.iter().find(|kind| kind.name == name).unwrap_or_else(|| panic!("no format {name}")));
    }
}
