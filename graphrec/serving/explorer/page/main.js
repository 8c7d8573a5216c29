// The page: who is looked at, and what is asked when something changes.
import { ask, flits, hasToken, path, Refused, useToken } from "./api.js";
import { $, el, tell, trouble } from "./dom.js";
import { freshFeed, showFeed } from "./feed.js";
import { onUser, openFlit } from "./flit.js";
import { showInterests } from "./interests.js";
import { SpaceMap } from "./map.js";

const SHOWN = 24;
const map = new SpaceMap($("map"), openFlit);
let user = null;
let whole = false; // whether users' ids are whole numbers
let turn = 0; // answers to a question that another has overtaken are dropped

/** Do something with the service, and say what went wrong where it does. */
async function safely(doing) {
  trouble("");
  try {
    return await doing();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (error.status === 401) askToken();
    else trouble(error.status === 403 ? `Your token does not reach that far: ${error.message}.` : error.message);
    tell(error.message);
    return undefined;
  }
}

function askToken() {
  $("token-trouble").textContent = hasToken() ? "The service does not know this token." : "";
  if (!$("token-dialog").open) $("token-dialog").showModal();
}

/** Ask everything about the user who is looked at, and show it. */
async function refresh() {
  const own = ++turn;
  const candidates = ask("POST", "v1/recommend", { user, k: SHOWN, explain: true, trace: true }, true);
  const [interests, done, answer] = await Promise.all([
    unlessUnknown(ask("GET", path(user, "/interests")), { interests: [] }),
    unlessUnknown(ask("GET", path(user, "/actions")), { actions: [] }),
    candidates,
  ]);
  const cards = interests.interests;
  const named = [
    ...answer.candidates.map((one) => one.id),
    ...cards.flatMap((one) => [one.medoid, ...one.exemplars]),
  ];
  const known = await flits(named);
  if (own !== turn) return;
  const places = new Map(cards.map((one, place) => [one.medoid, place]));
  showInterests(cards, known, { open: openFlit, wish });
  showFeed(answer, known, places, { open: openFlit, act });
  map.show({
    medoids: cards.map((one, place) => ({
      id: one.medoid,
      place,
      name: `${place + 1} ${one.keywords.slice(0, 2).join(", ")}`,
    })),
    actions: done.actions.map((one) => ({ id: one.flit, place: places.get(one.interest) })),
    candidates: answer.candidates.map((one) => ({ id: one.id, place: places.get(one.interest) })),
  });
  $("forget").hidden = !cards.length;
}

/** Somebody unknown has no interests, but candidates all the same. */
const unlessUnknown = (asked, otherwise) =>
  asked.catch((error) => {
    if (error.status === 404) return otherwise;
    throw error;
  });

/** Return an id that was typed as the service knows it. */
const idOf = (text) => (whole && /^-?\d+$/.test(text) ? Number(text) : text);

function look(name) {
  user = name;
  $("user").value = name;
  freshFeed();
  history.replaceState(null, "", `#${encodeURIComponent(name)}`);
  for (const one of $("some").children) one.setAttribute("aria-pressed", String(one.textContent === String(name)));
  return safely(async () => {
    await refresh();
    tell(`User ${name}: ${$("cards").children.length} interests, ${$("candidates").children.length} candidates`);
  });
}

const wish = (flit, factor, place) =>
  safely(async () => {
    await ask("PATCH", path(user, "/interests"), { interests: [{ flit, factor }] });
    await refresh();
    const pressed = $("cards").children[place]?.querySelector(".choice [aria-pressed=true]");
    pressed?.focus();
  });

const act = (flit, kind) =>
  safely(async () => {
    await ask("POST", "v1/events", { events: [{ event_id: `explorer-${newId()}`, user, flit, kind }] });
    await refresh();
  });

/** Return a new id; not every page may ask for a UUID, only those of a secure context. */
const newId = () =>
  [...crypto.getRandomValues(new Uint8Array(12))].map((one) => one.toString(16).padStart(2, "0")).join("");

const start = () =>
  safely(async () => {
    const [some] = await Promise.all([ask("GET", "v1/users"), map.load().catch(noMap)]);
    whole = typeof some.users[0]?.id === "number";
    $("some").replaceChildren(
      ...some.users.map((one) =>
        el(
          "button",
          {
            type: "button",
            "aria-pressed": "false",
            title: `${one.interests} interests, ${one.actions} actions`,
            onclick: () => look(one.id),
          },
          String(one.id),
        ),
      ),
    );
    $("examples").replaceChildren(...some.users.map((one) => el("option", { value: one.id })));
    const asked = idOf(decodeURIComponent(location.hash.slice(1))) || some.users[0]?.id;
    if (asked !== undefined) await look(asked);
  });

function noMap(error) {
  if (error.status !== 404) throw error;
  map.plane = null;
  $("space").hidden = true; // a version of before maps were made
}

for (const link of document.querySelectorAll("[data-part]")) {
  link.addEventListener("click", (event) => {
    event.preventDefault(); // the address names the user
    $(link.dataset.part).focus({ preventScroll: true });
    $(link.dataset.part).scrollIntoView();
  });
}
$("find").addEventListener("submit", (event) => {
  event.preventDefault();
  look(idOf($("user").value));
});
document.addEventListener("version", () => safely(() => map.load().catch(noMap)));
$("key").addEventListener("click", () => $("token-dialog").showModal());
$("token-close").addEventListener("click", () => $("token-dialog").close());
$("token-form").addEventListener("submit", () => {
  useToken($("token").value.trim());
  $("token").value = "";
  start();
});
$("forget").addEventListener("click", () => {
  $("forget-name").textContent = user;
  $("forget-dialog").showModal();
});
$("forget-close").addEventListener("click", () => $("forget-dialog").close());
$("forget-form").addEventListener("submit", () =>
  safely(async () => {
    await ask("DELETE", path(user));
    await look(user);
    tell(`User ${user} is forgotten.`);
  }),
);
onUser(look);
start();
