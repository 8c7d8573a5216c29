// The map: all flits as points, with what the user did and what he is offered on top.
import { ask, flits } from "./api.js";
import { $, el, tell } from "./dom.js";
import { paint } from "./paint.js";
import { View } from "./view.js";

const INTEREST = "interest";
const REACH = 14; // pixels
const SHOWN = 12; // colours that eyes tell apart

export class SpaceMap {
  constructor(canvas, open) {
    this.canvas = canvas;
    this.open = open;
    this.plane = null;
    this.user = { actions: [], candidates: [], medoids: [] };
    this.at = -1;
    this.view = new View(canvas, {
      changed: () => this.soon(),
      clicked: (x, y) => this.click(x, y),
      hovered: (x, y) => this.hover(x, y),
    });
    new ResizeObserver(() => this.soon()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.soon());
    canvas.addEventListener("keydown", (event) => this.key(event));
    canvas.addEventListener("focus", () => this.soon());
    canvas.addEventListener("blur", () => this.soon());
    $("zoom-in").addEventListener("click", () => this.view.zoomMiddle(1.5));
    $("zoom-out").addEventListener("click", () => this.view.zoomMiddle(1 / 1.5));
    $("zoom-all").addEventListener("click", () => this.view.all());
    $("zoom-user").addEventListener("click", () =>
      this.view.fit(
        this.user.candidates
          .map((one) => this.plane.place.get(one.id))
          .filter((place) => place !== undefined)
          .map((place) => [this.plane.x[place], this.plane.y[place]]),
      ),
    );
    $("colour").addEventListener("change", () => this.recolour());
    for (const id of ["show-actions", "show-candidates", "show-names"])
      $(id).addEventListener("change", () => this.soon());
  }

  async load() {
    const plane = await ask("GET", "v1/projection");
    plane.place = new Map(plane.ids.map((id, place) => [id, place]));
    this.plane = plane;
    $("space").hidden = false;
    const names = [INTEREST, ...plane.colourings.map((one) => one.name)];
    const chosen = $("colour").value || INTEREST;
    $("colour").replaceChildren(
      ...names.map((name) => el("option", { value: name, selected: name === chosen }, name)),
    );
    $("space-title").title = `${plane.ids.length.toLocaleString()} flits, laid out by ${plane.method.toUpperCase()}`;
    this.recolour();
  }

  /** Put a user on the map: places of interests, his actions, his candidates. */
  show(user) {
    this.user = user;
    this.at = -1;
    this.recolour();
  }

  get colouring() {
    const name = $("colour").value;
    if (name !== INTEREST || this.user.medoids.length) return this.plane?.colourings.find((one) => one.name === name);
    return this.plane?.colourings[0]; // nobody is looked at
  }

  recolour() {
    const one = this.colouring;
    const entries = one
      ? [
          ...one.values.slice(0, SHOWN).map((value, place) => [`var(--c${place})`, value]),
          ...(one.values.length > SHOWN ? [["var(--none)", "others"]] : []),
        ]
      : this.user.medoids.map((medoid, place) => [`var(--c${place % SHOWN})`, medoid.name]);
    $("legend").replaceChildren(...entries.map(([own, name]) => el("li", { own }, el("i", {}), name)));
    this.soon();
  }

  /** Draw before the next frame, once. */
  soon() {
    if (this.waiting || !this.view) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      if (this.plane) paint(this);
    });
  }

  /** Return the place of the flit nearest to a pixel, -1 where none is in reach. */
  nearest(px, py, reach = REACH) {
    let best = -1,
      least = reach * reach;
    const { x, y } = this.plane;
    for (let place = 0; place < x.length; place++) {
      const [ax, ay] = this.view.toPixel(x[place], y[place]);
      const apart = (ax - px) ** 2 + (ay - py) ** 2;
      if (apart < least) [best, least] = [place, apart];
    }
    return best;
  }

  click(x, y) {
    const place = this.plane ? this.nearest(x, y) : -1;
    if (place >= 0) this.open(this.plane.ids[place]);
  }

  async hover(x, y) {
    const place = this.plane && x >= 0 ? this.nearest(x, y) : -1;
    this.canvas.style.cursor = place >= 0 ? "pointer" : "";
    if (place === this.hovered) return;
    this.hovered = place;
    $("hover").hidden = place < 0;
    if (place >= 0) await this.name(place, (text) => this.hovered === place && ($("hover").textContent = text));
  }

  async name(place, say) {
    const id = this.plane.ids[place];
    say(String(id));
    const known = await flits([id]).catch(() => new Map());
    if (known.get(id)?.text) say(known.get(id).text);
  }

  key(event) {
    if (!this.plane || event.ctrlKey || event.metaKey || event.altKey) return;
    const middle = [this.canvas.clientWidth / 2, this.canvas.clientHeight / 2];
    if (event.key === "Enter") this.open(this.plane.ids[this.nearest(...middle, Infinity)]);
    else if (event.key.toLowerCase() === "n") this.next();
    else if (this.view.key(event.key))
      this.name(this.nearest(...middle, Infinity), (text) => tell(`Near the middle: ${text}`));
    else return;
    event.preventDefault();
  }

  /** Move to the next candidate. */
  next() {
    const drawn = this.user.candidates.filter((one) => this.plane.place.has(one.id));
    if (!drawn.length) return;
    this.at = (this.at + 1) % drawn.length;
    const place = this.plane.place.get(drawn[this.at].id);
    this.view.centre(this.plane.x[place], this.plane.y[place], 3);
    this.name(place, (text) => tell(`Candidate ${this.at + 1}: ${text}`));
  }
}
