// The service: every request carries the token, every answer says which version gave it and how long that took.
import { $ } from "./dom.js";

const ROOT = new URL("../", document.baseURI);
const KEPT = "graphrec-token";
const known = new Map(); // flit id → what the catalogue says
const pictures = new Map(); // sha256 → promise of a blob's URL
const MOST = 100;
const NONE = "…"; // what stands in the page before the first answer

export class Refused extends Error {
  constructor(status, title) {
    super(title);
    this.status = status;
  }
}

export const hasToken = () => sessionStorage.getItem(KEPT) !== null;

export function useToken(token) {
  if (token) sessionStorage.setItem(KEPT, token);
  else sessionStorage.removeItem(KEPT);
}

async function send(method, path, body) {
  const headers = { ...(body ? { "Content-Type": "application/json" } : {}) };
  const token = sessionStorage.getItem(KEPT);
  if (token) headers.Authorization = `Bearer ${token}`;
  const sent = { method, headers, credentials: "omit", body: body ? JSON.stringify(body) : undefined };
  let answer;
  try {
    answer = await fetch(new URL(path, ROOT), sent);
  } catch {
    throw new Refused(0, "The service cannot be reached.");
  }
  if (answer.ok) return answer;
  const told = await answer.json().catch(() => ({}));
  throw new Refused(answer.status, told.title ?? `The service answered ${answer.status}.`);
}

/** Ask and return the answer; `shown` puts version and time into the bar. */
export async function ask(method, path, body, shown = false) {
  const begun = performance.now();
  const answer = await send(method, path, body);
  const told = await answer.json();
  if (shown) {
    const timing = answer.headers.get("server-timing") ?? "";
    const inside = /answer;dur=([\d.]+)/.exec(timing)?.[1];
    const whole = `${Math.round(performance.now() - begun)} ms`;
    $("took").textContent = `${inside ? `${Number(inside).toFixed(1)} ms` : "remembered"}, here in ${whole}`;
  }
  if (told.version) seen(told.version);
  return told;
}

/** Nothing that was read from an older version holds: what is known is dropped, and the page hears of it. */
function seen(version) {
  const before = $("version").textContent;
  if (before === version) return;
  known.clear();
  $("version").textContent = version;
  if (before !== NONE) document.dispatchEvent(new Event("version"));
}

/** Return what the catalogue says of flits, id → description. */
export async function flits(ids) {
  const wanted = [...new Set(ids)].filter((id) => !known.has(id));
  for (let start = 0; start < wanted.length; start += MOST) {
    const told = await ask("POST", "v1/flits", { ids: wanted.slice(start, start + MOST) });
    for (const one of told.flits) known.set(one.id, one);
  }
  return new Map(ids.filter((id) => known.has(id)).map((id) => [id, known.get(id)]));
}

/** Return the address of a picture that this page holds. */
export function picture(digest) {
  if (!pictures.has(digest)) {
    const read = send("GET", `v1/images/${digest}`)
      .then((answer) => answer.blob())
      .then((blob) => URL.createObjectURL(blob));
    read.catch(() => pictures.delete(digest));
    pictures.set(digest, read);
  }
  return pictures.get(digest);
}

export const path = (user, rest = "") => `v1/users/${encodeURIComponent(user)}${rest}`;
