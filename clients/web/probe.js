/**
 * The place whose value is read: under the pointer or, without one, under a cross. The cross stands in the middle of the map,
 * or where the reader has tapped, and arrow keys carry it on where the map ends, so that the poles can be read.
 */

import { maxLatitude } from "./globe-map.js";

/** How far an arrow key moves the cross, as it moves the map. */
const STEP_PX = 80;
/** A finger this near to a pole means the pole. */
const FINGER_PX = 10;

const DIRECTIONS = { ArrowUp: -1, ArrowDown: 1 };

export class Probe {
  #map;
  #cross;
  #on;
  #pointer = null; // a point of the element
  #pin = null; // a place
  #lift = 0; // how far the keys have moved the cross down from the middle, in pixels

  /**
   * @param {import("./vendor/leaflet/leaflet-src.esm.js").Map} map @param {HTMLElement} cross
   * @param {{moved: () => void, chosen: (place: {lat: number, lng: number}) => void}} on another place is read; the reader has
   *   clicked on one
   */
  constructor(map, cross, on) {
    this.#map = map;
    this.#cross = cross;
    this.#on = on;
    const element = map.getContainer();
    element.addEventListener("pointermove", (event) => {
      if (event.pointerType !== "touch") this.#point(map.mouseEventToContainerPoint(event));
    });
    element.addEventListener("pointerleave", () => this.#point(null));
    element.addEventListener("keydown", (event) => this.#key(event));
    map.on("click", (event) => this.#choose(event));
    map.on("move resize", () => this.#moved());
    this.#show();
  }

  /** The point of the map's element that is read. */
  get point() {
    return this.#pointer ?? this.#crossPoint();
  }

  /** The place that is read; null beyond the poles. @returns {?{lat: number, lng: number}} */
  get place() {
    const point = this.#pointer ?? this.#crossPoint();
    const isMiddle = !this.#pointer && !this.#pin && this.#lift === 0; // which Leaflet knows better than to a pixel
    const place = isMiddle ? this.#map.getCenter() : this.#map.containerPointToLatLng(point);
    const most = maxLatitude(this.#map);
    if (Math.abs(place.lat) > most && Math.abs(this.#poleY(Math.sign(place.lat)) - point.y) > 1) return null;
    const { lng } = place.wrap();
    return { lat: Math.max(-most, Math.min(most, place.lat)), lng };
  }

  #crossPoint() {
    if (this.#pin) return this.#map.latLngToContainerPoint(this.#pin);
    return this.#map.getSize().divideBy(2).add([0, this.#lift]);
  }

  #poleY(sign) {
    return this.#map.project([sign * maxLatitude(this.#map), 0]).y - this.#map.getPixelBounds().min.y;
  }

  #point(point) {
    this.#pointer = point;
    this.#show();
  }

  #choose({ latlng, containerPoint, originalEvent }) {
    const isTouch = originalEvent.pointerType === "touch";
    const sign = Math.sign(latlng.lat);
    const most = maxLatitude(this.#map);
    const isNearPole = isTouch && Math.abs(containerPoint.y - this.#poleY(sign)) <= FINGER_PX;
    if (Math.abs(latlng.lat) > most && !isNearPole) return;
    latlng.lat = isNearPole ? sign * most : latlng.lat;
    this.#pin = latlng;
    if (isTouch) this.#pointer = null;
    this.#show();
    const { lat, lng } = latlng.wrap();
    this.#on.chosen({ lat, lng });
  }

  /** Lets the cross go on where the map cannot. The map itself handles all other keys. */
  #key(event) {
    const direction = DIRECTIONS[event.key];
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (!event.key.startsWith("Arrow")) return;
    if (this.#pin) this.#lift = 0;
    this.#pin = this.#pointer = null;
    if (direction && (this.#lift * direction < 0 || !this.#canPan(direction))) {
      const stepPx = STEP_PX * (event.shiftKey ? 3 : 1) * direction;
      const half = this.#map.getSize().y / 2;
      const edge = Math.min(half, Math.abs(this.#poleY(-direction) - half));
      const wasBeyond = this.#lift * direction < 0;
      const lift = Math.max(-edge, Math.min(edge, this.#lift + stepPx));
      this.#lift = wasBeyond && lift * direction > 0 ? 0 : lift;
      event.preventDefault();
      event.stopPropagation();
    }
    this.#show();
  }

  #canPan(direction) {
    const pole = this.#poleY(-direction);
    return direction < 0 ? pole < -0.5 : pole > this.#map.getSize().y + 0.5;
  }

  #moved() {
    const isInside = ({ x, y }, size) => x >= 0 && y >= 0 && x <= size.x && y <= size.y;
    const size = this.#map.getSize();
    if (this.#pin && !isInside(this.#map.latLngToContainerPoint(this.#pin), size.add([1, 1]))) this.#pin = null;
    this.#lift = Math.max(-size.y / 2, Math.min(size.y / 2, this.#lift));
    this.#show();
  }

  #show() {
    const { x, y } = this.#crossPoint();
    this.#cross.hidden = this.#pointer !== null && this.#pin === null;
    this.#cross.style.translate = `${Math.round(x)}px ${Math.round(y)}px`;
    this.#on.moved();
  }
}
