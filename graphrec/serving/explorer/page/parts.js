// What several parts of the page show alike: pictures of flits, and words that open them.
import { picture } from "./api.js";
import { el } from "./dom.js";

/** Return a flit's picture, or its first letters where it has none. */
export function thumbnail(flit, css = "picture") {
  const words = (flit?.text ?? "")
    .replace(/[^\p{L}\p{N} ]/gu, "")
    .trim()
    .split(/\s+/);
  const letters = el("span", { class: css, "aria-hidden": "true" }, (words[0] || "?").slice(0, 2));
  if (!flit?.image) return letters;
  const shown = el("img", { class: css, alt: "", loading: "lazy", width: 64, height: 64 });
  picture(flit.image)
    .then((url) => (shown.src = url))
    .catch(() => shown.replaceWith(letters));
  return shown;
}

/** Return the words of a flit as a button that opens it. */
export function words(flit, open, css = "words") {
  return el("button", { type: "button", class: css, onclick: () => open(flit.id) }, flit.text || String(flit.id));
}
