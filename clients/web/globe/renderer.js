/** Draws the globe with WebGL 2. What it has been given is given again after the browser has lost it. */

import { axesOf, cutOf } from "./geometry.js";
import { FRAGMENT, TABLE, VERTEX } from "./shader.js";

/** The places of textures. */
const UNITS = { shell: 0, volume: 1, table: 2, palette: 3 };
/** So many shells are filled without a pause. */
const FILLED_AT_ONCE = 4;
/** The rows of the table that lead from radii to the shells of a volume. */
const ROWS = { fine: 0, coarse: 1 };

/**
 * @typedef {{columns: number, rows: number, levels: number, table: Float32Array, firstLng: number}} Axes  see axes.js
 * @typedef {{
 *   view: import("./view.js").GlobeView, shape: import("./geometry.js").Shape, rings: number[], range: [number, number],
 *   volume: ?{texture: number, isFine: boolean}, hasGraticule: boolean,
 * }} Scene  `range`: the values of the first and the last colour
 * @typedef {{samples: number, isSmall?: boolean, strip?: [number, number]}} How  samples along each side of a pixel; whether a
 *   picture of half the size is enlarged; the first row and the number of rows, if these alone are drawn
 */

/**
 * The context of a canvas, the same each time. To make it takes a browser without a GPU a tenth of a second.
 * @param {HTMLCanvasElement} canvas @returns {?WebGL2RenderingContext} null if this browser has no WebGL 2
 */
export const contextOf = (canvas) => canvas.getContext("webgl2", { antialias: false, depth: false, preserveDrawingBuffer: true });

export class Renderer {
  #canvas;
  #gl;
  #isReady = false; // whether the program is compiled
  #axes;
  #program;
  #places = {};
  #textures = {};
  #volumes = []; // textures
  #waiting = []; // shells that have come before the program was compiled
  #small = null; // what quick pictures are drawn on: half as wide and high as the canvas

