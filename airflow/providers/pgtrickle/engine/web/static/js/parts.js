// The small things that every view is made of: icons, states, badges, bars, sparklines, empty and failed states.
import { h, s } from "./dom.js";
import { errorParts, milliseconds, NONE, number, parts, seconds, short } from "./format.js";
import { ageOf } from "./ticker.js";

const PATHS = {
  graph: "M6 4h4v4H6zM14 16h4v4h-4zM6 16h4v4H6zM8 8v8M8 12h8v4",
  table: "M4 5h16v14H4zM4 10h16M10 10v9",
  system: "M3 12h4l3-8 4 16 3-8h4",
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM20 20l-4-4",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.5 1.5M17.5 17.5L19 19M19 5l-1.5 1.5M6.5 17.5L5 19",
  moon: "M20 14.5A8 8 0 0 1 9.5 4a8 8 0 1 0 10.5 10.5z",
  refresh: "M20 11a8 8 0 0 0-14.5-4L4 9M4 4v5h5M4 13a8 8 0 0 0 14.5 4L20 15M20 20v-5h-5",
  full: "M12 3l9 5-9 5-9-5zM3 13l9 5 9-5",
  pause: "M8 5v14M16 5v14",
  play: "M7 4l13 8-13 8z",
  verify: "M12 3l8 3v6c0 5-3.5 8-8 9-4.5-1-8-4-8-9V6zM8.5 12l2.5 2.5 4.5-5",
  chevron: "M9 6l6 6-6 6",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  database: "M4 6c0-1.7 3.6-3 8-3s8 1.3 8 3-3.6 3-8 3-8-1.3-8-3zM4 6v12c0 1.7 3.6 3 8 3s8-1.3 8-3V6M4 12c0 1.7 3.6 3 8 3s8-1.3 8-3",
  delta: "M12 4l9 16H3z",
  rebuild: "M4 12a8 8 0 1 1 3 6.2M4 19v-5h5",
  idle: "M6 12h12",
  alert: "M12 4l9 16H3zM12 10v4M12 17v.5",
  check: "M5 12.5l4.5 4.5L19 7",
  info: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 11v5M12 7.5v.5",
  bulb: "M9 18h6M10 21h4M12 3a6 6 0 0 0-3.5 10.9c.6.5 1 1.2 1 2.1h5c0-.9.4-1.6 1-2.1A6 6 0 0 0 12 3z",
  close: "M6 6l12 12M18 6L6 18",
  plus: "M12 5v14M5 12h14",
  fit: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  open: "M14 4h6v6M20 4l-9 9M18 14v6H4V6h6",
  arrow: "M5 12h14M13 6l6 6-6 6",
  back: "M19 12H5M11 6l-6 6 6 6",
};

export const icon = (name, size = 16) =>
  s("svg", { class: "icon", viewBox: "0 0 24 24", width: size, height: size, "aria-hidden": "true" }, s("path", { d: PATHS[name] }));

/** What each state is called, and what it means. */
export const HEALTH = {
  failing: ["Failing", "The last refreshes failed"],
  late: ["Late", "Lacks changes, and is older than its schedule allows"],
  suspended: ["Suspended", "Is not refreshed until it is resumed"],
  empty: ["Empty", "Has not been filled yet"],
  pending: ["Pending", "Changes wait to be consumed"],
  fresh: ["Fresh", "Shows everything, or is as fresh as its schedule asks for"],
};
export const HEALTH_ORDER = Object.keys(HEALTH);

export const chip = (health, refreshing = false) =>
  h("span", { class: `chip ${health}`, title: HEALTH[health][1] },
    h("span", { class: refreshing ? "dot spin" : "dot", "aria-hidden": "true" }),
    refreshing ? "Refreshing" : HEALTH[health][0]);

export const ACTIONS = {
  NO_DATA: ["idle", "No change"],
  DIFFERENTIAL: ["delta", "Delta"],
  FULL: ["full", "Full"],
  REINITIALIZE: ["rebuild", "Rebuilt"],
  FAILED: ["alert", "Failed"],
};

export function actionBadge(action) {
  if (!action) return h("span", { class: "muted" }, NONE);
  const [picture, title] = ACTIONS[action];
  return h("span", { class: `action ${action.toLowerCase()}` }, icon(picture, 13), title);
}

/** schema.table with the schema in the background. */
export function nameOf(name) {
  const [schema, table] = parts(name);
  return h("span", { class: "name" }, schema ? h("span", { class: "schema" }, `${schema}.`) : null, h("span", { class: "own" }, table));
}

/** Rows in and out: +12 −3. */
export function changes(inserted, deleted) {
  if (inserted === null || inserted === undefined) return h("span", { class: "muted" }, NONE);
  if (!inserted && !deleted) return h("span", { class: "muted" }, "0");
  return h("span", { class: "changes" },
    h("span", { class: "plus" }, `+${short(inserted)}`), " ", h("span", { class: "minus" }, `−${short(deleted ?? 0)}`));
}

export const pendingText = (count) => (count === null ? NONE : count >= 10_000 ? "10K+" : number(count));

