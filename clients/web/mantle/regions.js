/**
 * Connected regions of cells, from the runs of cells that they consist of, like `earthgan.features.components`. Two cells are
 * connected if they share a face; the last column lies next to the first, and all cells of a row next to a pole touch there.
 */

export class Regions {
  #rows;
  #columns;
  #firsts = []; // the first run of each row of each shell
  #starts = [];
  #lengths = [];
  #above = []; // a run of the same region that comes before, or the run itself

  /** @param {number} rows @param {number} columns */
  constructor(rows, columns) {
    this.#rows = rows;
    this.#columns = columns;
  }

  get count() {
    return this.#starts.length;
  }

  /** The first column and the length of a run. @param {number} run */
  run(run) {
    return { start: this.#starts[run], length: this.#lengths[run] };
  }

  /**
   * Adds the next shell.
   * @param {(cell: number) => boolean} isMember of a cell `row * columns + column`
   * @param {(first: number, length: number, row: number) => void} see is told of each run: its first cell
   */
  add(isMember, see) {
    const columns = this.#columns;
    for (let row = 0; row < this.#rows; row++) {
      const before = this.#starts.length;
      this.#firsts.push(before);
      for (let column = 0; column < columns; column++) {
        if (!isMember(row * columns + column)) continue;
        const start = column;
        while (column + 1 < columns && isMember(row * columns + column + 1)) column += 1;
        this.#above.push(this.#starts.length);
        this.#starts.push(start);
        this.#lengths.push(column + 1 - start);
        see(row * columns + start, column + 1 - start, row);
      }
      this.#joinRow(before, row);
    }
  }

  #joinRow(first, row) {
    const last = this.#starts.length - 1;
    if (last < first) return;
    const isPolar = row === 0 || row === this.#rows - 1;
    if (isPolar) for (let run = first + 1; run <= last; run++) this.#join(first, run);
    if (this.#starts[first] === 0 && this.#starts[last] + this.#lengths[last] === this.#columns) this.#join(first, last);
    const here = this.#firsts.length - 1;
    if (row > 0) this.#joinOver(here - 1, first, last);
    if (here >= this.#rows) this.#joinOver(here - this.#rows, first, last);
  }

  /** Joins the runs of a row with those of a row before whose columns they share. */
  #joinOver(other, first, last) {
    let at = this.#firsts[other];
    const stop = this.#firsts[other + 1];
    for (let run = first; run <= last; run++) {
      const [start, end] = [this.#starts[run], this.#starts[run] + this.#lengths[run]];
      while (at < stop && this.#starts[at] + this.#lengths[at] <= start) at += 1;
      for (let near = at; near < stop && this.#starts[near] < end; near++) this.#join(near, run);
    }
  }

  #join(a, b) {
    const [one, other] = [this.root(a), this.root(b)];
    if (one < other) this.#above[other] = one;
    else this.#above[one] = other;
  }

  /** The first run of a run's region. @param {number} run */
  root(run) {
    let at = run;
    while (this.#above[at] !== at) {
      this.#above[at] = this.#above[this.#above[at]];
      at = this.#above[at];
    }
    return at;
  }

  /** The runs of a shell: from this one up to that one. @param {number} shell counted from the first one that was added */
  runsOf(shell) {
    return [this.#firsts[shell * this.#rows], this.#firsts[(shell + 1) * this.#rows] ?? this.#starts.length];
  }

  /** The row of each run of a shell. @param {number} shell @param {(run: number, row: number) => void} see */
  eachOf(shell, see) {
    for (let row = 0; row < this.#rows; row++) {
      const here = shell * this.#rows + row;
      const stop = this.#firsts[here + 1] ?? this.#starts.length;
      for (let run = this.#firsts[here]; run < stop; run++) see(run, row);
    }
  }
}
