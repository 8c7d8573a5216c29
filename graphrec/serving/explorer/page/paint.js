// Draws the map: points, then actions, candidates and interests, then names.
import { $ } from "./dom.js";

const SHOWN = 12;

/** Return the colours of the page as they are now, light or dark. */
function colours(canvas) {
  const style = getComputedStyle(canvas);
  const of = (name) => style.getPropertyValue(name).trim();
  return {
    own: Array.from({ length: SHOWN }, (_, place) => of(`--c${place}`)),
    none: of("--none"),
    ink: of("--ink"),
    halo: of("--surface"),
    font: style.fontFamily,
  };
}

export function paint(map) {
  const { canvas } = map;
  const [width, height, dense] = [canvas.clientWidth, canvas.clientHeight, devicePixelRatio || 1];
  if (canvas.width !== Math.round(width * dense) || canvas.height !== Math.round(height * dense)) {
    [canvas.width, canvas.height] = [Math.round(width * dense), Math.round(height * dense)];
  }
  const pen = canvas.getContext("2d");
  const look = { ...colours(canvas), meansElse: Boolean(map.colouring) };
  pen.setTransform(dense, 0, 0, dense, 0, 0);
  pen.clearRect(0, 0, width, height);
  points(pen, map, look);
  if ($("show-actions").checked) actions(pen, map, look);
  if ($("show-candidates").checked) candidates(pen, map, look);
  medoids(pen, map, look);
  if ($("show-names").checked) names(pen, map, look);
  if (canvas.matches(":focus-visible")) cross(pen, width / 2, height / 2, look);
}

function points(pen, map, look) {
  const { x, y } = map.plane;
  const one = map.colouring;
  const size = Math.min(5, 1.3 * Math.sqrt(map.view.zoom) + (x.length < 2000 ? 0.8 : 0));
  const [width, height] = [map.canvas.clientWidth, map.canvas.clientHeight];
  pen.globalAlpha = one && !map.user.candidates.length ? 0.9 : 0.75;
  for (let place = 0; place < x.length; place++) {
    const [px, py] = map.view.toPixel(x[place], y[place]);
    if (px < -9 || py < -9 || px > width + 9 || py > height + 9) continue;
    const code = one ? one.codes[place] : -1;
    pen.fillStyle = code >= 0 && code < SHOWN ? look.own[code] : look.none;
    pen.beginPath();
    pen.arc(px, py, size, 0, 7);
    pen.fill();
  }
  pen.globalAlpha = 1;
}

/** Call with the pixel of every flit that is drawn. */
function each(map, list, draw) {
  for (const one of list) {
    const place = map.plane.place.get(one.id);
    if (place !== undefined) draw(...map.view.toPixel(map.plane.x[place], map.plane.y[place]), one);
  }
}

/** Where colours mean something else, what belongs to the user is black (white in the dark). */
const colourOf = (one, look) => (one.place === undefined || look.meansElse ? look.ink : look.own[one.place % SHOWN]);

function actions(pen, map, look) {
  each(map, map.user.actions, (px, py, one) => {
    pen.beginPath();
    pen.arc(px, py, 5, 0, 7);
    pen.fillStyle = colourOf(one, look);
    pen.fill();
    pen.strokeStyle = look.halo;
    pen.lineWidth = 1.5;
    pen.stroke();
  });
}

function candidates(pen, map, look) {
  each(map, map.user.candidates, (px, py, one) => {
    pen.beginPath();
    pen.moveTo(px, py - 7);
    pen.lineTo(px + 7, py);
    pen.lineTo(px, py + 7);
    pen.lineTo(px - 7, py);
    pen.closePath();
    pen.fillStyle = look.halo;
    pen.fill();
    pen.strokeStyle = colourOf(one, look);
    pen.lineWidth = 2.5;
    pen.stroke();
  });
}

function medoids(pen, map, look) {
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  each(map, map.user.medoids, (px, py, one) => {
    pen.beginPath();
    pen.arc(px, py, 11, 0, 7);
    pen.fillStyle = colourOf(one, look);
    pen.fill();
    pen.strokeStyle = look.halo;
    pen.lineWidth = 2.5;
    pen.stroke();
    pen.fillStyle = look.halo;
    pen.font = `700 12px ${look.font}`;
    pen.fillText(String(one.place + 1), px, py + 0.5);
  });
}

const ROOM = [0, -18, 18, -32, 32]; // pixels above or below the middle that a name may stand

/** Write the names of clusters, the largest first, where there is room. */
function names(pen, map, look) {
  const taken = [];
  each(map, map.user.medoids, (x, y) => taken.push({ x, y, half: 12, high: 12 }));
  pen.font = `600 12px ${look.font}`;
  pen.lineJoin = "round";
  for (const one of map.plane.labels) {
    const [px, py] = map.view.toPixel(one.x, one.y);
    if (px < 0 || py < 0 || px > map.canvas.clientWidth || py > map.canvas.clientHeight) continue;
    const half = pen.measureText(one.name).width / 2 + 4;
    const x = Math.min(Math.max(px, half), map.canvas.clientWidth - half);
    const free = (y) =>
      y > 10 &&
      y < map.canvas.clientHeight - 10 &&
      taken.every((other) => Math.abs(other.x - x) > other.half + half || Math.abs(other.y - y) > other.high + 8);
    const step = ROOM.find((one) => free(py + one));
    if (step === undefined) continue;
    taken.push({ x, y: py + step, half, high: 8 });
    pen.strokeStyle = look.halo;
    pen.lineWidth = 4;
    pen.strokeText(one.name, x, py + step);
    pen.fillStyle = look.ink;
    pen.fillText(one.name, x, py + step);
  }
}

function cross(pen, x, y, look) {
  pen.strokeStyle = look.ink;
  pen.lineWidth = 1.5;
  pen.beginPath();
  for (const [dx, dy] of [
    [1, 0],
    [-1, 0],
    [0, 1],
    [0, -1],
  ]) {
    pen.moveTo(x + 4 * dx, y + 4 * dy);
    pen.lineTo(x + 14 * dx, y + 14 * dy);
  }
  pen.stroke();
}
