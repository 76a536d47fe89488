// One stream table: how it stands, how it came there, what it is made of.
import * as api from "../api.js";
import { historyChart } from "../chart.js";
import { operatorTree, sqlBlock } from "../code.js";
import { askAndAct } from "../dialog.js";
import { h, replace } from "../dom.js";
import { at, bytes, milliseconds, number, plural, runTitle, short } from "../format.js";
import { airflowUrl, followOutside } from "../host.js";
import { lineageView } from "../lineage.js";
import { actionBadge, changes, chip, failedState, failure, freshness, icon, nameOf, pendingText, skeleton, stat, tabs } from "../parts.js";
import { since } from "../ticker.js";

const TABS = [
  ["overview", "Overview"],
  ["query", "Query and plan"],
  ["lineage", "Lineage"],
  ["history", "History"],
  ["storage", "Storage"],
];
const STAGES = [
  ["query", "Query", "What was asked for, as it was typed."],
  ["ops", "Operators", "The query as relational operators."],
  ["rewritten", "Rewritten", "After the rewrites: predicates pushed down, unread columns gone."],
  ["delta", "Delta", "Its derivative when every source changes. A subtree with a mark is computed once."],
  ["sql", "Delta SQL", "The one statement that applies the changes to storage."],
  ["stages", "Plan", "How storage looks, and what a refresh does."],
];

