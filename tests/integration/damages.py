"""Ways to damage a surrogate folder; each gives the name of the file that has to be named."""

import hashlib
from pathlib import Path

import numpy as np


def cut_the_weights_short(folder: Path) -> str:
    path = folder / "generator.onnx"
    path.write_bytes(path.read_bytes()[:-100])
    return "generator.onnx"


def alter_one_byte_of_the_weights(folder: Path) -> str:
    path = folder / "generator.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    return "generator.safetensors"


def remove_a_step(folder: Path) -> str:
    (folder / "inputs" / "120.bin").unlink()
    return "120.bin"


def hide_a_pickle_in_a_step(folder: Path) -> str:
    """With the digest that belongs to it, so that only the refusal to unpickle can help."""
    path = folder / "inputs" / "120.npy"
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    np.save(path, np.array([{"a": "pickle"}], dtype=object), allow_pickle=True)
    after = hashlib.sha256(path.read_bytes()).hexdigest()
    spec = folder / "spec.json"
    spec.write_text(spec.read_text().replace(before, after))
    return "120.npy"


def break_the_spec(folder: Path) -> str:
    path = folder / "spec.json"
    path.write_bytes(path.read_bytes()[:1000])
    return "spec.json"


DAMAGES = [cut_the_weights_short, alter_one_byte_of_the_weights, remove_a_step, break_the_spec]
