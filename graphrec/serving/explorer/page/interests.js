// Interests as cards: what each is about, what it weighs, and what the user wants of it.
import { $, el, ownColour, percent } from "./dom.js";
import { thumbnail, words } from "./parts.js";

const CHOICES = [
  ["Mute", 0],
  ["As it is", 1],
  ["Boost", 3],
];

/** Show the interests; `wish(medoid, factor, place)` is called when one is muted or boosted. */
export function showInterests(interests, known, { open, wish }) {
  const cards = interests.map((one, place) => card(one, place, known, { open, wish }));
  $("cards").replaceChildren(...cards);
  $("interests-hint").textContent = interests.length
    ? "The flit nearest to the middle stands for each. Mute or boost one and see the candidates change."
    : "No actions to make interests of: the candidates are what is popular of late.";
}

function card(one, place, known, { open, wish }) {
  const medoid = known.get(one.medoid) ?? { id: one.medoid, text: one.text };
  const name = `Interest ${place + 1}: ${one.keywords.slice(0, 3).join(", ") || medoid.text}`;
  const muted = one.factor === 0;
  return el(
    "li",
    { class: muted ? "card muted" : "card", own: ownColour(place), "data-medoid": one.medoid },
    el(
      "div",
      { class: "top" },
      thumbnail(medoid),
      el(
        "div",
        {},
        el(
          "h3",
          {},
          el("span", { class: "number", "aria-hidden": "true" }, String(place + 1)),
          el("span", { class: "unseen" }, name),
          " ",
          muted ? "muted" : one.factor === 1 ? "" : `× ${one.factor}`,
        ),
        words(medoid, open),
      ),
    ),
    el(
      "ul",
      { class: "tags", "aria-label": "Keywords" },
      one.keywords.map((word) => el("li", {}, word)),
    ),
    el(
      "div",
      { class: "share" },
      el("meter", { min: 0, max: 1, value: one.share, "aria-label": `Share of importance of interest ${place + 1}` }),
      el("span", {}, `${percent(one.share)} · ${one.actions} actions · ${percent(one.feed_share)} of the feed`),
    ),
    exemplars(one, known, open),
    el(
      "div",
      { class: "choice", role: "group", "aria-label": `Weight of interest ${place + 1}` },
      CHOICES.map(([label, factor]) =>
        el(
          "button",
          {
            type: "button",
            class: factor === 1 ? "plain" : null,
            "aria-pressed": String(chosen(one.factor) === factor),
            onclick: () => wish(one.medoid, factor, place),
          },
          label,
        ),
      ),
    ),
  );
}

const chosen = (factor) => (factor === 0 ? 0 : factor > 1 ? 3 : 1);

function exemplars(one, known, open) {
  if (!one.exemplars.length) return null;
  const shown = one.exemplars.filter((id) => known.has(id)).map((id) => known.get(id));
  return el(
    "div",
    { class: "shows", role: "group", "aria-label": "Flits behind it" },
    shown.map((flit) =>
      el(
        "button",
        {
          type: "button",
          title: flit.text,
          "aria-label": flit.text || String(flit.id),
          onclick: () => open(flit.id),
        },
        thumbnail(flit),
      ),
    ),
  );
}
