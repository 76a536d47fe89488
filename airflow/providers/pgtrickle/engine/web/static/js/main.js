// The page: which view stands at an address, and what is the same around all of them.
import * as api from "./api.js";
import { h, replace, script } from "./dom.js";
import { airflowUrl, framed } from "./host.js";
import { follow } from "./live.js";
import { emptyState, failedState, icon, skeleton } from "./parts.js";
import { setClock, startTicker } from "./ticker.js";
import { followTheme, ownsTheme, theme, toggleTheme } from "./theme.js";
import { graphView } from "./views/graph.js";
import { systemView } from "./views/system.js";
import { tablesView } from "./views/tables.js";
import { tableView } from "./views/table.js";

const VIEWS = [["graph", "Graph", "graph"], ["tables", "Tables", "table"], ["system", "System", "system"]];
const bar = document.getElementById("bar");
const main = document.getElementById("main");

let session = null;
let current = null;
let search = null;

/**
 * Addresses:  #/<connection>/graph?select=…   #/<connection>/tables?q=…&state=…   #/<connection>/table/<name>/<tab>
 *             #/<connection>/system           #/~dag/<dag id>   #/~task/<dag id>/<task id>   (from Airflow's own pages)
 */
function parse(hash) {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split("?");
  const [first, view, name, tab] = path.split("/").map((part) => decodeURIComponent(part));
  const route = { query: new URLSearchParams(query), connection: null, view: "graph", name: null, tab: null, focus: null };
  if (first === "~dag") return { ...route, focus: { dag_id: view } };
  if (first === "~task") return { ...route, focus: { dag_id: view, task_id: name } };
  return { ...route, connection: first || null, view: view || "graph", name: name ?? null, tab: tab ?? null };
}

const address = (connection, view, name = null, query = "") =>
  `#/${encodeURIComponent(connection)}/${view}${name === null ? "" : `/${encodeURIComponent(name)}`}${query ? `?${query}` : ""}`;

function frame(route) {
  const connection = route.connection;
  const link = ([view, title, picture]) =>
    h("a", { href: address(connection, view), "aria-current": (route.view === view || (view === "tables" && route.view === "table")) ? "page" : null }, icon(picture), h("span", {}, title));
  const picker = session.connections.length > 1
    ? h("select", { "aria-label": "Connection", onchange: (event) => (location.hash = address(event.target.value, route.view === "table" ? "tables" : route.view)) },
      session.connections.map((each) => h("option", { value: each.id, selected: each.id === connection }, each.id)))
    : session.host === "airflow" ? h("span", { class: "connection" }, connection) : null;
  const look = () => h("button", { type: "button", class: "icon-button", "aria-label": theme() === "dark" ? "Light colours" : "Dark colours", title: "Light or dark",
    onclick: (event) => { toggleTheme(); event.currentTarget.replaceWith(look()); } }, icon(theme() === "dark" ? "sun" : "moon"));
  replace(bar,
    h("a", { class: "brand", href: connection ? address(connection, "graph") : "#/" }, mark(), h("span", {}, "pgtrickle")),
    picker,
    connection ? h("nav", { "aria-label": "Views" }, VIEWS.map(link)) : null,
    h("div", { class: "bar-end" },
      h("span", { class: "live", id: "live", title: "Read again every five seconds" }, h("span", { class: "dot", "aria-hidden": "true" }), h("span", {}, "Live")),
      session.host === "airflow" && !framed() ? h("a", { class: "button", href: airflowUrl({ dag: "" }).replace(/dags\/$/, ""), target: "_top" }, icon("back"), h("span", {}, "Airflow")) : null,
      ownsTheme() ? look() : null));
}

const mark = () => {
  const image = h("img", { src: new URL("../icon.svg", import.meta.url).href, alt: "", width: 22, height: 22 });
  return image;
};

function live(state, text) {
  const element = document.getElementById("live");
  if (!element) return;
  element.className = `live ${state}`;
  element.lastChild.textContent = text;
}

function title(text) {
  document.title = text ? `${text} · Stream tables` : "Stream tables";
}

