"""The page's entropy code reads the same numbers as `earthgan.kinds.entropy`, whatever the tables and the lanes."""

import shutil

import numpy as np
import pytest

from earthgan.kinds.entropy import ESCAPE, REACH, SYMBOLS, EntropyCode, Tables, frequencies_of
from page_module import said

PROGRAM = """
import { EntropyCode } from "./clients/web/surrogate/entropy.js";
let text = "";
for await (const chunk of process.stdin) text += chunk;
const found = JSON.parse(text).map(({ frequencies, shifts, tables, data }) => {
  const code = new EntropyCode(Uint16Array.from(frequencies), Uint8Array.from(shifts));
  const read = (bytes) => {
    try {
      return Array.from(code.decode(Uint8Array.from(bytes), Uint8Array.from(tables)));
    } catch (error) {
      return error.name;
    }
  };
  return [read(data), read([...data, 0])];
});
console.log(JSON.stringify(found));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
def test_javascript_reads_what_python_writes() -> None:
    rng, cases, due = np.random.default_rng(0), [], []
    for case in range(40):
        sizes = rng.choice([0.05, 0.4, 3.0, 12.0], rng.integers(1, 5))
        share = np.exp(-np.abs(np.arange(SYMBOLS) - REACH) / sizes[:, None])
        share[:, ESCAPE] = share[:, 0]
        tables = Tables(frequencies_of(share), rng.integers(0, 15, len(sizes)).astype(np.uint8) * (case % 3 > 0))
        follow = np.sort(rng.integers(0, len(sizes), rng.choice([0, 1, 70, 5000, 30_000])))
        numbers = np.round(rng.laplace(0, sizes[follow])).astype(int) << tables.shifts[follow]
        numbers[: case % 4] = (-30_000, 16, 30_000)[: case % 4][: len(numbers)]
        data = EntropyCode(tables).encode(numbers, follow)
        assert EntropyCode(tables).decode(data, follow).tolist() == numbers.tolist()
        arrays = {"frequencies": tables.frequencies.ravel(), "shifts": tables.shifts, "tables": follow}
        cases.append({name: array.tolist() for name, array in arrays.items()} | {"data": list(data)})
        due.append([numbers.tolist(), "SurrogateError"])
    assert said(PROGRAM, cases) == due
