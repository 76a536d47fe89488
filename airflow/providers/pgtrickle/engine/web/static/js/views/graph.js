// The graph of everything, with the chosen table or source told about beside it.
import { graph } from "../graph.js";
import { h, replace } from "../dom.js";
import { bytes, milliseconds, number, plural, short } from "../format.js";
import { actionBadge, changes, chip, freshness, HEALTH, HEALTH_ORDER, icon, nameOf, pendingText, sparkline } from "../parts.js";
import { since } from "../ticker.js";

export function graphView(root, page) {
  const { focus } = page.route;
  let data = null;
  let chosen = null;
  let only = null;
  let wanted = page.route.query.get("select");

  const stage = h("div", { class: "stage" });
  const panel = h("aside", { class: "panel", "aria-label": "Selected", hidden: true });
  const filters = h("div", { class: "filters", role: "group", "aria-label": "Show only" });
  const search = h("input", {
    type: "search", class: "search", placeholder: "Find a table  ( / )", "aria-label": "Find a table or source", autocomplete: "off", spellcheck: "false",
    oninput: () => look(), onkeydown: (event) => found(event),
  });
  const status = h("span", { class: "sr-only", role: "status" });
  const drawing = graph(stage, {
    choose: (name) => {
      chosen = name;
      tell();
    },
    open: (name) => (isTable(name) ? page.go("table", name) : tell()),
  });
  const tools = h("div", { class: "zoom", role: "group", "aria-label": "Zoom" },
    tool("plus", "Zoom in", () => drawing.zoomBy(1.35)), tool("idle", "Zoom out", () => drawing.zoomBy(1 / 1.35)), tool("fit", "Show everything", () => drawing.fit()));
  replace(root, h("h1", { class: "sr-only" }, "Graph of stream tables"),
    h("div", { class: "graph-view" }, stage, h("div", { class: "overlay" }, h("div", { class: "find" }, icon("search"), search, status), filters), tools, panel));
  page.searchable(search);

  const isTable = (name) => data.stream_tables.some((table) => table.name === name);
  const matches = (name) => name.toLowerCase().includes(search.value.trim().toLowerCase());

  function look() {
    const text = search.value.trim();
    const tables = new Map(data.stream_tables.map((table) => [table.name, table]));
    drawing.dim((name) => (text && !matches(name)) || (only !== null && tables.get(name)?.health !== only));
    status.textContent = text ? plural([...tables.keys(), ...data.sources.map((each) => each.name)].filter(matches).length, "match", "matches") : "";
  }

  function found(event) {
    if (event.key === "Escape") {
      search.value = "";
      look();
      search.blur();
    }
    if (event.key !== "Enter") return;
    const first = [...data.stream_tables, ...data.sources].find((each) => matches(each.name));
    if (!first) return;
    chosen = first.name;
    drawing.select(chosen);
    drawing.reveal(chosen);
    tell();
  }

  function filterButtons() {
    const counts = Object.fromEntries(HEALTH_ORDER.map((health) => [health, 0]));
    for (const table of data.stream_tables) counts[table.health] += 1;
    const state = JSON.stringify([counts, only]);
    if (filters.dataset.state === state) return;
    filters.dataset.state = state;
    replace(filters, HEALTH_ORDER.filter((health) => counts[health] || health === "fresh").map((health) =>
      h("button", {
        type: "button", class: `filter ${health}`, "aria-pressed": String(only === health), title: HEALTH[health][1],
        onclick: () => {
          only = only === health ? null : health;
          look();
          filterButtons();
        },
      }, h("span", { class: "dot", "aria-hidden": "true" }), HEALTH[health][0], h("span", { class: "count" }, counts[health]))));
  }

  function tell() {
    const table = data.stream_tables.find((each) => each.name === chosen);
    const source = data.sources.find((each) => each.name === chosen);
    panel.hidden = !table && !source;
    if (table) replace(panel, aboutTable(table));
    if (source) replace(panel, aboutSource(source));
  }

  const close = () => h("button", { type: "button", class: "icon-button", "aria-label": "Close", onclick: () => { chosen = null; drawing.select(null); tell(); } }, icon("close"));

  function aboutTable(table) {
    return [
      h("div", { class: "panel-head" }, h("h2", {}, nameOf(table.name)), close()),
      h("p", { class: "panel-state" }, chip(table.health, table.is_refreshing), h("span", { class: "tag" }, table.effective_mode === "FULL" ? "full" : "delta")),
      table.last_error && table.health === "failing" ? h("p", { class: "panel-error" }, table.last_error) : null,
      facts([
        ["Freshness", freshness(table)],
        ["Pending", `${pendingText(table.pending_changes)} changes`],
        ["Last action", [actionBadge(table.last_action), " ", h("span", { class: "muted" }, milliseconds(table.last_duration_ms))]],
        ["Why", h("span", { class: "wrap" }, table.last_reason ?? "–")],
        ["Rows changed", changes(table.last_rows_inserted, table.last_rows_deleted)],
        ["Rows", `about ${short(table.rows)}`],
        ["Size", bytes(table.bytes)],
        ["Refreshed", table.last_refresh_at ? [since(table.last_refresh_at), " ago"] : "never"],
      ]),
      h("div", { class: "panel-spark" }, sparkline(table.trend, 240, 32)),
      h("a", { class: "button primary wide", href: page.href("table", table.name) }, "Open", icon("arrow")),
    ];
  }

  function aboutSource(source) {
    return [
      h("div", { class: "panel-head" }, h("h2", {}, nameOf(source.name)), close()),
      h("p", { class: "panel-state" }, h("span", { class: "tag" }, source.kind), h("span", { class: "tag" }, source.capture === "trigger" ? "captured by triggers" : "not captured")),
      source.problem ? h("p", { class: "panel-error" }, source.problem) : null,
      facts([
        ["Pending", `${pendingText(source.pending_changes)} changes`],
        ["Read by", plural(source.readers, "stream table")],
        ["Captured", plural(source.captured_columns, "column")],
        ["Buffer", `${bytes(source.buffer_bytes)}, about ${short(source.buffer_rows)} rows`],
        ["Rows", `about ${number(source.rows)}`],
        ["Size", bytes(source.bytes)],
      ]),
    ];
  }

  const view = {
    async show(fresh) {
      data = focus ? page.narrowed(fresh) : fresh;
      await drawing.update(data);
      filterButtons();
      look();
      if (wanted && drawing.has(wanted)) {
        chosen = wanted;
        drawing.select(chosen);
        drawing.reveal(chosen);
      }
      wanted = null;
      tell();
    },
  };
  return view;
}

const tool = (picture, title, action) => h("button", { type: "button", class: "icon-button", "aria-label": title, title, onclick: action }, icon(picture));

export const facts = (pairs) => h("dl", { class: "facts" }, pairs.map(([title, value]) => [h("dt", {}, title), h("dd", {}, value)]));
