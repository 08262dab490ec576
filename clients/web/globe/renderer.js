/** Draws the globe with WebGL 2. What it has been given is given again after the browser has lost it. */

import { axesOf, cutOf } from "./geometry.js";
import { FRAGMENT, TABLE, VERTEX } from "./shader.js";

/** The places of textures. */
const UNITS = { shell: 0, volume: 1, table: 2, palette: 3 };
/** The rows of the table that lead from radii to the shells of a volume. */
const ROWS = { fine: 0, coarse: 1 };

/**
 * @typedef {{columns: number, rows: number, table: Float32Array, firstLng: number}} Axes  see axes.js
 * @typedef {{
 *   view: import("../globe-view.js").GlobeView, shape: import("./geometry.js").Shape, rings: number[], range: [number, number],
 *   volume: ?{texture: number, isFine: boolean}, hasGraticule: boolean, samples: number,
 * }} Scene  `range`: the values of the first and the last colour
 */

export class Renderer {
  #canvas;
  #gl;
  #axes;
  #program;
  #places = {};
  #textures = {};
  #volumes = []; // textures

  /**
   * @param {HTMLCanvasElement} canvas @param {Axes} axes @param {{lost: () => void, restored: () => void}} on
   * @throws {Error} if this browser has no WebGL 2
   */
  constructor(canvas, axes, on) {
    this.#canvas = canvas;
    this.#axes = axes;
    this.#gl = canvas.getContext("webgl2", { antialias: false, depth: false, powerPreference: "high-performance" });
    if (this.#gl === null) throw new Error("This browser has no WebGL 2, which the globe needs. The map shows the same values.");
    canvas.addEventListener("webglcontextlost", (event) => {
      event.preventDefault(); // so that it is restored
      on.lost();
    });
    canvas.addEventListener("webglcontextrestored", () => {
      this.#prepare();
      on.restored();
    });
    this.#prepare();
  }

  /** How many shells a volume may have here. */
  get mostLevels() {
    return this.#gl.getParameter(this.#gl.MAX_3D_TEXTURE_SIZE);
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

  /** Fills a shell of a volume. @param {Float32Array} values as for setShell */
  fill(volume, level, values) {
    const gl = this.#gl;
    const { columns, rows } = this.#axes;
    this.#bind("volume", gl.TEXTURE_3D, this.#volumes[volume]);
    gl.texSubImage3D(gl.TEXTURE_3D, 0, 0, 0, level, columns, rows, 1, gl.RED, gl.FLOAT, values);
  }

  /** @param {Scene} scene */
  draw({ view, shape, rings, range: [low, high], volume, hasGraticule, samples }) {
    const [gl, { width, height }] = [this.#gl, this.#canvas];
    if (gl.isContextLost()) return;
    const cut = cutOf(view);
    const [right, up, forward] = axesOf(view);
    const ratio = window.devicePixelRatio || 1;
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
    for (const [name, unit] of Object.entries(UNITS)) gl.uniform1i(this.#at(name), unit);
    if (volume) this.#bind("volume", gl.TEXTURE_3D, this.#volumes[volume.texture]);
    gl.viewport(0, 0, width, height);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  #prepare() {
    const gl = this.#gl;
    const program = gl.createProgram();
    for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
      const reasons = [gl.getProgramInfoLog(program), ...gl.getAttachedShaders(program).map((shader) => gl.getShaderInfoLog(shader))];
      throw new Error(`This browser cannot draw the globe: ${reasons.filter(Boolean).join(" ").trim()}`);
    }
    this.#program = program;
    this.#places = {};
    this.#volumes = [];
    this.#textures = {};
    for (const name of ["shell", "table", "palette"]) this.#textures[name] = this.#texture(gl.TEXTURE_2D, gl.NEAREST);
    this.#bind("table", gl.TEXTURE_2D, this.#textures.table);
    const { table } = this.#axes;
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.R32F, TABLE, table.length / TABLE, 0, gl.RED, gl.FLOAT, table);
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
    this.#places[name] ??= this.#gl.getUniformLocation(this.#program, name);
    return this.#places[name];
  }
}

/** The share of the smaller side that the globe's radius takes at zoom 1. */
const FILLED = 0.46;

/** The pixels of a radius. @param {number} width @param {number} height @param {{zoom: number}} view */
export const scaleOf = (width, height, { zoom }) => FILLED * Math.min(width, height) * zoom;
