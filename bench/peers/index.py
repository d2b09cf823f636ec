"""Searching an index: Rootward beside FAISS and hnswlib.

What is measured. The vectors of `cargo bench -p rootward-index --bench search`: documents and 256 queries in topics of
very unequal size (`clustered`) or everywhere alike (`isotropic`), with lognormal norms; the score is the inner product.

    exact     Rootward: a scan of numbers of 8 bits, then f32; the answer is that of f32. faiss.IndexFlatIP.
    .95, .99  The same recall of the exact best k, measured on these queries, each with the least setting that reaches it:
              Rootward's tree by its beam (leaves), faiss.IndexIVFScalarQuantizer (8 bits, 4 sqrt(n) lists) by nprobe,
              hnswlib (M 16, ef_construction 200) by ef. `not reached` where the widest setting does not.

Each runs in a process of its own. Reading or making the vectors is not timed.

    build s     making the index: the tree and its blocks; train and add; add_items. CPU s: all threads together
    setting     leaves, nprobe or ef
    batch /s    queries a second, 256 at a time: the median of at least three rounds in 0.7 s
    single /s   the same, one at a time
    CPU us      processor time of a query, in a batch and alone
    peak MB     the most memory that the process ever held after the vectors were read and the index was built
    disk MB     the index as its library writes it; Rootward's codes, which its store keeps beside f32 vectors

The systems take turns, round after round; the table shows medians over the rounds.
"""

import argparse
import json
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
QUERIES, REPEAT_S, RECALLS = 256, 0.7, (0.95, 0.99)
BENCH = ["cargo", "bench", "-q", "-p", "rootward-index", "--bench", "search", "--"]
SYSTEMS = ("flat", "ivf", "hnsw")


def rate(search, queries, at_once):
    """Queries a second, and processor microseconds for each."""
    batches = [queries[i : i + at_once] for i in range(0, len(queries), at_once)]
    rounds, cpu, began = [], time.process_time(), time.perf_counter()
    while len(rounds) < 3 or time.perf_counter() - began < REPEAT_S:
        start = time.perf_counter()
        for batch in batches:
            search(batch)
        rounds.append(len(queries) / (time.perf_counter() - start))
    cpu = (time.process_time() - cpu) / len(rounds) / len(queries)
    return {"per_s": statistics.median(rounds), "cpu_us": 1e6 * cpu}


def least(search, widest, truth, recall):
    """The least setting that reaches a recall, by bisection, and the recall that it has."""

    def measured(setting):
        hits = sum(len(set(a) & set(b)) for a, b in zip(search(setting), truth))
        return hits / truth.size

    low, high, reached = 1, widest, measured(widest)
    if reached < recall:
        return None, reached
    while low < high:
        middle = min(max(int((low * high) ** 0.5), low), high - 1)
        found = measured(middle)
        if found >= recall:
            high, reached = middle, found
        else:
            low = middle + 1
    return low, reached