  /**
   * @param {HTMLCanvasElement} canvas @param {Axes} axes
   * @param {{ready: () => void, failed: (error: Error) => void, restored: () => void}} on `ready`: it draws from now on; `restored`:
   *   it has lost all that it was given
   * @throws {Error} if this browser has no WebGL 2
   */
  constructor(canvas, axes, on) {
    this.#canvas = canvas;
    this.#axes = axes;
    this.#gl = contextOf(canvas);
    if (this.#gl === null) throw new Error("This browser has no WebGL 2, which the globe needs. The map shows the same values.");
    const size = Math.max(axes.columns, axes.rows, axes.levels);
    if (size > this.#gl.getParameter(this.#gl.MAX_3D_TEXTURE_SIZE)) throw new Error("This browser's WebGL has no room for so fine a grid. The map shows it.");
    canvas.addEventListener("webglcontextlost", (event) => {
      this.#isReady = false;
      event.preventDefault(); // so that it is restored
    });
    const prepare = () => this.#prepare().then((isReady) => isReady && on.ready(), on.failed);
    canvas.addEventListener("webglcontextrestored", () => {
      prepare();
      on.restored();
    });
    prepare();
  }

  /** Whether pictures are drawn. */
  get isReady() {
    return this.#isReady;
  }

  /** The values of the shell on the map, from the south, as axes.js lays them out. @param {Float32Array} values */
  setShell(values) {
    const gl = this.#gl;
    const { columns, rows } = this.#axes;
    this.#bind("shell", gl.TEXTURE_2D, this.#textures.shell);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.R32F, columns, rows, 0, gl.RED, gl.FLOAT, values);
    this.#textures.hasShell = true;
  }

  /** @param {string[]} colors 255 of them, such as "#00ff7f" */
  setPalette(colors) {
    const gl = this.#gl;
    const bytes = Uint8Array.from(colors.flatMap((color) => [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16)).concat(255)));
    this.#bind("palette", gl.TEXTURE_2D, this.#textures.palette);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, colors.length, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, bytes);
  }

  /** Makes room for a volume of so many shells. @param {number} volume its number */
  makeVolume(volume, levels) {
    const gl = this.#gl;
    const { columns, rows } = this.#axes;
    gl.deleteTexture(this.#volumes[volume] ?? null);
    this.#volumes[volume] = this.#texture(gl.TEXTURE_3D, gl.LINEAR);
    this.#bind("volume", gl.TEXTURE_3D, this.#volumes[volume]);
    gl.texStorage3D(gl.TEXTURE_3D, 1, gl.R16F, columns, rows, levels);
  }

  /**
   * Fills a shell of a volume, or will: while the program is compiled, every call would wait for that.
   * @param {Float32Array} values as for setShell
   */
  fill(volume, level, values) {
    if (this.#isReady) this.#fill(volume, level, values);
    else this.#waiting.push([volume, level, values]);
  }

  #fill(volume, level, values) {
    const gl = this.#gl;
    const { columns, rows } = this.#axes;
    this.#bind("volume", gl.TEXTURE_3D, this.#volumes[volume]);
    gl.texSubImage3D(gl.TEXTURE_3D, 0, 0, 0, level, columns, rows, 1, gl.RED, gl.FLOAT, values);
  }

  /** @param {Scene} scene @param {How} how */
  draw({ view, shape, rings, range: [low, high], volume, hasGraticule }, { samples, isSmall = false, strip }) {
    const gl = this.#gl;
    if (!this.#isReady || gl.isContextLost()) return;
    const [width, height] = [this.#canvas.width, this.#canvas.height].map((size) => (isSmall ? Math.ceil(size / 2) : size));
    const cut = cutOf(view);
    const [right, up, forward] = axesOf(view);
    const ratio = (window.devicePixelRatio || 1) / (isSmall ? 2 : 1);
    const floats = {
      scale: scaleOf(width, height, view), ratio, floorZ: cut.floor, core: shape.core, peel: shape.peel, firstLng: (this.#axes.firstLng * Math.PI) / 180,
      radiusRow: volume?.isFine ? ROWS.fine : ROWS.coarse,
    };
    const ints = { isWide: cut.isWide, hasShell: Boolean(this.#textures.hasShell), hasVolume: volume !== null, hasGraticule, samples };
    gl.useProgram(this.#program);
    for (const [name, value] of Object.entries(floats)) gl.uniform1f(this.#at(name), value);
    for (const [name, value] of Object.entries(ints)) gl.uniform1i(this.#at(name), Number(value));
    for (const [name, value] of Object.entries({ right, up, forward, west: cut.west, east: cut.east })) gl.uniform3fv(this.#at(name), value);
    gl.uniform2f(this.#at("size"), width, height);
    gl.uniform2f(this.#at("rings"), rings[0] ?? 0, rings[1] ?? 0);
    gl.uniform2f(this.#at("range"), low, 254 / (high - low));
    gl.uniform4f(this.#at("empty"), 0.5, 0.52, 0.55, 1);
    if (volume) this.#bind("volume", gl.TEXTURE_3D, this.#volumes[volume.texture]);
    if (isSmall) this.#drawSmall(width, height);
    gl.viewport(0, 0, width, height);
    if (strip) {
      gl.enable(gl.SCISSOR_TEST);
      gl.scissor(0, strip[0], width, strip[1]);
    }
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    gl.disable(gl.SCISSOR_TEST);
    if (!isSmall) return;
    gl.bindFramebuffer(gl.DRAW_FRAMEBUFFER, null);
    gl.blitFramebuffer(0, 0, width, height, 0, 0, this.#canvas.width, this.#canvas.height, gl.COLOR_BUFFER_BIT, gl.LINEAR);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
  }

  #drawSmall(width, height) {
    const gl = this.#gl;
    this.#small ??= { frame: gl.createFramebuffer(), colors: gl.createRenderbuffer(), size: "" };
    const { frame, colors, size } = this.#small;
    gl.bindFramebuffer(gl.FRAMEBUFFER, frame);
    if (size === `${width} ${height}`) return;
    this.#small.size = `${width} ${height}`;
    gl.bindRenderbuffer(gl.RENDERBUFFER, colors);
    gl.renderbufferStorage(gl.RENDERBUFFER, gl.RGBA8, width, height);
    gl.framebufferRenderbuffer(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.RENDERBUFFER, colors);
  }

  /**
   * Compiles the program and makes textures. The page must not wait for that, so nothing is asked for before it is there.
   * @returns {Promise<boolean>} whether all is there
   */
  async #prepare() {
    const gl = this.#gl;
    const program = gl.createProgram();
    for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    this.#program = program;
    this.#places = {};
    this.#volumes = [];
    this.#waiting = [];
    this.#small = null;
    this.#textures = {};
    for (const name of ["shell", "table", "palette"]) this.#textures[name] = this.#texture(gl.TEXTURE_2D, gl.NEAREST);
    this.#bind("table", gl.TEXTURE_2D, this.#textures.table);
    const { table } = this.#axes;
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.R32F, TABLE, table.length / TABLE, 0, gl.RED, gl.FLOAT, table);
    const parallel = gl.getExtension("KHR_parallel_shader_compile");
    if (parallel) await until(() => gl.isContextLost() || gl.getProgramParameter(program, parallel.COMPLETION_STATUS_KHR));
    if (gl.isContextLost() || this.#program !== program) return false;
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) {
      const reasons = [gl.getProgramInfoLog(program), ...gl.getAttachedShaders(program).map((shader) => gl.getShaderInfoLog(shader))];
      throw new Error(`This browser cannot draw the globe: ${reasons.filter(Boolean).join(" ").trim()}`);
    }
    for (let i = 0; i < gl.getProgramParameter(program, gl.ACTIVE_UNIFORMS); i++) {
      const { name } = gl.getActiveUniform(program, i);
      this.#places[name] = gl.getUniformLocation(program, name);
    }
    // The first use of a program compiles it once more. A pixel that nobody sees is drawn.
    gl.useProgram(program);
    for (const [name, unit] of Object.entries(UNITS)) gl.uniform1i(this.#at(name), unit);
    this.#drawSmall(1, 1);
    gl.viewport(0, 0, 1, 1);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    const drawn = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
    gl.flush();
    await until(() => gl.isContextLost() || gl.getSyncParameter(drawn, gl.SYNC_STATUS) === gl.SIGNALED);
    while (this.#program === program && this.#waiting.length && !gl.isContextLost()) {
      for (const shell of this.#waiting.splice(0, FILLED_AT_ONCE)) this.#fill(...shell);
      await new Promise((resolve) => setTimeout(resolve));
    }
    this.#isReady = !gl.isContextLost() && this.#program === program;
    return this.#isReady;
  }

  #texture(kind, filter) {
    const gl = this.#gl;
    const texture = gl.createTexture();
    gl.bindTexture(kind, texture);
    for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(kind, name, filter);
    for (const name of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T, gl.TEXTURE_WRAP_R]) gl.texParameteri(kind, name, gl.CLAMP_TO_EDGE);
    return texture;
  }

  #bind(name, kind, texture) {
    this.#gl.activeTexture(this.#gl.TEXTURE0 + UNITS[name]);
    this.#gl.bindTexture(kind, texture);
  }

  #at(name) {
    return this.#places[name];
  }
}

/** The share of the smaller side that the globe's radius takes at zoom 1. */
const FILLED = 0.46;

/** The pixels of a radius. @param {number} width @param {number} height @param {{zoom: number}} view */
export const scaleOf = (width, height, { zoom }) => FILLED * Math.min(width, height) * zoom;

/** Waits, without holding up the page. @param {() => boolean} isTrue */
async function until(isTrue) {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 5));
}
