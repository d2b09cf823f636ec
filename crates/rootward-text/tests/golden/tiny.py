"""Two tiny encoders with random weights, and what PyTorch makes of them: run as `python tiny.py` beside its results.

`bert/` is a plain Hugging Face folder, `roberta/` one of sentence-transformers with a dense layer, a normalisation and
prompts. `expected.safetensors` holds, in double precision rounded once at the end,

    {bert.cls, bert.mean, bert.max, roberta}.vectors             vectors of the texts, before any normalisation
    {bert.cls, bert.mean, bert.max, roberta}.gradient.{tensor}   gradients of sum(vectors * weights)
    {bert, roberta}.weights                                      those weights
    bert.targets                                                 what the vectors are trained to be
    roberta.query.vectors                                        vectors of the texts as queries, behind their prompt

`expected.json` holds the texts, and 20 losses `mean((vectors - targets)^2) / 2` of AdamW on mean pooling, with rate 0.002,
decay 0.05 except for biases and norms, and gradients clipped to norm 0.5. Made with torch 2.15.0, transformers 5.23.0 and
sentence-transformers 6.2.0.
"""

import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer import modules
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast, RobertaConfig, RobertaModel

HERE = Path(__file__).resolve().parent
WORDS = "animal bird cat dog eagle fish gold hat iron jar king lamp moon nest oak pine queen rose sun tree".split()
TEXTS = [
    "animal",
    "the cat and the dog",
    "",
    "Eagle! bird? oak, pine; rose: moon",
    "gold iron jar king lamp moon nest oak pine queen rose sun tree animal bird cat dog",
    "unknown wordsx here sun",
    "tree " * 60,
    "hats cats kings",
    "a",
]


def tokenizer(pad, first, last, unknown):
    """A tokenizer of whole words and pieces, as BERT cuts them."""
    specials = [first, pad, last, unknown] if pad == "<pad>" else [pad, unknown, first, last]
    letters = [chr(c) for c in range(ord("a"), ord("z") + 1)]
    pieces = [*specials, *WORDS, "the", "and", "##s", "##x", *letters, "!", ",", "?"]
    vocabulary = {piece: i for i, piece in enumerate(dict.fromkeys(pieces))}
    found = Tokenizer(WordPiece(vocabulary, unk_token=unknown))
    found.normalizer = BertNormalizer()
    found.pre_tokenizer = BertPreTokenizer()
    ends = [(first, vocabulary[first]), (last, vocabulary[last])]
    found.post_processor = TemplateProcessing(single=f"{first} $A {last}", special_tokens=ends)
    return PreTrainedTokenizerFast(
        tokenizer_object=found, pad_token=pad, cls_token=first, sep_token=last, unk_token=unknown, model_max_length=40
    ), vocabulary


def stirred(model):
    """The model with every parameter moved, so that none is zero or one."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    return model.eval()


def pooled(hidden, mask, how):
    mask = mask[..., None].to(hidden.dtype)
    if how == "cls":
        return hidden[:, 0]
    if how == "mean":
        return (hidden * mask).sum(1) / mask.sum(1)
    return hidden.masked_fill(mask == 0, -1e9).max(1).values


def gradients(model, vectors, weights):
    model.zero_grad()
    (vectors * weights).sum().backward()
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


def losses(model, batch, targets):
    decayed = [p for n, p in model.named_parameters() if not (n.endswith("bias") or "LayerNorm" in n)]
    others = [p for n, p in model.named_parameters() if n.endswith("bias") or "LayerNorm" in n]
    groups = [{"params": decayed, "weight_decay": 0.05}, {"params": others, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=0.002)
    found = []
    for _ in range(20):
        vectors = pooled(model(**batch).last_hidden_state, batch["attention_mask"], "mean")
        loss = ((vectors - targets) ** 2).mean() / 2
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        optimiser.step()
        found.append(loss.item())
    return found


def main():
    torch.manual_seed(3)
    expected = {}
    for name in ("bert", "roberta"):
        shutil.rmtree(HERE / name, ignore_errors=True)
    shape = dict(
        hidden_size=32, num_attention_heads=4, intermediate_size=64, num_hidden_layers=2, initializer_range=0.2,
        hidden_dropout_prob=0.1, attention_probs_dropout_prob=0.1,
    )

    cutter, vocabulary = tokenizer("[PAD]", "[CLS]", "[SEP]", "[UNK]")
    config = BertConfig(vocab_size=len(vocabulary) + 3, max_position_embeddings=40, hidden_act="gelu", **shape)
    config._attn_implementation = "eager"
    model = stirred(BertModel(config, add_pooling_layer=False))
    model.save_pretrained(HERE / "bert")
    cutter.save_pretrained(HERE / "bert")
    model = model.double()
    batch = cutter(TEXTS, padding=True, truncation=True, return_tensors="pt")
    weights = torch.randn(len(TEXTS), 32, dtype=torch.float64)
    for how in ("cls", "mean", "max"):
        vectors = pooled(model(**batch).last_hidden_state, batch["attention_mask"], how)
        expected[f"bert.{how}.vectors"] = vectors
        for tensor, gradient in gradients(model, vectors, weights).items():
            expected[f"bert.{how}.gradient.{tensor}"] = gradient
    expected["bert.weights"] = weights
    expected["bert.targets"] = targets = torch.randn(len(TEXTS), 32, dtype=torch.float64)
    found = losses(model, batch, targets)

    cutter, vocabulary = tokenizer("<pad>", "<s>", "</s>", "<unk>")
    config = RobertaConfig(
        vocab_size=len(vocabulary), max_position_embeddings=42, type_vocab_size=1, hidden_act="gelu_new",
        pad_token_id=1, **shape,
    )
    config._attn_implementation = "eager"
    stirred(RobertaModel(config, add_pooling_layer=True)).save_pretrained(HERE / "plain")
    cutter.save_pretrained(HERE / "plain")
    transformer = modules.Transformer(str(HERE / "plain"), max_seq_length=20)
    dense = modules.Dense(32, 16, activation_function=torch.nn.Tanh())
    prompts = {"query": "find: ", "document": ""}
    parts = [transformer, modules.Pooling(32, "mean"), dense, modules.Normalize()]
    peer = SentenceTransformer(modules=parts, prompts=prompts, device="cpu").eval()
    peer.save(str(HERE / "roberta"), create_model_card=False)
    shutil.rmtree(HERE / "plain")
    peer = peer.double()

    def before_normalisation(texts):
        features = dict(peer.preprocess(texts))
        for module in list(peer)[:3]:
            features = module(features)
        return features["sentence_embedding"]

    vectors = before_normalisation(TEXTS)
    weights = torch.randn(len(TEXTS), 16, dtype=torch.float64)
    expected["roberta.vectors"] = vectors
    expected["roberta.weights"] = weights
    for tensor, gradient in gradients(peer, vectors, weights).items():
        name = tensor.removeprefix("0.model.").replace("2.linear", "head.0.linear")
        expected[f"roberta.gradient.{name}"] = gradient
    expected["roberta.query.vectors"] = before_normalisation(["find: " + text for text in TEXTS])

    save_file({name: t.detach().float().contiguous() for name, t in expected.items()}, HERE / "expected.safetensors")
    (HERE / "expected.json").write_text(json.dumps({"texts": TEXTS, "losses": found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
