//! The rules of `STYLE.md` that a program can check, over the text of all sources.
//!
//! Each rule lists what offends it, with file and line. Words that a rule forbids are written in two halves here, so
//! that this file may obey its own rules.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Every dependency that is used directly, by whom, and what for. A new one is a decision: see `STYLE.md`.
const DEPENDENCIES: [(&str, &str, &str); 81] = [
    ("rootward", "rootward-kernels", "the loops that training spends its time in"),
    ("rootward", "crc32fast", "checksums of data sets and parameters"),
    ("rootward", "flate2", "data files as .gz"),
    ("rootward", "half", "numbers of 16 bits in tensor files"),
    ("rootward", "rand", "distributions, and the traits of generators"),
    ("rootward", "rand_pcg", "a generator whose numbers stay the same from version to version"),
    ("rootward", "rayon", "threads"),
    ("rootward", "rust-stemmers", "stems of English words"),
    ("rootward", "safetensors", "parameters in a format that every program reads"),
    ("rootward", "serde", "recipes, documents and reports as plain types"),
    ("rootward", "serde_json", "corpus.jsonl, config.json and reports"),
    ("rootward", "thiserror", "error types without their boilerplate"),
    ("rootward", "tokenizers", "texts as numbers of tokens"),
    ("rootward", "toml", "recipes"),
    ("rootward", "expect-test", "tests: expected text that a command updates"),
    ("rootward", "proptest", "tests: random cases that shrink"),
    ("rootward", "tempfile", "tests: folders that go away"),
    ("rootward-import", "rootward", "data sets and their errors"),
    ("rootward-import", "crc32fast", "checksums of files in zip archives"),
    ("rootward-import", "flate2", "gzip, and files in zip archives"),
    ("rootward-import", "hashbrown", "a table of names that takes 8 bytes for each"),
    ("rootward-import", "oxrdf", "RDF terms"),
    ("rootward-import", "oxrdfxml", "RDF/XML"),
    ("rootward-import", "oxttl", "Turtle and N-Triples"),
    ("rootward-import", "parquet", "tables in columns"),
    ("rootward-import", "quick-xml", "XML"),
    ("rootward-import", "serde", "notes as JSON"),
    ("rootward-import", "serde_json", "files with an object on each line"),
    ("rootward-import", "thiserror", "error types without their boilerplate"),
    ("rootward-import", "zip", "directories of zip archives"),
    ("rootward-import", "zstd", "files as .zst"),
    ("rootward-import", "csv", "tests: the rows that another reader finds"),
    ("rootward-import", "expect-test", "tests: expected text that a command updates"),
    ("rootward-import", "proptest", "tests: random cases that shrink"),
    ("rootward-import", "rand", "tests: accidents to files"),
    ("rootward-import", "rand_pcg", "tests: accidents to files"),
    ("rootward-import", "tempfile", "tests: folders that go away"),
    ("rootward-index", "rootward", "matrices, doc trees and ids of documents"),
    ("rootward-index", "rootward-kernels", "the loops that searching spends its time in"),
    ("rootward-index", "crc32fast", "checksums of what is stored and loaded"),
    ("rootward-index", "prost", "messages of Milvus; feature milvus"),
    ("rootward-index", "rayon", "threads"),
    ("rootward-index", "rusqlite", "the file of an index"),
    ("rootward-index", "serde", "filters and settings as plain types"),
    ("rootward-index", "serde_json", "metadata"),
    ("rootward-index", "thiserror", "error types without their boilerplate"),
    ("rootward-index", "tokio", "waiting for a Milvus server; feature milvus"),
    ("rootward-index", "tonic", "calls of a Milvus server; feature milvus"),
    ("rootward-index", "tonic-prost", "messages of Milvus in those calls; feature milvus"),
    ("rootward-index", "expect-test", "tests: expected text that a command updates"),
    ("rootward-index", "proptest", "tests: random cases that shrink"),
    ("rootward-index", "rand", "tests: random documents"),
    ("rootward-index", "rand_pcg", "tests: random documents"),
    ("rootward-index", "tempfile", "tests: folders that go away"),
    ("rootward-kernels", "proptest", "tests: random cases that shrink"),
    ("rootward-text", "rootward", "the seam behind which networks stand, and files that are whole"),
    ("rootward-text", "rootward-kernels", "the loops that encoding spends its time in"),
    ("rootward-text", "rayon", "threads"),
    ("rootward-text", "safetensors", "parameters in the format that models come in"),
    ("rootward-text", "serde", "configurations of models as plain types"),
    ("rootward-text", "serde_json", "configurations of models"),
    ("rootward-text", "thiserror", "error types without their boilerplate"),
    ("rootward-text", "tokenizers", "texts as sequences of tokens"),
    ("rootward-text", "half", "tests: numbers of 16 bits in tensor files"),
    ("rootward-text", "proptest", "tests: random cases that shrink"),
    ("rootward-text", "tempfile", "tests: folders that go away"),
    ("rootward-cli", "rootward", "all that the program does"),
    ("rootward-cli", "rootward-import", "other people's formats"),
    ("rootward-cli", "rootward-index", "the live index"),
    ("rootward-cli", "rootward-text", "Transformers"),
    ("rootward-cli", "anyhow", "errors for people"),
    ("rootward-cli", "clap", "arguments, their help and their errors"),
    ("rootward-cli", "ctrlc", "a checkpoint on Ctrl-C"),
    ("rootward-cli", "indicatif", "progress bars"),
    ("rootward-cli", "plotters", "the pictures of a report"),
    ("rootward-cli", "rayon", "the number of threads"),
    ("rootward-cli", "serde", "answers as JSON"),
    ("rootward-cli", "serde_json", "answers as JSON"),
    ("rootward-cli", "expect-test", "tests: expected text that a command updates"),
    ("rootward-cli", "parquet", "tests: tables in columns"),
    ("rootward-cli", "tempfile", "tests: folders that go away"),
];

