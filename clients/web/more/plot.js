/** A plot of lines in the page's colours. The library that draws it is loaded for the first plot. */

const FONT = "11px system-ui, -apple-system, sans-serif";
const scheme = matchMedia("(prefers-color-scheme: dark)");
let loading = null;

/** @returns {Promise<?typeof import("../vendor/uplot/uPlot.esm.js").default>} null: it cannot be had now */
function library() {
  loading ??= import("../vendor/uplot/uPlot.esm.js").catch(() => ({ default: (loading = null) }));
  return loading.then((module) => module.default);
}

/**
 * @typedef {{x: ArrayLike<number>, lines: {values: ArrayLike<?number>, isFaint?: boolean}[], mark: ?number, ticks?: number[]}} Shown
 *   `mark` is a place on the axis of x, such as the map's depth, and `ticks` are fainter ones, which have their numbers on the right
 */

export class Plot {
  #element;
  #options;
  #plot = null;
  #shown = null;

  /**
   * @param {HTMLElement} element
   * @param {{
   *   isUpright?: boolean, isRising?: boolean, height: number, pick: (x: number) => void, hover: (i: ?number) => void,
   *   names: {x: string, y: () => string}, format: (value: number) => string,
   * }} options  upright: x grows downwards, or upwards if it is rising; `pick` is called with the x that the reader clicks on, `hover` with a point's number
   */
  constructor(element, options) {
    this.#element = element;
    this.#options = options;
    scheme.addEventListener("change", () => this.#make());
    new ResizeObserver(() => this.#resize()).observe(element);
  }

  /** @param {Shown} shown @param {string} words what it shows, for those who do not see it */
  show(shown, words) {
    const isOther = this.#shown?.lines.length !== shown.lines.length;
    this.#shown = shown;
    this.#element.setAttribute("role", "img");
    this.#element.setAttribute("aria-label", words);
    if (this.#plot && !isOther) this.#plot.setData(this.#data());
    else this.#make();
  }

  /** @param {?number} mark */
  mark(mark) {
    if (!this.#shown || this.#shown.mark === mark) return;
    this.#shown = { ...this.#shown, mark };
    this.#plot?.redraw(false);
  }

  #data() {
    return [this.#shown.x, ...this.#shown.lines.map(({ values }) => values)];
  }

  async #make() {
    if (!this.#shown) return;
    const uPlot = await library();
    if (!uPlot) return; // the words beside the plot are there, and the next one tries again
    this.#plot?.destroy();
    const { isUpright = false, isRising = false, height, format, names, pick, hover } = this.#options;
    const { ticks = [] } = this.#shown;
    const style = getComputedStyle(this.#element);
    const color = (name) => style.getPropertyValue(`--${name}`).trim();
    const axis = (side, more) => ({
      side, stroke: color("muted"), font: FONT, labelFont: FONT, labelSize: 16,
      grid: { stroke: color("line"), width: 1 }, ticks: { stroke: color("line"), width: 1, size: 4 }, gap: 3, ...more,
    });
    const [filter, numbers] = [(_, splits) => splits, (_, splits) => splits.map(String)];
    const values = (_, splits) => splits.map((value) => (value === null ? "" : format(value)));
    const line = ({ isFaint }) => ({
      stroke: isFaint ? color("muted") : color("accent"), width: isFaint ? 1 : 2, dash: isFaint ? [4, 3] : undefined, points: { size: 3 },
    });
    this.#plot = new uPlot(
      {
        width: this.#element.clientWidth,
        height,
        scales: { x: { time: false, ori: isUpright ? 1 : 0, dir: isUpright && !isRising ? -1 : 1 }, y: { ori: isUpright ? 0 : 1 } },
        axes: [
          axis(isUpright ? 3 : 2, { label: names.x, size: isUpright ? 42 : 26, values: isUpright ? values : undefined }),
          axis(isUpright ? 2 : 3, { label: names.y(), size: isUpright ? 26 : 46, values, space: isUpright ? 60 : 28 }),
          ...(ticks.length ? [axis(1, { scale: "x", size: 34, grid: { show: false }, splits: () => ticks, filter, values: numbers })] : []),
        ],
        series: [{}, ...this.#shown.lines.map(line)],
        legend: { show: false },
        cursor: { drag: { x: false, y: false }, points: { size: 6 } },
        hooks: {
          draw: [(plot) => this.#drawMarks(plot, isUpright, color)],
          setCursor: [(plot) => hover(plot.cursor.idx ?? null)],
          ready: [({ over }) => over.addEventListener("click", () => this.#pick(pick, isUpright))],
        },
      },
      this.#data(),
      this.#element,
    );
  }

  #pick(pick, isUpright) {
    const { left, top } = this.#plot.cursor;
    pick(this.#plot.posToVal(isUpright ? top : left, "x"));
  }

  #drawMarks(plot, isUpright, color) {
    const { ctx, bbox } = plot;
    const line = (x, stroke, width) => {
      const at = Math.round(plot.valToPos(x, "x", true)) + 0.5;
      ctx.beginPath();
      ctx.strokeStyle = stroke;
      ctx.lineWidth = width * devicePixelRatio;
      ctx.moveTo(isUpright ? bbox.left : at, isUpright ? at : bbox.top);
      ctx.lineTo(isUpright ? bbox.left + bbox.width : at, isUpright ? at : bbox.top + bbox.height);
      ctx.stroke();
    };
    ctx.save();
    for (const tick of this.#shown.ticks ?? []) line(tick, color("edge"), 0.5);
    if (this.#shown.mark !== null) line(this.#shown.mark, color("text"), 1);
    ctx.restore();
  }

  #resize() {
    const width = this.#element.clientWidth;
    if (this.#plot && width && width !== this.#plot.width) this.#plot.setSize({ width, height: this.#options.height });
  }
}
