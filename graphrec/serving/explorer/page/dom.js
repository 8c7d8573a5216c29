// Elements, words and numbers.

/** Return an element; properties that start with "on" listen, "own" colours it, the rest are attributes. */
export function el(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key === "own") made.style.setProperty("--own", value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat().filter((one) => one !== null && one !== undefined));
  return made;
}

export const $ = (id) => document.getElementById(id);

/** Return the colour of the interest at a place, the most important first. */
export const ownColour = (place) => `var(--c${place % 12})`;

export const percent = (share) => `${Math.round(100 * share)} %`;
export const number = (value, digits = 2) => (value === null || value === undefined ? "–" : value.toFixed(digits));

export function day(seconds) {
  return seconds === null ? "" : new Date(1000 * seconds).toLocaleDateString(undefined, { dateStyle: "medium" });
}

/** Tell people who do not look, but listen. */
export function tell(text) {
  $("told").textContent = text;
}

export function trouble(text) {
  $("trouble").textContent = text;
  $("trouble").hidden = !text;
}