async function route() {
  current?.stop();
  current = null;
  search = null;
  let found = parse(location.hash);
  let tasks = null;
  if (found.focus) {
    try {
      tasks = await api.tasks(found.focus);
    } catch (error) {
      frame(found);
      replace(main, failedState(error, route));
      return;
    }
    if (tasks.length === 0) {
      frame({ ...found, connection: session.connections[0]?.id ?? null });
      replace(main, emptyState("graph", found.focus.task_id ? "No stream table here yet" : "No stream tables in this DAG yet",
        found.focus.task_id ? "This task refreshes no stream table, or has not run yet." : "None of its tasks refreshes one, or none has run yet."));
      return;
    }
    const names = new Set(tasks.flatMap((task) => task.stream_tables));
    found.connection = tasks[0].connection;
    if (names.size === 0) {
      // More names than Airflow keeps of what a task rendered: everything is shown then.
      history.replaceState(null, "", address(found.connection, "graph"));
      found = parse(location.hash);
    } else if (names.size === 1) {
      history.replaceState(null, "", address(found.connection, "table", [...names][0]));
      found = parse(location.hash);
    } else {
      found.names = names;
    }
  }
  if (!found.connection || !session.connections.some((each) => each.id === found.connection)) {
    if (session.connections.length === 0) {
      frame({ ...found, connection: null });
      replace(main, emptyState("database", "No connection to show", "A connection appears here when it is of type pgtrickle, or when a task of a DAG that you may see has refreshed a stream table with it."));
      return;
    }
    if (found.connection) {
      frame({ ...found, connection: session.connections[0].id });
      replace(main, emptyState("database", `There is no connection ${found.connection}`, "Choose another one above, or ask for access to a DAG that uses it."));
      return;
    }
    history.replaceState(null, "", address(session.connections[0].id, found.view) + (location.hash.split("?")[1] ? `?${location.hash.split("?")[1]}` : ""));
    found = parse(location.hash);
  }
  mount(found);
}

function mount(found) {
  const connection = found.connection;
  const key = () => location.hash;
  frame(found);
  title(found.view === "table" ? found.name : VIEWS.find(([view]) => view === found.view)?.[1]);
  const page = {
    route: found,
    connection,
    inAirflow: session.host === "airflow",
    mayAct: session.connections.find((each) => each.id === connection)?.may_act ?? false,
    href: (view, name = null, query = "") => address(connection, view, name, query),
    go: (view, name = null) => (location.hash = address(connection, view, name)),
    place: (view, name, tab) => history.replaceState(null, "", `${address(connection, view, name)}/${tab}`),
    remember: (query) => history.replaceState(null, "", address(connection, found.view, null, new URLSearchParams(query).toString())),
    narrowed: (data) => narrowed(data, found.names),
    searchable: (input) => (search = input),
    title,
    reload: () => current?.now(),
  };
  const views = { graph: graphView, tables: tablesView, table: tableView, system: systemView };
  const make = views[found.view] ?? graphView;
  main.className = found.view;
  replace(main, skeleton());
  let view = null;
  let failed = true;
  const started = key();
  const load = (signal) => (view?.load ?? ((each) => api.overview(connection, each)))(signal);
  const start = () => {
    view = make(main, page);
    failed = false;
  };
  if (make !== graphView && make !== tablesView) start();
  current = follow(
    load,
    (data) => {
      live("", "Live");
      if (data.taken_at) setClock(data.taken_at);
      if (data.stream_tables?.length === 0) {
        replace(main, emptyState("graph", "No stream tables yet", "Create one with pgtrickle create, an operator or a DAG from a YAML file; it appears here by itself."));
        failed = true;
        return;
      }
      if (failed) start();
      view.show(data);
    },
    (error) => {
      live("stale", error.status === 0 ? "No answer" : "Stale");
      // What was shown last stays, with the light out; only where there is nothing the failure itself is shown.
      if (failed || view?.load) {
        if (!main.querySelector(".empty-state.failed") && (failed || main.querySelector(".skeleton") || error.status === 404)) {
          view?.destroy?.();
          failed = true;
          replace(main, failedState(error, () => current.now()));
        }
      }
    });
  const stop = current.stop;
  current.stop = () => {
    stop();
    view?.destroy?.();
  };
  if (started) main.scrollTop = 0;
}

/** The tables of a DAG, and what they read and are read by. */
function narrowed(data, names) {
  if (!names) return data;
  const edges = data.edges.filter((edge) => names.has(edge.reader) || names.has(edge.source));
  const near = new Set([...names, ...edges.flatMap((edge) => [edge.source, edge.reader])]);
  return {
    ...data, edges,
    stream_tables: data.stream_tables.filter((table) => near.has(table.name)),
    sources: data.sources.filter((source) => near.has(source.name)),
  };
}

document.addEventListener("keydown", (event) => {
  if (event.target.closest("input, select, textarea, dialog") || event.metaKey || event.ctrlKey || event.altKey) return;
  if (event.key === "/" && search) {
    event.preventDefault();
    search.focus();
    search.select();
  }
  const position = ["1", "2", "3"].indexOf(event.key);
  const connection = parse(location.hash).connection;
  if (position >= 0 && connection) location.hash = address(connection, VIEWS[position][0]);
});
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});

async function boot() {
  followTheme();
  startTicker();
  replace(main, skeleton());
  const first = parse(location.hash);
  if (first.connection && ["graph", "tables"].includes(first.view)) api.askAhead(first.connection);
  if (first.view === "graph") script("dagre.js").catch(() => {});
  try {
    session = await api.session();
  } catch (error) {
    replace(main, failedState(error, boot));
    return;
  }
  window.addEventListener("hashchange", route);
  await route();
}

boot();