/** How old a table is against what its schedule allows: a bar that fills, and turns when it is over. */
export function freshness(table) {
  if (!table.data_timestamp) return h("span", { class: "muted" }, "never filled");
  const age = ageOf(table.data_timestamp);
  const text = h("time", { datetime: table.data_timestamp, dataset: { since: table.data_timestamp, suffix: "" } }, seconds(age));
  if (table.freshness_limit === null) {
    return h("span", { class: "fresh-cell" }, text, h("span", { class: "muted" }, table.schedule ?? "no schedule"));
  }
  const share = Math.min(1, age / table.freshness_limit);
  const over = table.health !== "fresh" && age > table.freshness_limit;
  return h("span", { class: "fresh-cell" }, text,
    s("svg", { class: over ? "gauge over" : "gauge", viewBox: "0 0 100 4", preserveAspectRatio: "none", role: "img", "aria-label": `${Math.round(100 * age / table.freshness_limit)}% of ${seconds(table.freshness_limit)}` },
      s("rect", { class: "track", width: 100, height: 4, rx: 2 }),
      s("rect", { class: "value", width: Math.max(2, 100 * share), height: 4, rx: 2 })),
    h("span", { class: "muted" }, `of ${seconds(table.freshness_limit)}`));
}

/** The durations of the latest refreshes as bars: one colour an action, failures marked. */
export function sparkline(trend, width = 96, height = 22) {
  const count = 24;
  const step = width / count;
  const longest = Math.max(1, ...trend.map((point) => point.duration_ms ?? 0));
  const start = count - trend.length;
  const last = trend.at(-1);
  const label = trend.length
    ? `${trend.length} refreshes, the last took ${milliseconds(last.duration_ms)}, the longest ${milliseconds(longest)}`
    : "no refreshes yet";
  return s("svg", { class: "spark", viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label },
    s("title", {}, label),
    trend.map((point, index) => {
      const failed = point.status === "FAILED";
      const size = failed ? height : Math.max(2, Math.sqrt((point.duration_ms ?? 0) / longest) * height);
      return s("rect", {
        class: failed ? "failed" : (point.action ?? "").toLowerCase(),
        x: (start + index) * step, y: height - size, width: Math.max(1, step - 1), height: size, rx: 1,
      });
    }));
}

export const stat = (title, value, note = null, tone = "") =>
  h("div", { class: `stat ${tone}` }, h("dt", {}, title), h("dd", {}, value, note ? h("small", {}, note) : null));

export const emptyState = (picture, title, ...rest) =>
  h("div", { class: "empty-state" }, icon(picture, 32), h("h2", {}, title), rest.map((each) => (each instanceof Node ? each : h("p", {}, each))));

export function failedState(error, retry) {
  return h("div", { class: "empty-state failed", role: "alert" }, icon("alert", 32),
    h("h2", {}, error.status === 401 ? "You are not logged in" : error.status === 403 ? "You may not see this" : error.code === "PGT-201" ? "pgtrickle is not installed in this database" : "This could not be read"),
    h("p", {}, error.message), error.hint ? h("p", { class: "muted" }, error.hint) : null,
    error.code ? h("p", { class: "muted mono" }, error.code) : null,
    retry ? h("button", { class: "button", type: "button", onclick: retry }, icon("refresh"), "Try again") : null);
}

export const skeleton = (rows = 8) =>
  h("div", { class: "skeleton", role: "status", "aria-label": "Loading" }, Array.from({ length: rows }, () => h("div")));

/** A failure with its code and what to do about it. */
export function failure(text, remedy, note = null) {
  const { code, message, hint } = errorParts(text);
  return h("div", { class: "failure" }, icon("alert", 18),
    h("div", {}, h("p", { class: "what" }, message), hint ? h("p", { class: "remedy" }, hint) : null,
      remedy && remedy !== hint ? h("p", { class: "remedy" }, remedy) : null,
      h("p", { class: "muted" }, [code, note].filter(Boolean).join(" · "))));
}

/** Tabs over panels: arrow keys move, as they do in every tab list. `items` are {id, title, count?}. */
export function tabs(label, items, current, choose) {
  const list = h("div", { class: "tabs", role: "tablist", "aria-label": label });
  for (const item of items) {
    list.append(h("button", {
      type: "button", role: "tab", id: `tab-${item.id}`, "aria-selected": String(item.id === current),
      "aria-controls": `panel-${item.id}`, tabindex: item.id === current ? 0 : -1, onclick: () => choose(item.id),
    }, item.title, item.count ? h("span", { class: "count" }, item.count) : null));
  }
  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, Home: -items.length, End: items.length }[event.key];
    if (!step) return;
    event.preventDefault();
    const all = [...list.children];
    const now = all.findIndex((each) => each.getAttribute("aria-selected") === "true");
    const next = Math.abs(step) === 1 ? (now + step + all.length) % all.length : step < 0 ? 0 : all.length - 1;
    all[next].click();
    list.ownerDocument.getElementById(`tab-${items[next].id}`)?.focus();
  });
  return list;
}
