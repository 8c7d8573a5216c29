// What part of the map is seen: zoom and pan, by wheel, pinch, drag and keys.
const MOST_ZOOM = 60,
  KEY_STEP = 60,
  KEY_ZOOM = 1.4,
  STILL = 4;

export class View {
  /** `changed()` is called when another part is seen, `clicked(x, y)` and `hovered(x, y)` with pixels. */
  constructor(canvas, { changed, clicked, hovered }) {
    this.canvas = canvas;
    this.changed = changed;
    this.pointers = new Map();
    this.all();
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    canvas.addEventListener("pointerdown", (event) => this.down(event));
    canvas.addEventListener("pointermove", (event) =>
      this.pointers.size ? this.move(event) : hovered(event.offsetX, event.offsetY),
    );
    canvas.addEventListener("pointerup", (event) => this.up(event, clicked));
    canvas.addEventListener("pointercancel", (event) => this.pointers.delete(event.pointerId));
    canvas.addEventListener("pointerleave", () => hovered(-1, -1));
  }

  get side() {
    return Math.min(this.canvas.clientWidth, this.canvas.clientHeight) * 0.88;
  }

  /** Show everything. */
  all() {
    this.zoom = 1;
    this.x = this.y = 0.5;
    this.changed();
  }

  /** Return where a point of the map stands on the canvas. */
  toPixel(x, y) {
    const scale = this.side * this.zoom;
    return [(x - this.x) * scale + this.canvas.clientWidth / 2, (this.y - y) * scale + this.canvas.clientHeight / 2];
  }

  toPoint(px, py) {
    const scale = this.side * this.zoom;
    return [
      (px - this.canvas.clientWidth / 2) / scale + this.x,
      this.y - (py - this.canvas.clientHeight / 2) / scale,
    ];
  }

  /** Zoom so that what stands at a pixel stays there. */
  zoomAt(px, py, factor) {
    const [x, y] = this.toPoint(px, py);
    this.zoom = Math.min(MOST_ZOOM, Math.max(0.8, this.zoom * factor));
    const [nx, ny] = this.toPoint(px, py);
    this.x += x - nx;
    this.y += y - ny;
    this.changed();
  }

  /** Show some points, given as [x, y], and as little else as may be. */
  fit(points) {
    if (!points.length) return;
    const span = (axis) => [Math.min(...points.map((one) => one[axis])), Math.max(...points.map((one) => one[axis]))];
    const [[left, right], [low, high]] = [span(0), span(1)];
    [this.x, this.y] = [(left + right) / 2, (low + high) / 2];
    this.zoom = Math.min(MOST_ZOOM / 4, Math.max(1, 0.85 / Math.max(right - left, high - low, 1e-3)));
    this.changed();
  }

  zoomMiddle(factor) {
    this.zoomAt(this.canvas.clientWidth / 2, this.canvas.clientHeight / 2, factor);
  }

  centre(x, y, zoom = this.zoom) {
    [this.x, this.y, this.zoom] = [x, y, Math.max(zoom, this.zoom)];
    this.changed();
  }

  pan(dx, dy) {
    const scale = this.side * this.zoom;
    this.x = Math.min(1.2, Math.max(-0.2, this.x - dx / scale));
    this.y = Math.min(1.2, Math.max(-0.2, this.y + dy / scale));
    this.changed();
  }

  /** Heed a key of the map; returns whether it was one. */
  key(name) {
    const steps = {
      ArrowLeft: [KEY_STEP, 0],
      ArrowRight: [-KEY_STEP, 0],
      ArrowUp: [0, KEY_STEP],
      ArrowDown: [0, -KEY_STEP],
    };
    if (steps[name]) this.pan(...steps[name]);
    else if (name === "+" || name === "=") this.zoomMiddle(KEY_ZOOM);
    else if (name === "-") this.zoomMiddle(1 / KEY_ZOOM);
    else if (name === "0") this.all();
    else return false;
    return true;
  }

  wheel(event) {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 30 : 1;
    this.zoomAt(event.offsetX, event.offsetY, Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.002)));
  }

  down(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, [event.offsetX, event.offsetY]);
    this.moved = this.pointers.size > 1 ? Infinity : 0;
  }

  move(event) {
    const old = this.pointers.get(event.pointerId);
    if (!old) return;
    const now = [event.offsetX, event.offsetY];
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.pointers.set(event.pointerId, now);
    if (other) {
      const apart = (one) => Math.max(Math.hypot(one[0] - other[0], one[1] - other[1]), 1);
      this.zoomAt((now[0] + other[0]) / 2, (now[1] + other[1]) / 2, apart(now) / apart(old));
    } else {
      this.moved += Math.hypot(now[0] - old[0], now[1] - old[1]);
      this.pan(now[0] - old[0], now[1] - old[1]);
    }
  }

  up(event, clicked) {
    this.pointers.delete(event.pointerId);
    if (this.moved < STILL) clicked(event.offsetX, event.offsetY);
  }
}
