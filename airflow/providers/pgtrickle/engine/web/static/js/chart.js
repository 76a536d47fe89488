// The history of one stream table: how long each refresh took, how many rows it changed, which path it took.
import { h, script } from "./dom.js";
import { at, milliseconds, number, short } from "./format.js";
import { ACTIONS } from "./parts.js";
import { onTheme, token } from "./theme.js";

const COLOURS = { NO_DATA: "--idle", DIFFERENTIAL: "--delta", FULL: "--full", REINITIALIZE: "--rebuild", FAILED: "--failing" };

/** The top of an axis: the greatest value, unless it would flatten all the others. */
function ceiling(values) {
  const sorted = [...values].sort((one, other) => one - other);
  const common = sorted[Math.floor(0.9 * (sorted.length - 1))] ?? 0;
  return common ? Math.min(sorted.at(-1), 4 * common) : sorted.at(-1);
}

/** Two small charts over one time axis. Gives {element, update, destroy}. */
export function historyChart() {
  const tip = h("div", { class: "chart-tip", hidden: true });
  const place = h("div", { class: "chart", role: "img", "aria-label": "Durations and changed rows of the latest refreshes; the history tab has the numbers" });
  const legend = h("ul", { class: "legend" },
    ["DIFFERENTIAL", "FULL", "REINITIALIZE", "NO_DATA", "FAILED"].map((action) =>
      h("li", { class: `action ${action.toLowerCase()}` }, h("span", { class: "swatch" }), ACTIONS[action][1])));
  const element = h("figure", { class: "history-chart" }, legend, place, tip);
  let plots = [];
  let rows = [];

  const outcome = (row) => (row.status === "FAILED" ? "FAILED" : row.action);

  function bars(value) {
    return (plot) => {
      const { ctx, bbox } = plot;
      const floor = bbox.top + bbox.height;
      const width = Math.max(2, Math.min(14 * devicePixelRatio, (bbox.width / Math.max(rows.length, 12)) * 0.7));
      ctx.save();
      for (const [index, row] of rows.entries()) {
        const x = plot.valToPos(plot.data[0][index], "x", true);
        const y = plot.valToPos(value(row), "y", true);
        ctx.fillStyle = token(COLOURS[outcome(row)]);
        const height = Math.min(bbox.height, Math.max(2 * devicePixelRatio, floor - y));
        ctx.beginPath();
        ctx.roundRect(x - width / 2, floor - height, width, height, [2 * devicePixelRatio, 2 * devicePixelRatio, 0, 0]);
        ctx.fill();
        if (y < bbox.top) {
          // It goes on beyond the top: a gap says so, the tip has the number.
          ctx.fillStyle = token("--surface");
          ctx.fillRect(x - width, bbox.top + 9 * devicePixelRatio, 2 * width, 2.5 * devicePixelRatio);
        }
      }
      ctx.restore();
    };
  }

  function axes(unit, label, last) {
    const stroke = token("--muted");
    const grid = { stroke: token("--line"), width: 1 };
    const font = "11px Inter, sans-serif";
    return [
      {
        stroke, font, grid: { show: false }, ticks: { show: false }, show: last, size: 26,
        values: (_, splits) => splits.map((each) => times[Math.round(each)] ?? ""),
        splits: () => marks,
      },
      { stroke, font, grid, ticks: { show: false }, size: 62, label, labelFont: font, labelSize: 18, labelGap: 0, values: (_, splits) => splits.map((each) => (each === 0 ? "0" : unit(each))) },
    ];
  }
  let times = [];
  let marks = [];

  function hover(plot) {
    const index = plot.cursor.idx;
    if (index === null || index === undefined || !rows[index]) {
      tip.hidden = true;
      return;
    }
    const row = rows[index];
    tip.replaceChildren(
      h("strong", {}, ACTIONS[outcome(row)][1]), h("span", {}, at(row.started_at)),
      h("span", {}, `${milliseconds(row.duration_ms)} · ${row.rows_inserted === null ? "no rows" : `+${number(row.rows_inserted)} −${number(row.rows_deleted)}`}`),
      h("span", { class: "muted" }, row.reason ?? row.error_message ?? ""));
    tip.hidden = false;
    const x = plot.valToPos(index, "x") + plot.over.offsetLeft;
    const right = x > element.clientWidth / 2;
    tip.style.left = right ? "auto" : `${x + 12}px`;
    tip.style.right = right ? `${element.clientWidth - x + 12}px` : "auto";
  }

  function draw() {
    for (const plot of plots) plot.destroy();
    const width = place.clientWidth;
    if (!width || rows.length === 0) return;
    const xs = rows.map((_, index) => index);
    const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
    const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
    const span = new Date(rows.at(-1).started_at) - new Date(rows[0].started_at);
    times = rows.map((row) => (span > 2 * 86_400_000 ? day : clock).format(new Date(row.started_at)));
    const every = Math.max(1, Math.ceil(rows.length / Math.max(2, Math.floor(width / 90))));
    marks = xs.filter((index) => index % every === 0);
    const sync = { key: "history" };
    const common = (height, value, unit, label, last) => ({
      width, height, legend: { show: false }, padding: [10, 12, last ? 0 : 8, 0],
      cursor: { sync, y: false, points: { show: false }, drag: { x: false, y: false } },
      scales: {
        x: { time: false, range: () => [-0.8, Math.max(rows.length - 0.2, 11)] },
        y: { range: () => [0, ceiling(rows.map(value)) * 1.12 || 1] },
      },
      axes: axes(unit, label, last),
      series: [{}, { paths: () => null, points: { show: false } }],
      hooks: { draw: [bars(value)], setCursor: [hover] },
    });
    const duration = (row) => row.duration_ms ?? 0;
    const changed = (row) => (row.rows_inserted ?? 0) + (row.rows_deleted ?? 0);
    plots = [
      new globalThis.uPlot(common(150, duration, milliseconds, "duration", false), [xs, rows.map(duration)], place),
      new globalThis.uPlot(common(120, changed, short, "rows changed", true), [xs, rows.map(changed)], place),
    ];
  }

  const sized = new ResizeObserver(() => {
    if (plots.length && plots[0].width !== place.clientWidth) draw();
  });
  sized.observe(place);
  place.addEventListener("mouseleave", () => (tip.hidden = true));
  const forget = onTheme(draw);
  let last = "";
  return {
    element,
    async update(history) {
      const state = JSON.stringify(history.map((row) => row.id));
      if (state === last) return;
      last = state;
      rows = history.filter((row) => row.status !== "RUNNING").slice(0, 80).reverse();
      await script("uplot.js");
      if (element.isConnected) draw();
      else requestAnimationFrame(draw);
    },
    destroy() {
      sized.disconnect();
      forget();
      for (const plot of plots) plot.destroy();
    },
  };
}
