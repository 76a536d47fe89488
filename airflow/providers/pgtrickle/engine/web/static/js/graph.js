// The graph of sources and stream tables: laid out by dagre, drawn as SVG, moved by d3-zoom.
import { select } from "../vendor/d3-selection.mjs";
import { zoom, zoomIdentity } from "../vendor/d3-zoom.mjs";
import "../vendor/d3-transition.mjs";
import { replace, s, script } from "./dom.js";
import { parts, seconds, short } from "./format.js";
import { ACTIONS, HEALTH, pendingText } from "./parts.js";
import { ageOf } from "./ticker.js";

const TABLE = { width: 216, height: 62 };
const SOURCE = { width: 168, height: 40 };
/** Below this scale only names can be read, so only they are drawn, larger. */
const FAR = 0.62;
const SMOOTH = 350;
const TOP = 48;
/** The gap between columns. */
const RANKS = 84;

/**
 * A graph in `container`. `choose(name | null)` is called when a node is chosen, `open(name)` when it is asked to open.
 * Gives {update(overview), select(name), dim(predicate), fit(), zoomBy(factor), reveal(name)}.
 */
export function graph(container, { choose, open }) {
  const scene = s("g", { class: "scene" });
  const edgesLayer = s("g", { class: "edges", "aria-hidden": "true" });
  const nodesLayer = s("g", { class: "nodes" });
  scene.append(edgesLayer, nodesLayer);
  const canvas = s("svg", { class: "graph", role: "group", "aria-label": "Graph of sources and stream tables. Arrow keys move along the edges, Enter opens." },
    s("defs", {}, marker("arrow", "edge-tip"), marker("arrow-lit", "edge-tip lit"), cut("cut-table", TABLE), cut("cut-source", SOURCE)), scene);
  container.append(canvas);

  const view = select(canvas);
  const behaviour = zoom().scaleExtent([0.06, 2]).on("zoom", ({ transform }) => {
    scene.setAttribute("transform", transform);
    canvas.classList.toggle("far", transform.k < FAR);
  });
  view.call(behaviour).on("dblclick.zoom", null);
  canvas.addEventListener("click", (event) => {
    if (!event.target.closest(".node")) pick(null);
  });

  let structure = "";
  let nodes = new Map();
  let edges = [];
  let size = { width: 1, height: 1 };
  let chosen = null;
  let dimmed = () => false;
  let touched = false;
  view.on("wheel.touched mousedown.touched touchstart.touched", () => (touched = true));

  async function update(overview) {
    const shape = JSON.stringify([overview.stream_tables.map((t) => t.name), overview.sources.map((t) => t.name), overview.edges]);
    if (shape !== structure) {
      structure = shape;
      await script("dagre.js");
      layOut(overview);
    }
    for (const table of overview.stream_tables) drawTable(nodes.get(table.name), table);
    for (const source of overview.sources) drawSource(nodes.get(source.name), source);
    mark();
  }

  function layOut(overview) {
    const layout = new globalThis.dagre.graphlib.Graph();
    layout.setGraph({ rankdir: "LR", nodesep: 16, edgesep: 6, ranksep: RANKS, marginx: 24, marginy: 24, ranker: overview.stream_tables.length > 80 ? "longest-path" : "network-simplex" });
    layout.setDefaultEdgeLabel(() => ({}));
    for (const source of overview.sources) layout.setNode(source.name, { ...SOURCE });
    for (const table of overview.stream_tables) layout.setNode(table.name, { ...TABLE });
    for (const edge of overview.edges) layout.setEdge(edge.source, edge.reader);
    globalThis.dagre.layout(layout);
    size = layout.graph();
    const tables = new Set(overview.stream_tables.map((table) => table.name));
    nodes = new Map();
    const elements = [];
    const placed = layout.nodes().sort((one, other) => layout.node(one).x - layout.node(other).x || layout.node(one).y - layout.node(other).y);
    for (const name of placed) {
      const { x, y, width, height } = layout.node(name);
      const element = s("g", {
        class: tables.has(name) ? "node table" : "node source", role: "button", tabindex: -1,
        transform: `translate(${x - width / 2} ${y - height / 2})`,
        onclick: () => pick(name), ondblclick: () => open(name), onkeydown: (event) => step(event, name),
        onmouseenter: () => mark(name), onmouseleave: () => mark(),
      });
      nodes.set(name, { name, element, x, y, width, height, before: [], after: [], state: "" });
      elements.push(element);
    }
    elements[0]?.setAttribute("tabindex", 0);
    const columns = [...new Set([...nodes.values()].map((node) => node.x))];
    edges = layout.edges().map(({ v, w }) => {
      nodes.get(v).after.push(w);
      nodes.get(w).before.push(v);
      return { source: v, reader: w, element: s("path", { class: "edge", d: curve(nodes.get(v), layout.edge(v, w).points, nodes.get(w), columns), "marker-end": "url(#arrow)" }) };
    });
    replace(nodesLayer, elements);
    replace(edgesLayer, edges.map((edge) => edge.element));
    if (!touched) fit(0);
  }

  function pick(name) {
    chosen = name;
    mark();
    choose(name);
  }

  function step(event, name) {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      if (chosen === name || event.key === "Enter") open(name);
      else pick(name);
      return;
    }
    if (event.key === "Escape") return pick(null);
    const node = nodes.get(name);
    const beside = () => [...nodes.values()].filter((other) => Math.abs(other.x - node.x) < 60).sort((a, b) => a.y - b.y);
    const near = (names) => names.map((each) => nodes.get(each)).sort((a, b) => Math.abs(a.y - node.y) - Math.abs(b.y - node.y))[0];
    let next = null;
    if (event.key === "ArrowRight") next = near(node.after);
    if (event.key === "ArrowLeft") next = near(node.before);
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const column = beside();
      next = column[column.indexOf(node) + (event.key === "ArrowDown" ? 1 : -1)];
    }
    if (!next) return;
    event.preventDefault();
    node.element.setAttribute("tabindex", -1);
    next.element.setAttribute("tabindex", 0);
    next.element.focus({ preventScroll: true });
    pick(next.name);
    reveal(next.name);
  }

  /** Everything upstream and downstream of a node, itself included. */
  function related(name) {
    const found = new Set([name]);
    for (const direction of ["before", "after"]) {
      const stack = [name];
      while (stack.length) {
        for (const next of nodes.get(stack.pop())[direction]) {
          if (!found.has(next) || direction === "after") {
            if (!found.has(next)) stack.push(next);
            found.add(next);
          }
        }
      }
    }
    return found;
  }

  function mark(hovered = null) {
    const focus = hovered ?? chosen;
    const lit = focus && nodes.has(focus) ? related(focus) : null;
    for (const node of nodes.values()) {
      node.element.classList.toggle("chosen", node.name === chosen);
      node.element.classList.toggle("dim", lit ? !lit.has(node.name) : dimmed(node.name));
    }
    for (const edge of edges) {
      const on = lit !== null && lit.has(edge.source) && lit.has(edge.reader);
      edge.element.classList.toggle("lit", on);
      edge.element.classList.toggle("dim", lit ? !on : dimmed(edge.source) || dimmed(edge.reader));
      edge.element.setAttribute("marker-end", on ? "url(#arrow-lit)" : "url(#arrow)");
    }
  }

  function drawTable(node, table) {
    const { health } = table;
    const age = table.data_timestamp ? seconds(ageOf(table.data_timestamp)) : "empty";
    const pending = table.pending_changes ? pendingText(table.pending_changes) : null;
    const failed = table.trend.at(-1)?.status === "FAILED";
    const action = failed ? "FAILED" : table.last_action;
    const state = [health, table.is_refreshing, age, pending, action, table.effective_mode].join("|");
    if (state === node.state) return;
    node.state = state;
    const [schema, own] = parts(table.name);
    const line = table.is_refreshing ? "refreshing" : health === "fresh" ? age : `${HEALTH[health][0]} · ${age}`;
    const did = action && line.length < 17 ? ACTIONS[action][1] : "";
    const full = table.effective_mode === "FULL" ? "full" : "";
    node.element.setAttribute("class", `node table ${health}${node.element.classList.contains("chosen") ? " chosen" : ""}`);
    const width = TABLE.width;
    replace(node.element,
      s("rect", { class: "card", width, height: TABLE.height, rx: 9 }),
      s("rect", { class: "stripe", x: 0.5, y: 10, width: 3, height: TABLE.height - 20, rx: 1.5 }),
      s("g", { class: "near" },
        fitted(schema, 16, 18, 10.5, TABLE.width - 50, "schema"), " ",
        fitted(own, 16, 34, 13, width - (full ? 58 : 28)), " ",
        s("circle", { class: table.is_refreshing ? "state busy" : "state", cx: 20, cy: 48, r: 4 }),
        s("text", { class: "line", x: 30, y: 51.5 }, line), " ",
        did ? s("text", { class: `act ${action.toLowerCase()}`, x: width - 12, y: 51.5, "text-anchor": "end" }, did) : null, " ",
        full ? s("text", { class: "mode", x: width - 12, y: 34, "text-anchor": "end" }, full) : null, " "),
      s("g", { class: "distant" }, fitted(own, 16, 39, 21, width - 28)), " ",
      pending ? badge(width - 10, pending) : null,
      spoken(`${health === "fresh" ? "Fresh" : ""} ${pending ? "pending changes" : ""}`));
  }

  function drawSource(node, source) {
    const pending = source.pending_changes ? pendingText(source.pending_changes) : null;
    const state = [source.exists, source.problem, pending, source.rows].join("|");
    if (state === node.state) return;
    node.state = state;
    const trouble = !source.exists || source.problem;
    const [schema, own] = parts(source.name);
    node.element.setAttribute("class", `node source${trouble ? " trouble" : ""}${node.element.classList.contains("chosen") ? " chosen" : ""}`);
    replace(node.element,
      s("rect", { class: "card", width: SOURCE.width, height: SOURCE.height, rx: 20 }),
      s("g", { class: "near" },
        s("path", { class: "cylinder", transform: "translate(14 12)", d: "M0 3c0-1.7 3-3 7-3s7 1.3 7 3-3 3-7 3-7-1.3-7-3zM0 3v10c0 1.7 3 3 7 3s7-1.3 7-3V3" }),
        fitted(schema, 38, 16, 10.5, SOURCE.width - 52, "schema"), " ",
        fitted(own, 38, 30, 12, SOURCE.width - 52)), " ",
      s("g", { class: "distant" }, fitted(own, 14, 27, 19, SOURCE.width - 28)), " ",
      pending ? badge(SOURCE.width - 14, pending) : null,
      spoken(`${pending ? "pending changes," : ""} source ${trouble ? source.problem ?? "is gone" : ""}`));
  }

  function badge(right, text) {
    const width = 10 + text.length * 6.6;
    return s("g", { class: "badge", transform: `translate(${right - width} -8)` },
      s("rect", { width, height: 17, rx: 8.5 }), s("text", { x: width / 2, y: 12.2, "text-anchor": "middle" }, text));
  }

  function place(transform, time) {
    if (time && !matchMedia("(prefers-reduced-motion: reduce)").matches) view.transition().duration(time).call(behaviour.transform, transform);
    else view.call(behaviour.transform, transform);
  }

  function fit(time = SMOOTH) {
    const { clientWidth: width, clientHeight: height } = canvas;
    if (!width || !height) return;
    // The search field lies over the top.
    const free = height - TOP;
    const scale = Math.min(1.15, (width - 24) / size.width, free / size.height);
    // What does not fit is begun at a size that can be read, from its left end, rather than as dust.
    const readable = time === 0 ? Math.max(scale, width < 600 ? 0.62 : 0.28) : scale;
    const x = size.width * readable <= width ? (width - size.width * readable) / 2 : 12;
    place(zoomIdentity.translate(x, TOP + (free - size.height * readable) / 2).scale(readable), time);
  }

  function reveal(name, scale = null) {
    const node = nodes.get(name);
    if (!node) return;
    const current = canvas.__zoom?.k ?? 1;
    const next = scale ?? Math.max(current, 0.7);
    place(zoomIdentity.translate(canvas.clientWidth / 2 - node.x * next, canvas.clientHeight / 2 - node.y * next).scale(next), SMOOTH);
  }

  return {
    canvas, update, fit, reveal,
    has: (name) => nodes.has(name),
    select(name) {
      chosen = name;
      mark();
    },
    dim(predicate) {
      dimmed = predicate;
      mark();
    },
    zoomBy(factor) {
      touched = true;
      view.transition().duration(180).call(behaviour.scaleBy, factor);
    },
  };
}

