/** Turns and zooms the globe by pointers, fingers, the wheel and keys. */

const KEY_DEG = { ArrowUp: [1, 0], ArrowDown: [-1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const STEP_DEG = 5;
/** A pointer that moves less has clicked. */
const CLICK_PX = 5;
const ZOOM = 1.25;
const WHEEL_PX = 400; // of the wheel for a factor of e

/** @typedef {{x: number, y: number}} Point  in radii from the middle */

export class Turning {
  #on;
  #pointers = new Map();
  #moved = 0; // pixels since the first pointer came down

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {{
   *   view: () => import("./view.js").GlobeView, look: (view: import("./view.js").GlobeView) => void, radius: () => number,
   *   pointOf: (event: MouseEvent) => Point, point: (point: ?Point) => void, choose: (point: Point) => void, zooms: boolean,
   * }} on `radius` is in pixels; `point`: the pointer is there; `choose`: a click; `zooms`: whether the wheel zooms
   */
  constructor(canvas, on) {
    this.#on = on;
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      if (this.#pointers.size === 0) this.#moved = 0;
      this.#pointers.set(event.pointerId, event);
    });
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, (event) => this.#end(event));
    canvas.addEventListener("pointerleave", () => on.point(null));
    canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    canvas.addEventListener("keydown", (event) => this.#key(event));
    for (const name of ["focus", "blur"]) canvas.addEventListener(name, () => on.point(null));
  }

  #move(event) {
    const before = this.#pointers.get(event.pointerId);
    if (!before) {
      if (event.pointerType !== "touch") this.#on.point(this.#on.pointOf(event));
      return;
    }
    const [dx, dy] = [event.clientX - before.clientX, event.clientY - before.clientY];
    this.#moved += Math.hypot(dx, dy);
    const [other] = [...this.#pointers.values()].filter(({ pointerId }) => pointerId !== event.pointerId);
    this.#pointers.set(event.pointerId, event);
    const view = this.#on.view();
    if (this.#moved <= CLICK_PX) return;
    const degrees = 180 / Math.PI / this.#on.radius() / this.#pointers.size; // two fingers move it twice
    const far = (a) => Math.hypot(a.clientX - other.clientX, a.clientY - other.clientY);
    const zoom = other ? (view.zoom * far(event)) / Math.max(1, far(before)) : view.zoom;
    this.#on.look({ ...view, zoom, lat: view.lat + dy * degrees, lng: view.lng - dx * degrees });
  }

  #end(event) {
    const wasOne = this.#pointers.size === 1;
    if (!this.#pointers.delete(event.pointerId) || !wasOne || this.#moved > CLICK_PX || event.type === "pointercancel") return;
    const point = this.#on.pointOf(event);
    this.#on.point(point);
    this.#on.choose(point);
  }

  #wheel(event) {
    if (!this.#on.zooms) return;
    event.preventDefault();
    const view = this.#on.view();
    this.#on.look({ ...view, zoom: view.zoom * Math.exp(-event.deltaY / WHEEL_PX) });
  }

  #key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const view = this.#on.view();
    const turn = KEY_DEG[event.key];
    const factor = { "+": ZOOM, "=": ZOOM, "-": 1 / ZOOM }[event.key];
    if (!turn && !factor) return;
    event.preventDefault();
    const step = STEP_DEG * (event.shiftKey ? 3 : 1);
    if (turn) this.#on.look({ ...view, lat: view.lat + turn[0] * step, lng: view.lng + turn[1] * step });
    else this.#on.look({ ...view, zoom: view.zoom * factor });
    this.#on.point(null); // the middle is read
  }
}
