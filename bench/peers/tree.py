"""A tree over documents: Rootward beside k-means of FAISS.

What is measured. The vectors of `cargo bench -p rootward --bench tree`: documents of 128 numbers on the unit sphere, in
100 topics of very unequal size, each with 100 narrower ones; the benchmark writes them, all systems take the same.

    rootward       a whole tree: branching 32, leaves of at most 32 documents, balance 1.5, 10 rounds on 256 documents
                   per child
    faiss top      faiss.Kmeans, spherical, 10 rounds on 256 documents per cluster: one level of as many clusters as the
                   root of Rootward's tree has children, and every document assigned
    faiss levels   the same, then every cluster divided once more the same way, into as many leaves in all as Rootward's
                   tree has; nothing limits their size

Each runs in a process of its own. Reading or making the vectors is not timed, growing and assigning are:

    wall s    time on the clock
    CPU s     processor time of the process, user and system, all threads together
    peak MB   the most memory that the process ever held, in millions of bytes, vectors and libraries included
    cosine    the mean of documents' cosines to the mean of their leaf (of their cluster for `faiss top`)
    largest   documents of the largest leaf, beside the mean

The systems take turns, round after round, so that a machine that slows down slows all of them; the table shows medians
over the rounds. `--figure FILE` draws Rootward's seconds and memory over the number of documents.
"""

import argparse
import json
import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SEED, ROUNDS_OF_KMEANS, SAMPLE = 7, 10, 256
BENCH = ["cargo", "bench", "-q", "-p", "rootward", "--bench", "tree", "--"]


def divided(faiss, vectors, k):
    """The cluster of each row."""
    kmeans = faiss.Kmeans(
        vectors.shape[1], k, niter=ROUNDS_OF_KMEANS, spherical=True, seed=SEED,
        max_points_per_centroid=SAMPLE, min_points_per_centroid=1,
    )  # fmt: skip
    kmeans.train(vectors)
    return kmeans.index.search(vectors, 1)[1][:, 0]


def run_faiss(path, children, leaves):
    """Divides the vectors of a file in this process, and says what it took; one level where `leaves` is 0."""
    import faiss
    import numpy as np

    faiss.omp_set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    vectors = np.load(path)
    cpu, wall = time.process_time(), time.perf_counter()
    found = divided(faiss, vectors, children)
    if leaves:
        tops, n_leaves = found, 0
        found = np.empty_like(tops)
        for top in range(children):
            members = np.flatnonzero(tops == top)
            k = min(max(1, round(leaves * len(members) / len(vectors))), len(members))
            if k:
                found[members] = n_leaves + divided(faiss, vectors[members], k)
                n_leaves += k
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6

    order = np.argsort(found, kind="stable")
    sizes = np.bincount(found)
    sizes = sizes[sizes > 0]
    starts = np.cumsum(sizes) - sizes
    # A unit vector's cosine to the mean of its leaf adds up to the length of the leaf's sum.
    lengths = [np.linalg.norm(vectors[order[s : s + n]].sum(axis=0, dtype=np.float64)) for s, n in zip(starts, sizes)]
    return {
        "wall_s": wall,
        "cpu_s": cpu,
        "peak_mb": peak_mb,
        "leaves": len(sizes),
        "largest": int(sizes.max()),
        "cosine": float(sum(lengths) / len(vectors)),
    }


