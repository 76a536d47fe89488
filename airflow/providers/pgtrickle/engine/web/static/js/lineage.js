// Column lineage: the columns of what a query reads at the left, its own at the right, lines between them.
import { h, replace, s } from "./dom.js";
import { icon, nameOf } from "./parts.js";

const TITLES = { identity: "as it is", expression: "computed", aggregate: "from many rows" };

export function lineageView(lineage, sources, page) {
  if (lineage.unknown) {
    return h("p", { class: "note" }, icon("info"), `The lineage of each column cannot be told: ${lineage.unknown}. The sources table has the columns that it reads.`);
  }
  const relations = new Map();
  const add = ({ relation, column }) => {
    if (!relations.has(relation)) relations.set(relation, new Set());
    relations.get(relation).add(column);
  };
  for (const column of lineage.columns) column.origins.forEach(add);
  lineage.conditions.forEach(add);
  const conditions = new Set(lineage.conditions.map((each) => `${each.relation}\n${each.column}`));
  const streams = new Set(sources.filter((each) => each.upstream).map((each) => each.name));

  const ends = new Map();
  const left = h("div", { class: "side" }, [...relations].sort().map(([relation, columns]) =>
    h("section", { class: "relation" },
      h("h2", {}, icon(streams.has(relation) ? "table" : "database", 14), streams.has(relation) ? h("a", { href: page.href("table", relation) }, nameOf(relation)) : nameOf(relation)),
      h("ul", {}, [...columns].sort().map((column) => {
        const key = `${relation}\n${column}`;
        const item = h("li", { tabindex: 0, class: "column", onmouseenter: () => light(key), onmouseleave: () => light(null), onfocus: () => light(key), onblur: () => light(null) },
          column, conditions.has(key) ? h("span", { class: "tag", title: "Decides which rows there are: a join, a filter, a group" }, "decides rows") : null);
        ends.set(key, item);
        return item;
      })))));
  const outputs = new Map();
  const right = h("div", { class: "side" }, h("section", { class: "relation own" }, h("h2", {}, icon("table", 14), "Columns"),
    h("ul", {}, lineage.columns.map((column) => {
      const item = h("li", { tabindex: 0, class: "column", onmouseenter: () => light(null, column.column), onmouseleave: () => light(null), onfocus: () => light(null, column.column), onblur: () => light(null) },
        column.column, h("span", { class: `tag ${column.derivation}` }, column.origins.length ? TITLES[column.derivation] : column.derivation === "aggregate" ? "counts rows" : "constant"));
      outputs.set(column.column, item);
      return item;
    }))));
  const lines = s("svg", { class: "lines", "aria-hidden": "true" });
  const element = h("div", { class: "lineage" }, left, right, lines);
  const links = lineage.columns.flatMap((column) => column.origins.map((origin) => ({ from: `${origin.relation}\n${origin.column}`, to: column.column, derivation: column.derivation })));

  function draw() {
    const frame = element.getBoundingClientRect();
    if (!frame.width) return;
    lines.setAttribute("viewBox", `0 0 ${frame.width} ${frame.height}`);
    replace(lines, links.map((link) => {
      const [a, b] = [ends.get(link.from).getBoundingClientRect(), outputs.get(link.to).getBoundingClientRect()];
      const [x1, y1, x2, y2] = [a.right - frame.left, a.top + a.height / 2 - frame.top, b.left - frame.left, b.top + b.height / 2 - frame.top];
      link.path = s("path", { class: link.derivation, d: x2 > x1 ? `M${x1} ${y1}C${(x1 + x2) / 2} ${y1} ${(x1 + x2) / 2} ${y2} ${x2} ${y2}` : "" });
      return link.path;
    }));
  }

  function light(from, to = null) {
    const on = links.filter((link) => link.from === from || link.to === to);
    element.classList.toggle("lighted", from !== null || to !== null);
    for (const link of links) link.path?.classList.toggle("lit", on.includes(link));
    for (const [key, item] of ends) item.classList.toggle("lit", key === from || on.some((link) => link.from === key));
    for (const [key, item] of outputs) item.classList.toggle("lit", key === to || on.some((link) => link.to === key));
  }

  new ResizeObserver(draw).observe(element);
  return element;
}
