// All stream tables as a dense table: sorted, filtered, refreshed in place.
import { h, replace } from "../dom.js";
import { bytes, milliseconds, plural, short } from "../format.js";
import { actionBadge, changes, chip, freshness, HEALTH, HEALTH_ORDER, icon, nameOf, pendingText, sparkline } from "../parts.js";
import { ageOf } from "../ticker.js";

const rank = (table) => HEALTH_ORDER.indexOf(table.health);
const age = (table) => (table.data_timestamp ? ageOf(table.data_timestamp) : Infinity);
/** The share of what the schedule allows, then the age itself. */
const lateness = (table) => (table.freshness_limit ? age(table) / table.freshness_limit : age(table) / 1e9);

const COLUMNS = [
  { id: "state", title: "State", value: rank, cell: (table) => chip(table.health, table.is_refreshing) },
  { id: "name", title: "Stream table", value: (table) => table.name, cell: (table, page) => h("a", { href: page.href("table", table.name) }, nameOf(table.name)), header: true },
  { id: "freshness", title: "Freshness", value: lateness, down: true, cell: freshness },
  { id: "action", title: "Last action", value: (table) => table.last_action ?? "", cell: (table) => h("span", { class: "why" }, actionBadge(table.last_action), h("span", { class: "muted", title: table.last_reason }, table.last_reason ?? "")) },
  { id: "pending", title: "Pending", number: true, down: true, value: (table) => table.pending_changes ?? -1, cell: (table) => h("span", { class: table.pending_changes ? "strong" : "muted" }, pendingText(table.pending_changes)) },
  { id: "changed", title: "Rows ±", number: true, down: true, value: (table) => (table.last_rows_inserted ?? 0) + (table.last_rows_deleted ?? 0), cell: (table) => changes(table.last_rows_inserted, table.last_rows_deleted) },
  { id: "duration", title: "Duration", number: true, down: true, value: (table) => table.last_duration_ms ?? -1, cell: (table) => milliseconds(table.last_duration_ms) },
  { id: "trend", title: "Trend", cell: (table) => sparkline(table.trend) },
  { id: "rows", title: "Rows", number: true, down: true, value: (table) => table.rows, cell: (table) => short(table.rows) },
  { id: "size", title: "Size", number: true, down: true, value: (table) => table.bytes, cell: (table) => bytes(table.bytes) },
  { id: "errors", title: "Errors", number: true, down: true, value: (table) => table.consecutive_errors, cell: (table) => table.consecutive_errors ? h("span", { class: "errors", title: table.last_error }, String(table.consecutive_errors)) : h("span", { class: "muted" }, "0") },
];

