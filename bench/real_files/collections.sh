#!/usr/bin/env bash
# Imports real test collections and checks that nothing is lost on the way in, out, and in again.
#
#   bench/real_files/collections.sh DATA_FOLDER     the folder that holds scifact, cranfield, medquad, ..., each as BEIR
#                                                   has it; ROOTWARD names the program if not target/release/rootward
#
# For each collection: counts, the same documents, queries and judgements as in the original files, import -> export ->
# import to the same bytes as BEIR (a folder and a zip) and as TREC, and the hierarchy as a list of edges. One line for
# each; ends with 1 at the first difference.
set -euo pipefail
data=$(cd "${1:?name the folder that holds the collections}" && pwd)
rootward=${ROOTWARD:-$(cd "$(dirname "$0")/../.." && pwd)/target/release/rootward}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() { echo "FAILED: $*" >&2; exit 1; }

# Documents, edges, queries and judgements of a report.
counts() { python3 -c 'import json, sys; d = json.load(sys.stdin); print(d["documents"], d["edges"], d["queries"], d["judgements"], len(d["notes"]))'; }

# Whether an imported folder says what the original says, whatever the order and the form of its lines.
same() {
    python3 - "$1" "$2" <<'END'
import json, pathlib, sys
original, imported = map(pathlib.Path, sys.argv[1:])
def objects(folder, name, keys):
    lines = (folder / name).read_text().splitlines()
    return [[json.loads(line).get(key) or "" for key in keys] for line in lines if line]
def rows(folder, name):
    path = folder / name
    return sorted(path.read_text().splitlines()) if path.exists() else None
for name, keys in [("corpus.jsonl", ["_id", "title", "text", "synonyms"]), ("queries.jsonl", ["_id", "text"])]:
    if objects(original, name, keys) != objects(imported, name, keys):
        sys.exit(f"{name} differs")
for name in ["hierarchy.tsv", "qrels/train.tsv", "qrels/dev.tsv", "qrels/test.tsv"]:
    if rows(original, name) != rows(imported, name):
        sys.exit(f"{name} differs")
END
}

check() {
    local name=$1 expected=$2 raw=$data/$1 found start=$SECONDS
    [ -d "$raw" ] || fail "$raw is not there"
    rm -rf ./*
    found=$("$rootward" import beir "$raw" --out in --json | counts)
    [ "$found" = "$expected" ] || fail "$name: $found was counted, $expected was expected"
    same "$raw" in || fail "$name: the import is not the original"
    "$rootward" inspect in --json > inspected.json

    "$rootward" export in --to beir --out beir --json > /dev/null
    "$rootward" import beir beir --out again --json > /dev/null
    diff -r in again > /dev/null || fail "$name: another data set came back from BEIR"
    (cd beir && python3 -m zipfile -c ../beir.zip ./*)
    "$rootward" import beir beir.zip --out unzipped --json > /dev/null
    diff -r in unzipped > /dev/null || fail "$name: another data set came back from a zip archive"

    "$rootward" export in --to trec --out trec --json > /dev/null
    local qrels=()
    for file in trec/qrels.*.txt; do
        split=${file#trec/qrels.}
        qrels+=(--qrels "${split%.txt}=$file")
    done
    "$rootward" import trec --corpus trec/corpus.sgml --topics trec/topics.tsv "${qrels[@]}" --out flat --json > /dev/null
    for file in corpus.jsonl queries.jsonl qrels; do
        diff -r "in/$file" "flat/$file" > /dev/null || fail "$name: another $file came back from TREC"
    done

    if [ -f in/hierarchy.tsv ]; then
        "$rootward" export in --to edges --out edges.tsv --json > /dev/null
        cmp -s in/hierarchy.tsv edges.tsv || fail "$name: the list of edges is not the hierarchy"
    fi
    echo "$name: documents, edges, queries, judgements, notes: $found; the same again from BEIR, zip and TREC; $((SECONDS - start)) s"
}

check scifact "5183 0 1109 1258 0"
[ "$(wc -l < in/qrels/train.tsv) $(wc -l < in/qrels/test.tsv)" = "920 340" ] || fail "scifact: 919 + 339 judgements"
check cranfield "1400 0 225 1612 0"
check medquad "21490 21817 14979 16359 0"
check mesh-pubmedqa "28486 38697 1000 12943 0"
check clinc150 "160 150 22500 22500 0"
check limit-small "46 0 1000 2000 0"