/// A Rust file.
struct Source {
    /// Its path from the root of the project, with `/`.
    path: String,
    text: String,
}

impl Source {
    /// Whether the whole file is tests or benchmarks.
    fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("/tests.rs") || self.path.contains("/benches/")
    }

    /// Whether it belongs to a library, which may not print.
    fn is_library(&self) -> bool {
        [
            "crates/rootward/src/",
            "crates/rootward-import/src/",
            "crates/rootward-kernels/src/",
            "crates/rootward-text/src/",
        ]
        .iter()
        .any(|part| self.path.starts_with(part))
    }

    fn name(&self) -> &str {
        self.path.rsplit_once('/').map_or(&self.path, |(_, name)| name)
    }

    /// The numbered lines before the tests; none of a file of tests.
    fn before_tests(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().take_while(|line| line.trim() != "#[cfg(test)]");
        (1..).zip(lines).filter(|_| !self.is_test())
    }

    /// The numbered lines with one of some words in their code, comments left out.
    fn offences<'a>(&self, lines: impl Iterator<Item = (usize, &'a str)>, words: &[&str]) -> Vec<String> {
        let code = lines.filter(|(_, line)| !line.trim_start().starts_with("//"));
        let bad = code.filter(|(_, line)| words.iter().any(|word| line.contains(word)));
        bad.map(|(number, line)| format!("{}:{number}: {}", self.path, line.trim())).collect()
    }

    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines())
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the project has a root")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files of a folder with an ending, sorted; with those of its folders, except for what was built.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("a folder that opens can be listed").path();
        if path.is_dir() && !path.ends_with("target") {
            found.extend(files(&path, ending));
        } else if path.extension().is_some_and(|found| found == ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn sources() -> Vec<Source> {
    let root = root();
    let source = |path: PathBuf| Source {
        path: path.strip_prefix(&root).expect("it was found there").display().to_string().replace('\\', "/"),
        text: read(&path),
    };
    let found: Vec<Source> = files(&root.join("crates"), "rs").into_iter().map(source).collect();
    assert!(found.len() > 50, "only {} sources were found", found.len());
    found
}

/// Checks that no source offends a rule.
fn check(rule: &str, offences: impl Fn(&Source) -> Vec<String>) {
    let found: Vec<String> = sources().iter().flat_map(offences).collect();
    assert!(found.is_empty(), "{rule}:\n{}", found.join("\n"));
}

fn offends(source: &Source, bad: bool) -> Vec<String> {
    if bad { vec![source.path.clone()] } else { Vec::new() }
}

#[test]
fn every_file_opens_with_what_it_is() {
    check("a file begins with `//!`", |source| offends(source, !source.text.starts_with("//! ")));
}

#[test]
fn no_file_has_more_than_500_lines_before_its_tests() {
    check("a file is one idea", |source| offends(source, source.before_tests().count() > 500));
}

#[test]
fn tests_stand_at_the_end_of_their_file() {
    check("`#[cfg(test)]` is followed by `mod tests`", |source| {
        let after = source.text.split_once("\n#[cfg(test)]\n").map(|(_, after)| after);
        offends(source, after.is_some_and(|after| !after.starts_with("mod tests")))
    });
}

#[test]
fn files_are_named_after_what_they_hold() {
    let vague = ["mod", "util", "utils", "helper", "helpers", "common", "misc", "manager"];
    check("a name says what is in the file", |source| {
        offends(source, vague.iter().any(|name| source.name() == format!("{name}.rs")))
    });
}

#[test]
fn nothing_is_unwrapped_outside_tests() {
    check("use an error, or `expect` with the reason why it cannot fail", |source| {
        source.offences(source.before_tests(), &[".unwrap()", ".unwrap_err()", ".expect(\"\")"])
    });
}

#[test]
fn libraries_do_not_print() {
    let words = ["println!", "print!", "eprint!", "dbg!", "io::stdout", "io::stderr"];
    check("libraries return values and take closures", |source| {
        let lines = source.before_tests().filter(|_| source.is_library());
        source.offences(lines, &words)
    });
}

#[test]
fn nothing_is_left_for_later() {
    let words =
        [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X"), concat!("unimple", "mented!")];
    let macros = concat!("to", "do!(");
    check("do it, or leave it", |source| {
        let bad =
            source.lines().filter(|(_, line)| words.iter().chain([&macros]).any(|word| line.contains(word)));
        bad.map(|(number, line)| format!("{}:{number}: {}", source.path, line.trim())).collect()
    });
}

#[test]
fn tests_neither_sleep_nor_panic_on_purpose_nor_are_skipped() {
    let words = [concat!("#[ig", "nore"), concat!("#[should_", "panic"), concat!("thread::", "sleep")];
    check("a test runs, and says what it expects", |source| source.offences(source.lines(), &words));
}

#[test]
fn a_lint_is_only_silenced_with_a_reason() {
    check("say why, in the attribute", |source| {
        let silenced = [concat!("[all", "ow("), concat!("[exp", "ect(")];
        let begins = |text: &str| silenced.iter().any(|word| text.starts_with(word));
        let places = source.text.match_indices('[').filter(|(at, _)| begins(&source.text[*at..]));
        let bad = places.filter(|(at, _)| {
            let attribute = source.text[*at..].split(")]").next().unwrap_or_default();
            !attribute.contains("reason = \"")
        });
        bad.map(|(at, _)| format!("{}:{}", source.path, source.text[..at].lines().count())).collect()
    });
}

#[test]
fn unsafe_code_is_in_the_kernels_alone_and_says_why_it_is_sound() {
    let forms =
        ["{", "fn", "impl", "extern", "trait"].map(|form| format!("{} {form}", concat!("un", "safe")));
    let forms: Vec<&str> = forms.iter().map(String::as_str).collect();
    check("`// SAFETY:` stands on the line above", |source| {
        let lines: Vec<&str> = source.text.lines().collect();
        let excused = |number: usize| {
            let above = number.checked_sub(2).map_or("", |above| lines[above].trim());
            source.path.starts_with("crates/rootward-kernels/") && above.starts_with("// SAFETY:")
        };
        let lines = source.lines().filter(|(number, _)| !excused(*number));
        source.offences(lines, &forms)
    });
}

#[test]
fn randomness_comes_from_a_seed() {
    let words = [
        concat!("rand::", "rng()"),
        concat!("thread_", "rng"),
        concat!("from_", "entropy"),
        concat!("from_os_", "rng"),
        concat!("rand::", "random"),
        concat!("Random", "State"),
    ];
    check("a generator is an argument", |source| source.offences(source.lines(), &words));
}

/// The keys of a table in a manifest; none where there is no such table.
fn keys(manifest: &toml::Table, table: &str) -> Vec<String> {
    let found = manifest.get(table).and_then(toml::Value::as_table);
    found.map(|found| found.keys().cloned().collect()).unwrap_or_default()
}

fn manifest(path: &Path) -> toml::Table {
    read(path).parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_dependency_is_listed_with_its_reason() {
    let mut found = BTreeSet::new();
    for path in files(&root().join("crates"), "toml").into_iter().filter(|path| path.ends_with("Cargo.toml"))
    {
        let manifest = manifest(&path);
        let name = manifest["package"]["name"].as_str().unwrap().to_owned();
        for table in ["dependencies", "dev-dependencies", "build-dependencies"] {
            found.extend(keys(&manifest, table).into_iter().map(|dependency| (name.clone(), dependency)));
        }
        assert!(
            !manifest.contains_key("target"),
            "{name} depends on the platform, which this test does not read"
        );
    }
    let listed: BTreeSet<_> = DEPENDENCIES
        .iter()
        .map(|(name, dependency, _)| ((*name).to_owned(), (*dependency).to_owned()))
        .collect();
    let (new, gone): (Vec<_>, Vec<_>) =
        (found.difference(&listed).collect(), listed.difference(&found).collect());
    assert!(new.is_empty() && gone.is_empty(), "used but not listed: {new:?}\nlisted but not used: {gone:?}");
}

#[test]
fn every_dependency_of_the_workspace_is_used() {
    let manifest = manifest(&root().join("Cargo.toml"));
    let workspace = manifest["workspace"].as_table().unwrap();
    let used: BTreeSet<&str> = DEPENDENCIES.iter().map(|(_, dependency, _)| *dependency).collect();
    let unused: Vec<_> =
        keys(workspace, "dependencies").into_iter().filter(|name| !used.contains(name.as_str())).collect();
    assert!(unused.is_empty(), "{unused:?}");
}

#[test]
fn every_recipe_opens_with_what_it_is_for() {
    let recipes = files(&root().join("recipes"), "toml");
    assert!(!recipes.is_empty());
    for path in recipes {
        assert!(read(&path).starts_with("# "), "{} does not begin with a comment", path.display());
    }
}

/// The files that a page links to, from its folder; addresses on the web and places in the page are left out.
fn links(page: &Path) -> Vec<PathBuf> {
    let text = read(page);
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let local = targets.filter(|target| !target.contains("://") && !target.starts_with('#'));
    let file = |target: &str| {
        page.parent().expect("a page is in a folder").join(target.split('#').next().unwrap_or_default())
    };
    local.map(file).collect()
}

#[test]
fn every_page_of_the_docs_is_linked_from_the_readme() {
    let root = root();
    let linked: BTreeSet<PathBuf> =
        links(&root.join("README.md")).iter().filter_map(|path| path.canonicalize().ok()).collect();
    for page in files(&root.join("docs"), "md") {
        assert!(linked.contains(&page), "{} is not linked from README.md", page.display());
    }
    for page in ["ARCHITECTURE.md", "CHANGELOG.md", "STYLE.md"] {
        assert!(linked.contains(&root.join(page)), "{page} is not linked from README.md, or is not there");
    }
}

#[test]
fn every_link_of_a_page_leads_somewhere() {
    let root = root();
    let mut pages = files(&root.join("docs"), "md");
    pages.extend(["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "STYLE.md"].map(|page| root.join(page)));
    let broken: Vec<String> = pages
        .iter()
        .flat_map(|page| links(page).into_iter().map(move |link| (page, link)))
        .filter(|(_, link)| !link.exists())
        .map(|(page, link)| format!("{}: {}", page.display(), link.display()))
        .collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
