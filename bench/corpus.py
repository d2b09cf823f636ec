"""The hierarchical corpus encoder against what it should beat, on four corpora: the tables of docs/results.md.

    cargo build --release
    python3 bench/corpus.py --out DIR --scifact FOLDER --cranfield FOLDER --medquad FOLDER [--transformer FOLDER]

The folders are data sets of BEIR; the fourth corpus is the definitions of WordNet, which come with the project. On each runs
`rootward study corpus` with the static encoder and the seeds 1 to N (`--seeds`, 3), then `rootward study contrast`, and
`change` on SciFact, MedQuAD and WordNet. Where a Transformer is given, the study runs on SciFact and Cranfield once more with
it: rows that decide a verdict with all seeds, the others with seed 1. A data set whose folder is not given is left out.

Stop whenever you like: the same command goes on with the cell at which it was stopped. Printed, and written to table.md in
DIR: nDCG@10 (mean and deviation over the seeds), R@10 and R@100 of every row, and the verdicts. Only the standard library is
needed.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = ROOT / "target/release/rootward"

# Rows without chance, and those that a verdict compares.
FIXED = ["BM25", "zero-shot"]
DECIDING = ["in-batch", "HCE, frozen tree", "HCE", "HCE, unsupervised", "HCE, joint"]


def study(name, out, seeds, *arguments):
    """Runs a study, or goes on with it; its results."""
    line = [PROGRAM, "study", name, "--out", out, "--seeds", seeds, "--json", *arguments]
    done = subprocess.run([str(word) for word in line], stdout=subprocess.PIPE)
    if done.returncode:
        sys.exit(f"rootward study {name} failed")
    return json.loads(done.stdout)


def number(row, column, seeds):
    spread = row["numbers"].get(column)
    if spread is None:
        return ""
    mean = f"{spread['mean']:.1f}"
    if column != "nDCG@10" or row["label"] in FIXED:
        return mean
    if len(row["seeds"]) < seeds:
        return mean + "¹"
    return f"{mean} ± {spread['deviation']:.1f}" if seeds > 1 else mean


def side_by_side(studies, seeds):
    """A row for each method, and for each corpus its nDCG@10, R@10 and R@100, then the verdicts; ¹ where not all seeds were run."""
    columns = ["nDCG@10", "R@10", "R@100"]
    lines = [["nDCG@10, R@10, R@100"] + list(studies)]
    labels = dict.fromkeys(row["label"] for found in studies.values() for row in found["rows"])
    for label in labels:
        line = [label]
        for found in studies.values():
            row = next((row for row in found["rows"] if row["label"] == label), None)
            line.append(", ".join(number(row, column, seeds) for column in columns) if row else "–")
        lines.append(line)
    verdicts = []
    names = [finding["name"] for found in studies.values() for finding in found["findings"]]
    for name in dict.fromkeys(names):
        line = [name.replace(", points of nDCG@10", "")]
        for found in studies.values():
            finding = next((finding for finding in found["findings"] if finding["name"] == name), None)
            few = "¹" if finding and finding["seeds"] < seeds else ""
            line.append(f"{finding['value']:+.1f}{few}, {finding['p']:.4f}" if finding else "–")
        verdicts.append(line)
    return table(lines) + "\n" + (table([["points of nDCG@10, p"] + list(studies)] + verdicts) if verdicts else "")


def of_change(found):
    columns = list(dict.fromkeys(column for row in found["rows"] for column in row["numbers"]))
    lines = [["documents that come later"] + columns + ["seconds"]]
    for row in found["rows"]:
        spreads = [row["numbers"].get(column) for column in columns]
        means = [f"{spread['mean']:.1f}" if spread else "–" for spread in spreads]
        lines.append([row["label"]] + means + [f"{row['seconds']:.0f}"])
    return table(lines)


def table(lines):
    rows = ["| " + " | ".join(line) + " |" for line in lines]
    return "\n".join([rows[0], "|" + "---|" * len(lines[0])] + rows[1:]) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    for name in ("scifact", "cranfield", "medquad", "transformer"):
        parser.add_argument(f"--{name}", type=Path, metavar="FOLDER")
    parser.add_argument("--seeds", type=int, default=3, metavar="N")
    asked = parser.parse_args()
    given = {name: getattr(asked, name) for name in ("scifact", "cranfield", "medquad") if getattr(asked, name)}

    parts = []
    contrast = study("contrast", asked.out / "contrast", asked.seeds)
    static = {name: study("corpus", asked.out / name, asked.seeds, "--data", folder) for name, folder in given.items()}
    static["wordnet"] = study("corpus", asked.out / "wordnet", asked.seeds)
    parts.append(side_by_side(static | {"animals of wordnet": contrast}, asked.seeds))
    for name in ("scifact", "medquad", "wordnet"):
        data = ["--data", given[name]] if name in given else []
        if data or name == "wordnet":
            parts.append(f"{name}\n\n" + of_change(study("change", asked.out / f"change-{name}", asked.seeds, *data)))
    if asked.transformer:
        encoder = ["--encoder", asked.transformer]
        deciding = [word for label in DECIDING for word in ("--only", label)]
        transformer = {}
        for name in [name for name in given if name != "medquad"]:
            out, data = asked.out / f"transformer-{name}", ["--data", given[name], *encoder]
            study("corpus", out, 1, *data)
            transformer[name] = study("corpus", out, asked.seeds, *data, *deciding)
        if transformer:
            parts.append("Transformer\n\n" + side_by_side(transformer, asked.seeds))
    text = "\n".join(parts)
    (asked.out / "table.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
