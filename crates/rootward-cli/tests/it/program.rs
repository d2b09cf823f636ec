//! Starting the program in a folder of the test's own, and judging how it ended.
//!
//! Commands are written as on a command line and split at blanks, so that a test reads like the documentation.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// A temporary folder in which commands run; names in commands are relative to it.
pub(crate) struct Folder(TempDir);

impl Folder {
    /// An empty folder.
    pub(crate) fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }

    /// A place in the folder.
    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file, making its folder where that is missing.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.at(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// The bytes of a file.
    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.at(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The text of a file.
    pub(crate) fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).unwrap()
    }

    /// Copies the files of a folder, which holds no others within it.
    pub(crate) fn copy(&self, from: &str, to: &str) {
        for (name, content) in self.files(from) {
            self.write(&format!("{to}/{name}"), content);
        }
    }

    /// Every file under a name, with its content; none where there is nothing.
    pub(crate) fn files(&self, name: &str) -> BTreeMap<String, Vec<u8>> {
        files_of(&self.at(name))
    }

    /// The files of a model, its card without the command, recipe name, time and day that made it: what must be the
    /// same of two runs.
    pub(crate) fn model(&self, name: &str) -> BTreeMap<String, Vec<u8>> {
        let mut files = self.files(name);
        let own = ["| recipe |", "| training |", "| made |", "rootward "];
        let card = self.text(&format!("{name}/README.md"));
        let same = card.lines().filter(|line| !own.iter().any(|own| line.starts_with(own)));
        files.insert("README.md".to_owned(), same.collect::<String>().into_bytes());
        files
    }

    /// A command, not yet started.
    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rootward"));
        command.args(line.split_whitespace()).current_dir(self.0.path());
        command.env_remove("ROOTWARD_CPU").stdin(Stdio::null());
        command
    }

    /// Runs a command to its end, whatever that is.
    pub(crate) fn run(&self, line: &str) -> Output {
        self.command(line).output().unwrap()
    }

    /// What a command that must succeed prints on stdout.
    pub(crate) fn done(&self, line: &str) -> String {
        let output = self.run(line);
        assert_eq!(output.status.code(), Some(0), "{line}\n{}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The one JSON object that a command prints with `--json`.
    pub(crate) fn json(&self, line: &str) -> Value {
        let printed = self.done(&format!("{line} --json"));
        assert_eq!(printed.lines().count(), 1, "{printed}");
        serde_json::from_str(&printed).unwrap()
    }

    /// The error of a command that must fail.
    pub(crate) fn fails(&self, line: &str) -> String {
        error_of(&self.run(line))
    }

    /// Starts a command whose end is not awaited here.
    pub(crate) fn start(&self, line: &str) -> Child {
        self.command(line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }
}

/// What was written on stderr.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The error of an output, after making sure that it is the only one, that it came with exit code 1, that nothing was
/// printed as data, and that nothing panicked.
pub(crate) fn error_of(output: &Output) -> String {
    let said = stderr(output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(!said.contains("panicked"), "{said}");
    let errors: Vec<&str> = said.split("error: ").skip(1).collect();
    let [error] = errors[..] else { panic!("one error was expected: {said}") };
    assert!(!error.trim().is_empty(), "the error says nothing");
    error.trim_end().to_owned()
}

/// Waits until something holds, for a minute at most.
pub(crate) fn until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < deadline, "waited a minute for {what}");
        std::thread::yield_now();
    }
}

/// Sends a signal, such as `INT`, to a program that was started here.
#[cfg(unix)]
pub(crate) fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().unwrap();
    assert!(sent.success(), "SIG{name} could not be sent");
}

/// Every file under a path, with its content; none where there is nothing.
pub(crate) fn files_of(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    collect(path, path, &mut files);
    files
}

fn collect(top: &Path, path: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    if path.is_file() {
        let name = path.strip_prefix(top).unwrap().to_string_lossy().into_owned();
        match fs::read(path) {
            Ok(content) => _ = files.insert(name, content),
            // A program that is still at work has renamed it meanwhile.
            Err(gone) if gone.kind() == ErrorKind::NotFound => {}
            Err(error) => panic!("{}: {error}", path.display()),
        }
    } else if let Ok(entries) = fs::read_dir(path) {
        entries.for_each(|entry| collect(top, &entry.unwrap().path(), files));
    }
}