def run(system, folder, ks):
    """Builds one index in this process, and says what it took and how it searches."""
    import numpy as np

    threads = int(os.environ["OMP_NUM_THREADS"])
    docs, queries = np.load(f"{folder}/docs.npy"), np.load(f"{folder}/queries.npy")[:QUERIES]
    n, dim = docs.shape
    cpu, wall = time.process_time(), time.perf_counter()
    if system == "hnsw":
        import hnswlib

        index = hnswlib.Index("ip", dim)
        index.init_index(n, M=16, ef_construction=200, random_seed=7)
        index.set_num_threads(threads)
        index.add_items(docs)
        set_to, search, widest = index.set_ef, lambda q, k: index.knn_query(q, k)[0], 4000
    else:
        import faiss

        faiss.omp_set_num_threads(threads)
        flat = faiss.IndexFlatIP(dim)
        if system == "flat":
            index, widest = flat, 1
            set_to = lambda _: None
        else:
            widest = int(4 * n**0.5)
            index = faiss.IndexIVFScalarQuantizer(
                flat, dim, widest, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
            )
            index.train(docs)
            set_to = lambda nprobe: setattr(index, "nprobe", nprobe)
        index.add(docs)
        search = lambda q, k: index.search(q, k)[1]
    built = {"build_s": time.perf_counter() - wall, "build_cpu_s": time.process_time() - cpu}
    built["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    with tempfile.TemporaryDirectory() as at:
        path = f"{at}/index"
        index.save_index(path) if system == "hnsw" else faiss.write_index(index, path)
        built["disk_mb"] = os.path.getsize(path) / 1e6

    rows = []
    for k in ks:
        truth = np.load(f"{folder}/truth.npy")[:, :k] if system != "flat" else None
        for recall in RECALLS if system != "flat" else [1.0]:

            def at(setting):
                set_to(max(setting, k) if system == "hnsw" else setting)
                return search(queries, k)

            setting, reached = (1, 1.0) if system == "flat" else least(at, widest, truth, recall)
            row = {"k": k, "asked": recall, "setting": setting or 0, "recall": reached}
            if setting:
                at(setting)
                row["batch"] = rate(lambda q: search(q, k), queries, QUERIES)
                row["single"] = rate(lambda q: search(q, k), queries, 1)
            rows.append(row)
    if system == "flat":
        np.save(f"{folder}/truth.npy", search(queries, max(ks)))
    return built | {"rows": rows}


def process(command, threads):
    """What a command says in its last line."""
    env = os.environ | {name: str(threads) for name in ("RAYON_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    if done.returncode != 0 or not done.stdout.strip():
        sys.exit(f"failed: {' '.join(map(str, command))}\n{done.stderr.strip()}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def ours(kind, n, dim, ks, threads):
    """Rootward's run, as those of the others are told."""
    found = process([*BENCH, kind, str(n), str(dim), *map(str, ks)], threads)
    speed = lambda rate: {"per_s": rate["per_s"], "cpu_us": 1e3 * rate["cpu_ms"]}
    built = {key: found[key] for key in ("build_s", "build_cpu_s", "peak_mb")} | {"disk_mb": found["codes_mb"]}
    rows = {"rootward exact": [], "rootward tree": []}
    for of_k in found["searches"]:
        for asked in [of_k["exact"] | {"asked": 1.0, "beam": 1, "recall": 1.0}, *of_k["trees"]]:
            row = {"k": of_k["k"], "asked": asked["asked"], "setting": asked["beam"], "recall": asked["recall"]}
            row |= {how: speed(asked[how]) for how in ("batch", "single")}
            rows["rootward exact" if asked["asked"] == 1.0 else "rootward tree"].append(row)
    return {name: built | {"rows": of} for name, of in rows.items()}


def table(found):
    head = "| vectors | threads | k | recall | system | setting | batch /s | single /s | CPU us | build s (CPU s) | peak MB | disk MB |"
    lines = [head, "|---" * 12 + "|"]
    for (vectors, threads, k, asked, system), runs in found.items():
        median = lambda of: statistics.median(of(run) for run in runs)
        label = "exact" if asked == 1.0 else f"{asked} ({median(lambda r: r['recall']):.3f})"
        if any("batch" not in run for run in runs):
            speed = "not reached | | |"
        else:
            speed = f"{median(lambda r: r['setting']):.0f} | {median(lambda r: r['batch']['per_s']):,.0f}"
            speed += f" | {median(lambda r: r['single']['per_s']):,.0f}"
            speed += f" | {median(lambda r: r['batch']['cpu_us']):,.0f}, {median(lambda r: r['single']['cpu_us']):,.0f}"
        built = f"{median(lambda r: r['build_s']):.2f} ({median(lambda r: r['build_cpu_s']):.1f})"
        memory = f"{median(lambda r: r['peak_mb']):,.0f} | {median(lambda r: r['disk_mb']):,.0f}"
        lines.append(f"| {vectors} | {threads} | {k} | {label} | {system} | {speed} | {built} | {memory} |")
    return "\n".join(lines)


def main():
    try:
        installed = f"as installed here: faiss-cpu {version('faiss-cpu')}, hnswlib {version('hnswlib')}"
    except PackageNotFoundError:
        installed = "not installed here: pip install faiss-cpu hnswlib"
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=installed, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3, help="how often each system runs (default 3)")
    sets = ["clustered,100000,64", "clustered,100000,384", "clustered,1000000,64", "isotropic,100000,64"]
    parser.add_argument("--vectors", nargs="+", default=sets, help="KIND,DOCUMENTS,DIM (default: the four of docs/speed.md)")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="numbers of threads (default 1 2)")
    parser.add_argument("--k", type=int, nargs="+", default=[10, 200], help="how many are found (default 10 200)")
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, default=SYSTEMS, help="peers; flat gives the truth")
    parser.add_argument("--run", nargs=2, help="one run of a peer, in this process: system, folder of vectors")
    options = parser.parse_args()
    if options.run:
        print(json.dumps(run(*options.run, options.k)))
        return
    if options.rounds < 1 or "flat" not in options.systems:
        parser.error("--rounds must be at least 1, and --systems name flat")

    found = {}
    for vectors in options.vectors:
        kind, n, dim = vectors.split(",")
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([*BENCH, kind, n, dim, "--write", folder], cwd=ROOT, check=True)
            for turn in range(options.rounds):
                for threads in options.threads:
                    print(f"round {turn + 1} of {options.rounds}: {vectors}, {threads} threads", file=sys.stderr)
                    runs = ours(kind, n, dim, options.k, threads)
                    for system in (system for system in SYSTEMS if system in options.systems):
                        peer = [sys.executable, __file__, "--run", system, folder, "--k", *map(str, options.k)]
                        runs[f"{'hnswlib' if system == 'hnsw' else 'faiss ' + system}"] = process(peer, threads)
                    for system, of in runs.items():
                        for row in of["rows"]:
                            key = (f"{kind} {int(n):,} x {dim}", threads, row["k"], row["asked"], system)
                            found.setdefault(key, []).append(of | row)
    print(table(found))


if __name__ == "__main__":
    main()