export function tableView(root, page) {
  const { name } = page.route;
  let data = null;
  let tab = TABS.some(([id]) => id === page.route.tab) ? page.route.tab : "overview";
  let stage = "query";
  let explained = null;
  let shown = "";

  const head = h("div", { class: "table-head" });
  const bar = h("div", {});
  const panel = h("div", { class: "tab-panel" });
  const chart = historyChart();
  replace(root, h("div", { class: "table-view" }, head, bar, panel));
  replace(panel, skeleton());

  function choose(id) {
    tab = id;
    page.place("table", name, id);
    shown = "";
    render();
    document.getElementById(`tab-${id}`)?.focus();
  }

  function header({ summary, tasks }) {
    const may = page.mayAct;
    const action = (what, title, picture, look = "") =>
      h("button", {
        type: "button", class: `button ${look}`, disabled: !may, title: may ? null : "You may look at this connection, but not act on it",
        onclick: () => askAndAct(page.connection, summary.name, what, page.reload),
      }, icon(picture), h("span", {}, title));
    const focus = document.activeElement?.closest(".table-head") ? document.activeElement.textContent : null;
    replace(head,
      h("div", { class: "title-line" },
        h("a", { class: "back", href: page.href("tables"), "aria-label": "All stream tables" }, icon("back")),
        h("h1", {}, nameOf(summary.name)),
        chip(summary.health, summary.is_refreshing),
        h("span", { class: "tag", title: summary.mode_reason }, summary.effective_mode === "FULL" ? "recomputed" : "by deltas"),
        summary.schedule ? h("span", { class: "tag" }, `every ${summary.schedule}`) : null,
        h("div", { class: "actions" },
          h("a", { class: "button", href: page.href("graph", null, `select=${encodeURIComponent(summary.name)}`) }, icon("graph"), h("span", {}, "In graph")),
          action("verify", "Verify", "verify"),
          summary.status === "SUSPENDED" ? action("resume", "Resume", "play") : action("suspend", "Suspend", "pause"),
          action("full", "In full", "full"),
          action("refresh", "Refresh", "refresh", "primary"))),
      tasks.length ? h("p", { class: "by" }, "Refreshed by ", tasks.slice(0, 4).map((task, index) => [index ? ", " : "",
        h("a", { href: airflowUrl({ dag: task.dag_id, task: task.task_id }), onclick: followOutside, target: "_top" }, `${task.dag_id} · ${task.task_id}`)])) : null,
      h("dl", { class: "stats" },
        stat("Freshness", freshness(summary), null, summary.health === "late" ? "warn" : ""),
        stat("Pending changes", pendingText(summary.pending_changes), null, summary.pending_changes ? "accent" : ""),
        stat("Last refresh", summary.last_refresh_at ? since(summary.last_refresh_at, " ago") : "never", summary.last_duration_ms === null ? null : `took ${milliseconds(summary.last_duration_ms)}`),
        stat("Last action", actionBadge(summary.last_action), summary.last_reason),
        stat("Rows", `≈ ${short(summary.rows)}`, bytes(summary.bytes))));
    if (focus) [...head.querySelectorAll("a,button")].find((each) => each.textContent === focus)?.focus({ preventScroll: true });
  }

  const overview = () => [
    data.errors.length && data.summary.consecutive_errors
      ? section("What went wrong", h("div", {}, failure(data.errors[0].message, data.errors[0].remedy, [data.errors[0].sqlstate ? `SQLSTATE ${data.errors[0].sqlstate}` : null, data.errors[0].at ? at(data.errors[0].at) : null].filter(Boolean).join(" · "))))
      : null,
    data.summary.effective_mode === "FULL" && data.summary.mode_reason
      ? h("p", { class: "note" }, icon("bulb"), `Every refresh recomputes the whole query: ${data.summary.mode_reason}.`) : null,
    section("History", data.history.length ? chart.element : h("p", { class: "muted" }, "It has not been refreshed yet.")),
    h("div", { class: "columns" },
      section("Sources", sources()),
      section("Last refresh", lastPlan())),
    data.readers.length ? section("Read by", h("ul", { class: "links" }, data.readers.map((reader) => h("li", {}, h("a", { href: page.href("table", reader) }, icon("table", 14), nameOf(reader)))))) : null,
  ];

  const sources = () => grid("Sources", ["Source", "Pending", "Capture", "Columns read", "Rows"], data.sources.map((source) => [
    source.upstream ? h("a", { href: page.href("table", source.name) }, icon("table", 14), nameOf(source.name)) : h("span", {}, icon("database", 14), nameOf(source.name)),
    h("span", { class: source.pending_changes ? "strong" : "muted" }, pendingText(source.pending_changes)),
    source.problem ? h("span", { class: "warn", title: source.problem }, "gap") : source.capture === "trigger" ? (source.upstream ? "storage" : "triggers") : "none",
    source.columns.length ? h("span", { class: "muted mono wrap" }, source.columns.join(", ")) : h("span", { class: "muted" }, source.upstream ? "its state" : "–"),
    short(source.rows),
  ]), [1, 4]);

  function lastPlan() {
    const last = data.history.find((row) => row.status === "COMPLETED");
    if (!last) return h("p", { class: "muted" }, "There is none yet.");
    const stages = Object.entries(last.stages ?? {});
    const total = Math.max(0.001, last.duration_ms ?? 0, stages.reduce((sum, [, ms]) => sum + ms, 0));
    return h("div", { class: "plan" },
      h("p", {}, actionBadge(last.action), " ", last.reason),
      h("p", { class: "muted" }, `${at(last.started_at)} · ${milliseconds(last.duration_ms)} · `, changes(last.rows_inserted, last.rows_deleted), ` of ${pendingText(last.pending_changes)} changes`),
      stages.length ? h("ol", { class: "timings" }, stages.map(([stage, ms]) =>
        h("li", {}, h("span", {}, stage), meter(ms / total, `${stage}: ${milliseconds(ms)}`), h("span", { class: "number" }, milliseconds(ms))))) : null,
      run(last.run_id));
  }

  function run(runId) {
    const found = runTitle(runId);
    if (!found) return null;
    return h("p", { class: "muted wrap" }, "Run ", found.dag && page.inAirflow
      ? h("a", { href: airflowUrl({ dag: found.dag, run: found.run }), onclick: followOutside, target: "_top" }, found.text) : found.text);
  }

  function query() {
    const [, , hint] = STAGES.find(([id]) => id === stage);
    const content = h("div", {});
    if (stage === "query") {
      replace(content, sqlBlock(data.query, "Defining query"));
    } else if (explained === null) {
      replace(content, skeleton(4));
    } else if (explained instanceof Error) {
      replace(content, failedState(explained, explain));
    } else {
      const text = explained.explanation[stage];
      replace(content, stage === "sql" ? sqlBlock(text, "Delta SQL", { pretty: true })
        : stage === "stages" ? plan(text)
          : explained.explanation.reason ? h("p", { class: "note" }, icon("info"), text) : operatorTree(text, explained.storages, hint));
    }
    return [
      h("div", { class: "segments", role: "group", "aria-label": "Stage" }, STAGES.map(([id, title], index) => [
        index ? h("span", { class: "muted", "aria-hidden": "true" }, icon("chevron", 12)) : null,
        h("button", { type: "button", "aria-pressed": String(id === stage), onclick: () => { stage = id; shown = ""; render(); root.querySelector(".segments [aria-pressed=true]")?.focus(); } }, title)])),
      h("p", { class: "muted hint" }, hint), content];
  }

  /** "key: value" lines; the view is SQL. */
  const plan = (text) => h("dl", { class: "facts wide" }, text.split("\n").map((line) => {
    const [title, ...rest] = line.split(": ");
    const value = rest.join(": ");
    return [h("dt", {}, title), h("dd", {}, title === "view" ? sqlBlock(value, "The view that readers see", { pretty: true }) : value)];
  }));

  async function explain() {
    explained = null;
    try {
      explained = await api.explain(page.connection, name);
    } catch (error) {
      explained = error;
    }
    shown = "";
    render();
  }

  const lineage = () => {
    if (explained === null) return skeleton(6);
    if (explained instanceof Error) return failedState(explained, explain);
    return [h("p", { class: "muted hint" }, "Which columns each column is computed from. Views are looked through; stream tables are not."), lineageView(explained.lineage, data.sources, page)];
  };

  const history = () => [
    data.errors.length ? section("Failures", h("div", { class: "stack" }, data.errors.slice(0, 5).map((each) => failure(each.message, each.remedy, [each.sqlstate ? `SQLSTATE ${each.sqlstate}` : null, each.at ? at(each.at) : null].filter(Boolean).join(" · "))))) : null,
    section("Refreshes", grid("Refreshes", ["Started", "Action", "Why", "Duration", "Rows ±", "Changes", "Run"], data.history.map((row) => [
      h("span", { class: "nowrap" }, at(row.started_at)),
      actionBadge(row.status === "FAILED" ? "FAILED" : row.action),
      h("span", { class: "wrap" }, row.reason ?? row.error_message ?? "–"),
      milliseconds(row.duration_ms), changes(row.rows_inserted, row.rows_deleted), pendingText(row.pending_changes),
      h("span", { class: "muted wrap" }, runTitle(row.run_id)?.text ?? "–"),
    ]), [3, 4, 5])),
  ];

  function storage() {
    const kept = data.storage;
    if (!kept) return h("p", { class: "muted" }, "There is no storage.");
    const kinds = { grouped: "a row of state for each group", keyed: "the rows, found by their key", unkeyed: "the rows, found by their hash" };
    const role = (column) => kept.key.includes(column) ? "key" : kept.kind === "grouped" ? "state of an aggregate" : column.startsWith("h") ? "hidden" : "output";
    return [
      h("dl", { class: "stats" },
        stat("Kind", kept.kind, kinds[kept.kind]), stat("Rows", bytes(kept.table_bytes), `≈ ${short(kept.live_tuples)} live`),
        stat("Indexes", bytes(kept.index_bytes), plural(kept.indexes.length, "index", "indexes")), stat("Large values", bytes(kept.toast_bytes)),
        stat("Dead rows", short(kept.dead_tuples), kept.last_vacuum ? ["vacuumed ", since(kept.last_vacuum, " ago")] : "never vacuumed", kept.dead_tuples > 2 * Math.max(1000, kept.live_tuples) ? "warn" : "")),
      h("div", { class: "columns" },
        section("Columns", grid("Columns", ["Column", "Type", "Not null"], data.columns.map((column) => [h("span", { class: "mono" }, column.name), h("span", { class: "mono muted" }, column.type), column.not_null ? "yes" : ""]))),
        section("Kept state", h("p", { class: "muted mono" }, kept.name), grid("Kept state", ["Column", "Type", "Role"], kept.columns.map(([column, type]) => [h("span", { class: "mono" }, column), h("span", { class: "mono muted" }, type), role(column)])))),
      section("Indexes", kept.indexes.length ? grid("Indexes", ["Index", "Definition", "Size", "Scans"], kept.indexes.map((index) => [h("span", { class: "mono" }, index.name), h("span", { class: "mono muted wrap" }, index.definition), bytes(index.bytes), number(index.scans)]), [2, 3]) : h("p", { class: "muted" }, "None.")),
      section("Identity", h("dl", { class: "facts wide" },
        [["Created", at(data.created_at)], ["Changed", at(data.updated_at)], ["Generation", number(data.generation)], ["Frontier", h("span", { class: "mono wrap" }, data.frontier ?? "–")],
          ["Shows", data.summary.data_timestamp ? at(data.summary.data_timestamp) : "–"], ["Refresh mode", `${data.summary.refresh_mode} (${data.summary.effective_mode})`], ["search_path", h("span", { class: "mono" }, data.search_path || "empty")],
          ...Object.entries(data.session_settings).map(([key, value]) => [key, h("span", { class: "mono" }, value)])].map(([title, value]) => [h("dt", {}, title), h("dd", {}, value)]))),
    ];
  }

  const panels = { overview, query, lineage, history, storage };

  function render() {
    header(data);
    if (!bar.firstChild || bar.dataset.tab !== tab) {
      bar.dataset.tab = tab;
      replace(bar, tabs("Parts", TABS.map(([id, title]) => ({ id, title })), tab, choose));
    }
    // What does not change stays as it is, with its scroll position and selection.
    const state = tab === "query" ? `query ${stage} ${explained === null}` : tab === "lineage" ? `lineage ${explained === null}` : JSON.stringify([tab, data.history[0]?.id, data.summary.health, data.sources, data.errors, data.storage && { ...data.storage, last_vacuum: null }]);
    if (state === shown) return;
    shown = state;
    panel.id = `panel-${tab}`;
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-labelledby", `tab-${tab}`);
    replace(panel, panels[tab]());
    if (tab === "overview" && data.history.length) chart.update(data.history);
    if ((tab === "query" || tab === "lineage") && explained === null && !explaining) {
      explaining = true;
      explain();
    }
  }
  let explaining = false;

  return {
    load: (signal) => api.table(page.connection, name, signal),
    show(fresh) {
      if (data && (fresh.generation !== data.generation || fresh.query !== data.query)) {
        // It was altered meanwhile: what was compiled is of another query.
        explained = null;
        explaining = false;
        shown = "";
      }
      data = fresh;
      page.title(fresh.summary.name);
      render();
    },
    destroy: () => chart.destroy(),
  };
}

const section = (title, ...content) => h("section", { class: "section" }, h("h2", {}, title), content);

export function meter(share, label) {
  const bar = h("span", { class: "fill" });
  bar.style.width = `${Math.max(1, Math.round(100 * Math.min(1, share)))}%`;
  return h("span", { class: "meter", role: "img", "aria-label": label }, bar);
}

export const grid = (caption, titles, rows, numbers = []) =>
  h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption }, h("table", { class: "grid small" }, h("caption", { class: "sr-only" }, caption),
    h("thead", {}, h("tr", {}, titles.map((title, index) => h("th", { scope: "col", class: numbers.includes(index) ? "number" : null }, title)))),
    h("tbody", {}, rows.map((cells) => h("tr", {}, cells.map((cell, index) => h("td", { class: numbers.includes(index) ? "number" : null, dataset: { title: titles[index] } }, cell)))))));