def process(command, threads):
    """What a command says in its last line."""
    env = os.environ | {name: str(threads) for name in ("RAYON_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    if done.returncode != 0 or not done.stdout.strip():
        sys.exit(f"failed: {' '.join(map(str, command))}\n{done.stderr.strip()}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def one_round(docs, path, threads):
    ours = process([*BENCH, str(docs), "--json"], threads)
    shape = [ours["children"], ours["leaves"]]
    faiss = [sys.executable, __file__, "--run", path]
    return {
        "rootward": ours,
        "faiss top": process([*faiss, str(shape[0]), "0"], threads),
        "faiss levels": process([*faiss, *map(str, shape)], threads),
    }


def table(found):
    lines = [
        "| documents | threads | system | wall s | CPU s | peak MB | leaves | mean leaf | largest | cosine |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for (docs, threads, name), runs in found.items():
        one = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        lines.append(
            f"| {docs:,} | {threads} | {name} | {one['wall_s']:.2f} | {one['cpu_s']:.1f} | {one['peak_mb']:,.0f}"
            f" | {one['leaves']:,.0f} | {docs / one['leaves']:,.1f} | {one['largest']:,.0f} | {one['cosine']:.3f} |"
        )
    return "\n".join(lines)


def panel(left, title, unit, points):
    """Numbers over documents, both axes by powers of ten."""
    width, height, top = 300, 220, 50
    (x0, x1), ys = (4, 6), [math.log10(y) for _, y in points]
    y0, y1 = math.floor(min(ys)), max(math.ceil(max(ys)), math.floor(min(ys)) + 1)
    across = lambda docs: left + (math.log10(docs) - x0) / (x1 - x0) * width
    up = lambda y: top + height - (math.log10(y) - y0) / (y1 - y0) * height
    text = lambda x, y, anchor, words: f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}">{words}</text>'
    svg = [text(left + width / 2, top - 20, "middle", f"{title}, {unit}")]
    for power in range(y0, y1 + 1):
        y = up(10.0**power)
        svg.append(f'<line x1="{left}" y1="{y:.0f}" x2="{left + width}" y2="{y:.0f}" stroke="#ddd"/>')
        svg.append(text(left - 8, y + 4, "end", f"{10.0**power:g}"))
    for power in range(x0, x1 + 1):
        svg.append(text(across(10**power), top + height + 20, "middle", f"{10**power:,}"))
    svg.append(text(left + width / 2, top + height + 40, "middle", "documents"))
    line = " ".join(f"{across(docs):.1f},{up(y):.1f}" for docs, y in points)
    svg.append(f'<polyline fill="none" stroke="#000" points="{line}"/>')
    for docs, y in points:
        svg.append(f'<circle cx="{across(docs):.1f}" cy="{up(y):.1f}" r="3"/>')
        svg.append(text(across(docs) - 6, up(y) - 8, "end" if docs > 1e4 else "start", f"{y:.3g}"))
    return svg


def figure(found, path):
    """Draws Rootward's medians on most threads."""
    threads = max(threads for _, threads, _ in found)
    ours = {docs: runs for (docs, of, name), runs in found.items() if name == "rootward" and of == threads}
    points = lambda key: [(docs, statistics.median(run[key] for run in runs)) for docs, runs in sorted(ours.items())]
    panels = panel(60, "growing a tree", "processor seconds", points("cpu_s"))
    panels += panel(450, "peak memory, vectors included", "MB", points("peak_mb"))
    head = '<svg width="790" height="320" viewBox="0 0 790 320" xmlns="http://www.w3.org/2000/svg"'
    back = '<rect width="790" height="320" fill="#fff"/>'
    Path(path).write_text("\n".join([f'{head} font-family="sans-serif" font-size="12">', back, *panels, "</svg>\n"]))


def main():
    try:
        installed = f"FAISS as installed here: pip install faiss-cpu=={version('faiss-cpu')}"
    except PackageNotFoundError:
        installed = "FAISS is not installed here: pip install faiss-cpu"
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=installed, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3, help="how often each system runs (default 3)")
    parser.add_argument("--docs", type=int, nargs="+", default=[10_000, 100_000, 1_000_000], help="numbers of documents")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="numbers of threads (default 1 2)")
    parser.add_argument("--figure", help="where to draw Rootward's scaling, as SVG")
    parser.add_argument("--run", nargs=3, help="one run of FAISS, in this process: vectors, clusters, leaves")
    options = parser.parse_args()
    if options.run:
        path, children, leaves = options.run
        print(json.dumps(run_faiss(path, int(children), int(leaves))))
        return
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")

    found = {}
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([*BENCH, *map(str, options.docs), "--write", folder], cwd=ROOT, check=True)
        for turn in range(options.rounds):
            for docs in options.docs:
                for threads in options.threads:
                    print(f"round {turn + 1} of {options.rounds}: {docs} documents, {threads} threads", file=sys.stderr)
                    for name, run in one_round(docs, f"{folder}/{docs}.npy", threads).items():
                        found.setdefault((docs, threads, name), []).append(run)
    print(table(found))
    if options.figure:
        figure(found, options.figure)


if __name__ == "__main__":
    main()