const marker = (id, kind) =>
  s("marker", { id, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" },
    s("path", { class: kind, d: "M0 0.8L7 4L0 7.2z" }));

const cut = (id, { width, height }) => s("clipPath", { id }, s("rect", { width: width - 12, height }));

/** A line that leaves to the right and arrives from the left; other columns it passes straight, where `points` say. */
function curve(source, points, reader, columns) {
  let from = { x: source.x + source.width / 2, y: source.y };
  const last = { x: reader.x - reader.width / 2, y: reader.y };
  let path = `M${from.x} ${from.y}`;
  const half = TABLE.width / 2 + 4;
  const passed = points
    .filter((each) => each.x - half > from.x && each.x + half < last.x && columns.some((x) => Math.abs(x - each.x) < RANKS / 2))
    .flatMap(({ x, y }) => [{ x: x - half, y }, { x: x + half, y }]);
  for (const to of [...passed, last]) {
    const middle = (from.x + to.x) / 2;
    path += `C${middle} ${from.y} ${middle} ${to.y} ${to.x} ${to.y}`;
    from = to;
  }
  return path;
}

/** What a node is called is what can be read on it; this part is for screen readers alone. */
const spoken = (text) => s("text", { class: "spoken", y: 20 }, text);

/** A name in a size that fits; one that would become too small is cut off by the edge, and stays whole for readers. */
function fitted(text, x, y, size, width, kind = "own") {
  const wanted = Math.min(size, width / (text.length * 0.58));
  const least = size * 0.72;
  const element = s("text", { class: kind, x, y, "font-size": Math.max(wanted, least).toFixed(1) }, text);
  if (wanted < least) element.setAttribute("clip-path", width > SOURCE.width ? "url(#cut-table)" : "url(#cut-source)");
  return element;
}