export function tablesView(root, page) {
  const query = page.route.query;
  let data = null;
  let sort = { id: query.get("sort") ?? "state", down: query.get("down") === "1" };
  let health = query.get("state");
  const rows = new Map();

  const search = h("input", {
    type: "search", class: "search", placeholder: "Filter  ( / )", "aria-label": "Filter by name", autocomplete: "off", spellcheck: "false",
    value: query.get("q") ?? "", oninput: () => render(),
    onkeydown: (event) => {
      if (event.key === "Escape") {
        search.value = "";
        render();
        search.blur();
      }
    },
  });
  search.value = query.get("q") ?? "";
  const filters = h("div", { class: "filters", role: "group", "aria-label": "Show only" });
  const count = h("span", { class: "muted", role: "status" });
  const head = h("tr", {});
  const body = h("tbody", {});
  const none = h("p", { class: "nothing muted", hidden: true }, "No stream table fits.");
  replace(root,
    h("div", { class: "tables-view" },
      h("div", { class: "toolbar" }, h("h1", {}, "Stream tables"), count, h("div", { class: "find" }, icon("search"), search), filters),
      h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Stream tables" },
        h("table", { class: "grid" }, h("caption", { class: "sr-only" }, "Stream tables, their state, freshness and latest refreshes"), h("thead", {}, head), body), none)));
  page.searchable(search);

  for (const column of COLUMNS) {
    const button = column.value
      ? h("button", { type: "button", onclick: () => order(column) }, column.title, h("span", { class: "sort", "aria-hidden": "true" }))
      : column.title;
    head.append(h("th", { scope: "col", class: `of-${column.id}${column.number ? " number" : ""}`, dataset: { column: column.id } }, button));
  }

  function order(column) {
    sort = sort.id === column.id ? { id: column.id, down: !sort.down } : { id: column.id, down: Boolean(column.down) };
    render();
  }

  function filterButtons() {
    const counts = Object.fromEntries(HEALTH_ORDER.map((each) => [each, 0]));
    for (const table of data.stream_tables) counts[table.health] += 1;
    const state = JSON.stringify([counts, health]);
    if (filters.dataset.state === state) return;
    filters.dataset.state = state;
    replace(filters, HEALTH_ORDER.filter((each) => counts[each] || each === health).map((each) =>
      h("button", {
        type: "button", class: `filter ${each}`, "aria-pressed": String(health === each), title: HEALTH[each][1],
        onclick: () => {
          health = health === each ? null : each;
          render();
        },
      }, h("span", { class: "dot", "aria-hidden": "true" }), HEALTH[each][0], h("span", { class: "count" }, counts[each]))));
  }

  function remember() {
    const kept = { q: search.value.trim(), state: health ?? "", sort: sort.id === "state" ? "" : sort.id, down: sort.down ? "1" : "" };
    page.remember(Object.fromEntries(Object.entries(kept).filter(([, value]) => value)));
  }

  function render() {
    const text = search.value.trim().toLowerCase();
    const { value } = COLUMNS.find((column) => column.id === sort.id) ?? COLUMNS[0];
    const sign = sort.down ? -1 : 1;
    const shown = data.stream_tables
      .filter((table) => table.name.toLowerCase().includes(text) && (!health || table.health === health))
      .sort((one, other) => {
        const [a, b] = [value(one), value(other)];
        return (a < b ? -1 : a > b ? 1 : 0) * sign || one.name.localeCompare(other.name);
      });
    count.textContent = shown.length === data.stream_tables.length ? plural(shown.length, "table") : `${shown.length} of ${data.stream_tables.length}`;
    for (const th of head.children) {
      th.setAttribute("aria-sort", th.dataset.column === sort.id ? (sort.down ? "descending" : "ascending") : "none");
    }
    // Rows keep their elements, so that focus and selection outlive a refresh of the data.
    const wanted = shown.map((table) => row(table));
    for (const [index, element] of wanted.entries()) {
      if (body.children[index] !== element) body.insertBefore(element, body.children[index] ?? null);
    }
    while (body.children.length > wanted.length) body.lastChild.remove();
    none.hidden = shown.length > 0;
    filterButtons();
    remember();
  }

  function row(table) {
    const known = rows.get(table.name) ?? { element: h("tr", {}), state: "" };
    rows.set(table.name, known);
    const state = JSON.stringify({ ...table, staleness: null, late: table.health === "late" });
    if (state !== known.state) {
      known.state = state;
      const focused = known.element.contains(document.activeElement);
      replace(known.element, COLUMNS.map((column) =>
        h(column.header ? "th" : "td", { class: `of-${column.id}${column.number ? " number" : ""}`, scope: column.header ? "row" : null, dataset: { title: column.title } }, column.cell(table, page))));
      known.element.className = table.health;
      if (focused) known.element.querySelector("a")?.focus({ preventScroll: true });
    }
    return known.element;
  }

  body.addEventListener("click", (event) => {
    const element = event.target.closest("tr");
    if (!element || event.target.closest("a") || String(getSelection())) return;
    element.querySelector("a").click();
  });

  return {
    show(fresh) {
      data = fresh;
      render();
    },
  };
}
