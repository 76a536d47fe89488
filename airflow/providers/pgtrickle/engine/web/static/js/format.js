// Numbers, sizes, durations and moments for people.
const whole = new Intl.NumberFormat("en-US");
const compact = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });
const moment = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

export const NONE = "–";

export const number = (value) => (value === null || value === undefined ? NONE : whole.format(value));

/** 1,234 stays exact, 12.3K from ten thousand on. */
export const short = (value) =>
  value === null || value === undefined ? NONE : value < 10_000 ? whole.format(value) : compact.format(value);

export function bytes(value) {
  if (value === null || value === undefined) return NONE;
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let size = value;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
}

/** Milliseconds: 0.8 ms, 43 ms, 1.2 s, 3 m 20 s. */
export function milliseconds(value) {
  if (value === null || value === undefined) return NONE;
  if (value < 10) return `${value.toFixed(1)} ms`;
  if (value < 1000) return `${Math.round(value)} ms`;
  if (value < 60_000) return `${(value / 1000).toFixed(value < 10_000 ? 1 : 0)} s`;
  return seconds(value / 1000);
}

/** Seconds in their two largest units: 8 s, 3 m 20 s, 2 h 5 m, 4 d 1 h. */
export function seconds(value) {
  if (value === null || value === undefined) return NONE;
  const units = [["d", 86_400], ["h", 3600], ["m", 60], ["s", 1]];
  let rest = Math.max(0, Math.round(value));
  if (rest === 0) return "0 s";
  const parts = [];
  for (const [unit, size] of units) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0 || parts.length > 0) parts.push([count, unit]);
    if (parts.length === 2) break;
  }
  return parts.filter(([count]) => count > 0).map(([count, unit]) => `${count} ${unit}`).join(" ");
}

export const at = (text) => (text ? moment.format(new Date(text)) : NONE);
export const plural = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

/** What the last part of a run id says: Airflow's DAG and run, when it comes from there. */
export function runTitle(runId) {
  if (!runId) return null;
  const parts = runId.split("/");
  if (parts.length === 3) return { dag: parts[0], run: parts[1], text: `${parts[0]} · ${parts[1]}` };
  return { dag: null, run: runId, text: runId };
}

/** A qualified name taken apart, at the dot outside of quotes: ["schema", "table"]. */
export function parts(name) {
  const match = /^((?:"(?:[^"]|"")*"|[^".]+))\.(.*)$/s.exec(name);
  return match ? [match[1], match[2]] : ["", name];
}

/** "[PGT-302] Message. Hint: what to do." taken apart. */
export function errorParts(text) {
  const match = /^\[(PGT-[\w]+)\] (.*?)(?: Hint: (.*))?$/s.exec(text ?? "");
  return match ? { code: match[1], message: match[2], hint: match[3] ?? null } : { code: null, message: text, hint: null };
}
