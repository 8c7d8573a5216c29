// A flit and its neighbours in the graph, drawn; the list beside it says the same.
const SPACE = "http://www.w3.org/2000/svg";
const WIDTH = 480,
  HEIGHT = 250,
  MOST = 10;

function svg(name, properties, ...children) {
  const made = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(properties)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Return a drawing: relations as branches, their ends as dots, thicker for heavier edges. */
export function drawEgo(id, relations) {
  const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "ego", "aria-hidden": "true" });
  const middle = [WIDTH / 2, HEIGHT / 2];
  const lines = [],
    dots = [];
  relations.forEach((relation, number) => branch(relation, number, relations.length, middle, lines, dots));
  const centre = svg("circle", { cx: middle[0], cy: middle[1], r: 9 });
  centre.style.fill = "var(--ink)";
  picture.append(...lines, ...dots, centre);
  return picture;
}

function branch(relation, number, all, middle, lines, dots) {
  const colour = `var(--c${number % 12})`;
  const shown = relation.edges.slice(0, MOST);
  const heaviest = Math.max(...shown.map((edge) => edge.weight), 1e-9);
  const wide = (2 * Math.PI) / all;
  shown.forEach((edge, place) => {
    const angle = number * wide + (wide * 0.8 * (place + 0.5)) / shown.length - Math.PI / 2;
    const far = place % 2 ? 0.92 : 0.74;
    const [x, y] = [
      middle[0] + (WIDTH / 2 - 40) * far * Math.cos(angle),
      middle[1] + (HEIGHT / 2 - 26) * far * Math.sin(angle),
    ];
    const line = svg("line", {
      x1: middle[0],
      y1: middle[1],
      x2: x,
      y2: y,
      "stroke-width": 0.8 + (2.4 * edge.weight) / heaviest,
    });
    const dot = svg("circle", { cx: x, cy: y, r: 6 }, svg("title", {}));
    dot.style.fill = colour;
    dot.firstChild.textContent = `${relation.relation}: ${edge.id}`;
    lines.push(line);
    dots.push(dot);
  });
  const at = number * wide + wide * 0.4 - Math.PI / 2;
  const label = svg("text", {
    x: middle[0] + (WIDTH / 2 - 40) * 0.45 * Math.cos(at),
    y: middle[1] + (HEIGHT / 2 - 26) * 0.45 * Math.sin(at),
  });
  label.textContent = relation.relation;
  label.style.fill = colour;
  dots.push(label);
}
