//! How long a large list of edges takes from file to written folder, and how much memory.
//!
//! `cargo bench -p rootward-import --bench edges -- [EDGES] [NODES] [FOLDER]` writes a list of random edges in random
//! order, 50,000,000 over 10,000,000 nodes if nothing is said (1 GB, and 2 GB of results), which is not timed, and
//! imports it. The folder is `target/tmp` if none is named. Peak memory is that of this process, on Linux.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use rootward::dataset::Compress;
use rootward_import::{EdgesOptions, Source, edges};

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let mut number = |default: u64| {
        arguments
            .next()
            .map_or(default, |given| given.parse().expect("counts of edges and nodes are numbers"))
    };
    let (n_edges, n_nodes) = (number(50_000_000), number(10_000_000));
    let folder = arguments.next().map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")), PathBuf::from);
    let (list, out) = (folder.join("edges.tsv"), folder.join("edges-imported"));
    write_list(&list, n_edges, n_nodes).expect("the folder can be written");
    // What an earlier run has left, if any.
    let _ = fs::remove_dir_all(&out);
    let bytes = fs::metadata(&list).expect("it was written just now").len();
    println!("{n_edges} edges over {n_nodes} nodes, {bytes} bytes, peak before {}", peak());
    let (began, used) = (Instant::now(), cpu_seconds());
    let imported = edges(&Source::new(&list, &|_| {}), &EdgesOptions::detected()).expect("the list is sound");
    println!(
        "read:    {:.1} s, {:.1} s of CPU, peak {}",
        began.elapsed().as_secs_f64(),
        cpu_seconds() - used,
        peak()
    );
    imported.parts.write(&out, Compress::None).expect("the folder can be written");
    println!(
        "written: {:.1} s, {:.1} s of CPU, peak {}",
        began.elapsed().as_secs_f64(),
        cpu_seconds() - used,
        peak()
    );
    for note in imported.notes {
        println!("note: {} {}", note.count, note.what);
    }
    println!("{} documents, {} edges", imported.parts.docs.len(), imported.parts.graph.n_edges());
    // A few gigabytes that nobody needs any more.
    let _ = fs::remove_dir_all(&out);
    let _ = fs::remove_file(&list);
}

/// Random edges in random order: the hardest case, because every name is far from the one before.
fn write_list(path: &Path, n_edges: u64, n_nodes: u64) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let mut state = 7u64;
    for _ in 0..n_edges {
        let child = 1 + random(&mut state) % (n_nodes - 1);
        let parent = random(&mut state) % child;
        // Numbers that say nothing about the place of a node.
        let name = |node: u64| node * 7_919 % n_nodes;
        writeln!(out, "n{}\tn{}", name(child), name(parent))?;
    }
    out.flush()
}

/// The next number of `splitmix64`.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The most memory that this process has held, as the system writes it.
fn peak() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or_else(|| "unknown".to_owned(), |found| found.trim().to_owned())
}

/// Seconds of work of this process, its own and the system's for it; 0 where there is no telling.
fn cpu_seconds() -> f64 {
    const TICKS: f64 = 100.0;
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok());
    ticks.sum::<f64>() / TICKS
}
