// The candidates: what stands in the list, why, and what has changed since the last one.
import { $, day, el, number, ownColour, percent, tell } from "./dom.js";
import { thumbnail, words } from "./parts.js";

let before = null; // ids of the last list of this user

export function freshFeed() {
  before = null;
}

/** Show the list; `act(flit, kind)` is called when one is liked or hidden. */
export function showFeed(answer, known, places, { open, act }) {
  const shown = answer.candidates;
  const items = shown.map((one, rank) => item(one, rank, known, places, { open, act }));
  $("candidates").replaceChildren(...items);
  $("feed-hint").textContent = answer.reason === "interests" ? "" : `By ${answer.reason}.`;
  compare(shown.map((one) => one.id));
  showTrace(answer.trace ?? []);
}

function compare(ids) {
  if (before) {
    const fresh = ids.filter((id) => !before.includes(id)).length;
    const text = fresh
      ? `The list has changed: ${fresh} of ${ids.length} are new.`
      : "The list is the same, perhaps in another order.";
    $("feed-hint").textContent = text;
    tell(text);
  }
  before = ids;
}

function item(one, rank, known, places, { open, act }) {
  const flit = known.get(one.id) ?? { id: one.id, text: one.why?.text ?? "", columns: {} };
  const place = places.get(one.interest);
  const fresh = before && !before.includes(one.id);
  return el(
    "li",
    {
      class: fresh ? "candidate new" : "candidate",
      own: place === undefined ? null : ownColour(place),
      "data-flit": one.id,
    },
    el(
      "div",
      { class: "top" },
      thumbnail(flit),
      el(
        "div",
        {},
        words(flit, open),
        el(
          "p",
          { class: "meta" },
          fresh ? el("span", { class: "fresh" }, "new") : null,
          one.why?.ad ? el("span", { class: "fresh" }, `ad of ${one.why.ad}`) : null,
          flit.author === undefined || flit.author === null ? null : el("span", {}, `by ${flit.author}`),
          flit.created_s ? el("span", {}, day(flit.created_s)) : null,
          flit.actions === 0 ? el("span", {}, "met by nobody yet") : null,
        ),
      ),
    ),
    el(
      "div",
      { class: "under" },
      one.why ? because(one.why, place, open) : null,
      el(
        "button",
        { type: "button", "aria-label": `Like candidate ${rank + 1}`, onclick: () => act(one.id, "like") },
        "♥ Like",
      ),
      el(
        "button",
        { type: "button", "aria-label": `Hide candidate ${rank + 1}`, onclick: () => act(one.id, "hide") },
        "Hide",
      ),
    ),
  );
}

/** Return the explanation: one line, and the parts of the score behind it. */
function because(why, place, open) {
  const short = why.interest
    ? [
        "Near interest ",
        el("span", { class: "number" }, place === undefined ? "·" : String(place + 1)),
        ` · similarity ${number(why.similarity)}`,
      ]
    : [why.reason.split(":")[0]];
  return el(
    "details",
    {},
    el("summary", {}, ...short, " · ", el("b", {}, "why?")),
    el("div", { class: "why" }, parts(why), story(why, open)),
  );
}

function parts(why) {
  const rows = [
    ["similarity to the interest", why.similarity, 0, 1, number(why.similarity)],
    [
      "the interest's share",
      why.importance_share,
      0,
      1,
      why.importance_share === undefined ? "" : percent(why.importance_share),
    ],
    ["liked by those who act alike", why.factors, -3, 9, number(why.factors)],
    ["popular of late", why.prior, -3, 6, number(why.prior)],
    ["content rather than graph", why.content, 0, 1, number(why.content)],
  ].filter((row) => row[1] !== undefined && row[1] !== null);
  return el(
    "dl",
    {},
    rows.flatMap(([name, value, min, max, text]) => [
      el("dt", {}, name),
      el("dd", {}, el("meter", { min, max, value, "aria-label": name })),
      el("dd", {}, text),
    ]),
    el("dt", {}, "score"),
    el("dd", {}),
    el("dd", {}, el("b", {}, number(why.score))),
  );
}

function story(why, open) {
  const lines = [];
  const told = (text, flit) =>
    lines.push(el("div", {}, text, el("blockquote", {}, words(flit, open, "words linked"))));
  if (why.nearest_action)
    told(`Of what this user did, most like (${number(why.nearest_action.similarity)})`, why.nearest_action);
  if (why.path)
    told(
      `${why.path.others} ${why.path.others === 1 ? "other" : "others"} who acted on this also acted on`,
      why.path,
    );
  return el("div", { class: "why" }, lines);
}

function showTrace(steps) {
  $("trace").hidden = !steps.length;
  $("steps").replaceChildren(
    ...steps.map((one) =>
      el(
        "tr",
        {},
        el("th", { scope: "row" }, one.step),
        el("td", {}, String(one.left)),
        el("td", {}, String(one.removed.length)),
        el("td", {}, one.why),
      ),
    ),
  );
}
