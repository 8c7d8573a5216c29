// One flit in a drawer: what it says, what is similar, and who is around it in the graph.
import { ask, flits } from "./api.js";
import { $, day, el, number, tell, trouble } from "./dom.js";
import { drawEgo } from "./ego.js";
import { thumbnail, words } from "./parts.js";

const visited = [];
let follow = () => {};

/** Let users who stand in the drawer be looked at. */
export function onUser(call) {
  follow = call;
}

export async function openFlit(id) {
  visited.push(id);
  const drawer = $("flit");
  if (!drawer.open) drawer.showModal();
  await show(id);
}

$("flit").addEventListener("close", () => (visited.length = 0));
$("flit-back").addEventListener("click", () => {
  visited.pop();
  show(visited.at(-1));
});

async function show(id) {
  $("flit-back").hidden = visited.length < 2;
  $("flit-title").textContent = String(id);
  $("flit-body").replaceChildren(el("p", { class: "hint" }, "Looking…"));
  try {
    const [known, near, around] = await Promise.all([
      flits([id]),
      ask("POST", "v1/similar", { id, k: 8 }),
      surroundings(id),
    ]);
    const similar = await flits(near.found.map((one) => one.id));
    if (visited.at(-1) !== id) return;
    $("flit-body").replaceChildren(
      ...described(known.get(id) ?? { id, text: "", columns: {} }),
      ...alike(near.found, similar),
      ...edges(id, around),
    );
    $("flit").scrollTop = 0;
    tell(`Flit ${id}, ${near.found.length} similar flits`);
  } catch (error) {
    trouble(error.message);
    $("flit-body").replaceChildren(el("p", { role: "alert" }, error.message));
  }
}

/** Return the edges of a flit; a version may hold no graph. */
const surroundings = (id) => ask("POST", "v1/neighbours", { id, k: 14 }).catch(() => ({ relations: [] }));

function described(flit) {
  const facts = [
    flit.author === null ? null : `by ${flit.author}`,
    day(flit.created_s),
    `${flit.actions} acted on it`,
  ];
  const columns = Object.entries(flit.columns)
    .filter(([, value]) => value !== false)
    .map(([name, value]) => el("li", {}, value === true ? name : `${name}: ${value}`));
  return [
    flit.image ? thumbnail(flit, "large") : null,
    el("p", { class: "text" }, flit.text || "No text."),
    el(
      "p",
      { class: "meta" },
      facts.filter(Boolean).map((one) => el("span", {}, one)),
    ),
    columns.length ? el("ul", { class: "tags", "aria-label": "Catalogue" }, columns) : null,
  ].filter(Boolean);
}

function alike(found, known) {
  const rows = found
    .filter((one) => known.has(one.id))
    .map((one) =>
      el(
        "li",
        {},
        thumbnail(known.get(one.id)),
        words(known.get(one.id), openFlit),
        el("span", { title: "cosine" }, number(one.similarity)),
      ),
    );
  return [el("h3", {}, "Similar flits"), el("ol", { class: "list" }, rows)];
}

function edges(id, around) {
  if (!around.relations.length)
    return [
      el("h3", {}, "In the graph"),
      el("p", { class: "hint" }, "No edge leads here yet: it was placed by its content alone."),
    ];
  const groups = around.relations.map((one) =>
    el(
      "div",
      {},
      el("p", { class: "hint" }, `${one.relation} · ${one.type} · ${one.count}`),
      el(
        "div",
        { class: "people" },
        one.edges.map((edge) => neighbour(one.type, edge.id)),
      ),
    ),
  );
  return [el("h3", {}, "In the graph"), drawEgo(id, around.relations), ...groups];
}

function neighbour(type, id) {
  if (type === "user")
    return el(
      "button",
      {
        type: "button",
        onclick: () => {
          $("flit").close();
          follow(id);
        },
      },
      String(id),
    );
  return el("span", { class: "badge" }, String(id));
}
