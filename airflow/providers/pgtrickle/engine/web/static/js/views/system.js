// The installation: what is wrong and what to do, change buffers, runs, the server.
import * as api from "../api.js";
import { h, replace } from "../dom.js";
import { bytes, milliseconds, number, plural, runTitle, seconds, short } from "../format.js";
import { airflowUrl, followOutside } from "../host.js";
import { icon, nameOf, pendingText, skeleton, stat } from "../parts.js";
import { since } from "../ticker.js";
import { grid, meter } from "./table.js";

const PICTURES = { error: "alert", warning: "alert", advice: "bulb", ok: "check" };
const TITLES = { error: "Errors", warning: "Warnings", advice: "Advice", ok: "Well" };

export function systemView(root, page) {
  let shown = "";
  replace(root, h("div", { class: "system-view" }, h("h1", {}, "System"), skeleton()));

  const subject = (check, tables) =>
    check.subject && tables.has(check.subject) ? h("a", { href: page.href("table", check.subject) }, check.subject) : check.subject ? h("span", { class: "mono" }, check.subject) : null;

  function checkList(checks, tables) {
    return h("ul", { class: "checks" }, checks.map((check) =>
      h("li", { class: `check ${check.level}` }, icon(PICTURES[check.level], 18),
        h("div", {}, h("p", { class: "what" }, h("span", { class: "sr-only" }, `${TITLES[check.level]}: `), h("strong", {}, check.title), check.subject ? [" ", subject(check, tables)] : null),
          h("p", {}, check.detail), check.remedy ? h("p", { class: "remedy" }, check.remedy) : null))));
  }

  function show(data) {
    const state = JSON.stringify({ ...data, server: { ...data.server, oldest_transaction: null } });
    if (state === shown) return;
    shown = state;
    const tables = new Set(data.buffers.filter((each) => each.upstream).map((each) => each.source).concat(data.checks.map((each) => each.subject)).filter((each) => each));
    const counts = (level) => data.checks.filter((check) => check.level === level).length;
    const total = data.buffers.reduce((sum, buffer) => sum + buffer.bytes, 0);
    const largest = Math.max(1, ...data.buffers.map((buffer) => buffer.bytes));
    const { server } = data;
    const top = document.scrollingElement.scrollTop;
    replace(root, h("div", { class: "system-view" },
      h("h1", {}, "System"),
      h("dl", { class: "stats" },
        stat("Health", counts("error") ? plural(counts("error"), "error") : counts("warning") ? plural(counts("warning"), "warning") : "all well", counts("advice") ? `${plural(counts("advice"), "piece", "pieces")} of advice` : null, counts("error") ? "bad" : counts("warning") ? "warn" : "good"),
        stat("Change buffers", bytes(total), plural(data.buffers.length, "source")),
        stat("Database", bytes(server.database_bytes), `PostgreSQL ${server.version.split(" ")[0]}`),
        stat("Connections", `${server.connections} / ${server.max_connections}`, ["server up ", since(server.started_at)]),
        stat("Longest transaction", server.oldest_transaction === null ? "none" : seconds(server.oldest_transaction), server.oldest_prepared === null ? "none prepared" : `prepared: ${seconds(server.oldest_prepared)}`),
        stat("History", short(server.history_rows), "refreshes kept")),
      part("Checks", checkList(data.checks, tables)),
      part("Change buffers", data.buffers.length ? grid("Change buffers", ["Source", "Size", "Share of the largest", "Rows", "Pending", "Readers", "Held by"], data.buffers.map((buffer) => [
        h("span", {}, icon(buffer.upstream ? "table" : "database", 14), buffer.upstream ? h("a", { href: page.href("table", buffer.source) }, nameOf(buffer.source)) : nameOf(buffer.source), buffer.problem ? h("span", { class: "warn", title: buffer.problem }, " gap") : null),
        bytes(buffer.bytes), meter(buffer.bytes / largest, `${bytes(buffer.bytes)} of ${bytes(largest)}`), `≈ ${short(buffer.rows)}`, pendingText(buffer.pending_changes), number(buffer.readers),
        buffer.held_by ? h("a", { href: page.href("table", buffer.held_by) }, nameOf(buffer.held_by)) : "–",
      ]), [1, 3, 4, 5]) : h("p", { class: "muted" }, "There is none yet.")),
      part("Runs", data.runs.length ? grid("Runs", ["Run", "Opened", "Refreshes", "Rows changed", "Work", "Took"], data.runs.map((run) => {
        const title = runTitle(run.run_id);
        const took = run.ended_at ? new Date(run.ended_at) - new Date(run.opened_at) : null;
        return [
          title.dag && page.inAirflow ? h("a", { href: airflowUrl({ dag: title.dag, run: title.run }), onclick: followOutside, target: "_top" }, title.text) : h("span", { class: "wrap" }, title.text),
          since(run.opened_at, " ago"),
          h("span", {}, `${run.completed} of ${run.members}`, run.failed ? h("span", { class: "errors" }, plural(run.failed, "failure")) : null),
          short(run.rows_changed), milliseconds(run.busy_ms), milliseconds(took),
        ];
      }), [3, 4, 5]) : h("p", { class: "muted" }, "No run has been opened.")),
      data.slots.length ? part("Replication slots", grid("Replication slots", ["Slot", "Plugin", "Active", "Retained log"], data.slots.map((slot) => [slot.name, slot.plugin ?? "–", slot.active ? "yes" : "no", bytes(slot.retained_bytes)]), [3])) : null,
      part("Settings", h("dl", { class: "facts wide" }, Object.entries(data.settings).map(([key, value]) => [h("dt", {}, key.replaceAll("_", " ")), h("dd", { class: "mono" }, String(value))])))));
    document.scrollingElement.scrollTop = top;
  }

  return { load: (signal) => api.system(page.connection, signal), show };
}

const part = (title, ...content) => h("section", { class: "section" }, h("h2", {}, title), content);
