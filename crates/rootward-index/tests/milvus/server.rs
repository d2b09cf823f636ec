//! The one Milvus server of a program of tests, started by the Python that the environment variable `ROOTWARD_MILVUS_PYTHON`
//! names.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;

use rootward_index::milvus::Address;

/// A server that ends with this process: its standard input closes then.
struct Server {
    address: Address,
    _process: Child,
    _stdout: BufReader<ChildStdout>,
}

/// Where the server listens, which the first who asks starts.
pub(crate) fn address() -> &'static Address {
    static SERVER: OnceLock<Server> = OnceLock::new();
    &SERVER.get_or_init(start).address
}

fn start() -> Server {
    let python = std::env::var("ROOTWARD_MILVUS_PYTHON").unwrap_or_else(|_| {
        panic!(
            "ROOTWARD_MILVUS_PYTHON is not set; these tests need a Milvus server: \
             `python3 -m venv FOLDER && FOLDER/bin/pip install -r crates/rootward-index/tests/milvus/requirements.txt`, \
             then set it to FOLDER/bin/python"
        )
    });
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/../rootward-index/tests/milvus/server.py");
    let command =
        Command::new(&python).args([program, "20"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut process = command.unwrap_or_else(|error| panic!("{python}: {error}"));
    let mut stdout = BufReader::new(process.stdout.take().unwrap());
    let mut port = String::new();
    stdout.read_line(&mut port).unwrap();
    assert!(!port.is_empty(), "{python} {program} ended before the server was up; what it said stands above");
    let address = Address::new(&format!("http://127.0.0.1:{}", port.trim())).unwrap();
    Server { address, _process: process, _stdout: stdout }
}
