// The server's answers, and its refusals as errors that say what to do.
const ROOT = new URL("api/", document.baseURI.split("#")[0]);

export class Refusal extends Error {
  constructor(status, facts) {
    super(facts.message ?? (typeof facts.detail === "string" ? facts.detail : "The server refused."));
    this.status = status;
    this.code = facts.code ?? null;
    this.hint = facts.hint ?? null;
    this.sqlstate = facts.sqlstate ?? null;
  }
}

async function answer(path, options = {}) {
  let response;
  try {
    response = await fetch(new URL(path, ROOT), { credentials: "same-origin", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal(0, { message: "The server does not answer.", hint: "It is asked again by itself." });
  }
  if (response.ok) return response.json();
  let facts = {};
  try {
    facts = await response.json();
  } catch {
    facts = { message: `The server answered ${response.status} ${response.statusText}.` };
  }
  if (response.status === 401) facts.hint ??= "Log in again, then reload the page.";
  throw new Refusal(response.status, facts);
}

const of = (connection) => encodeURIComponent(connection);

export const session = () => answer("session");

/** An overview that was asked for before it was known who is asking, so that the first view need not wait twice. */
let ahead = null;
export function askAhead(connection) {
  const promise = answer(`${of(connection)}/overview`);
  promise.catch(() => {});
  ahead = { connection, promise };
}

export function overview(connection, signal) {
  const asked = ahead;
  ahead = null;
  return asked?.connection === connection ? asked.promise : answer(`${of(connection)}/overview`, { signal });
}

export const table = (connection, name, signal) =>
  answer(`${of(connection)}/table?name=${encodeURIComponent(name)}`, { signal });
export const explain = (connection, name) =>
  answer(`${of(connection)}/explain?name=${encodeURIComponent(name)}`);
export const system = (connection, signal) => answer(`${of(connection)}/system`, { signal });
export const tasks = (query) => answer(`tasks?${new URLSearchParams(query)}`);

export const act = (connection, action, streamTable, full = false) =>
  answer(`${of(connection)}/actions`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-PgTrickle-Action": action },
    body: JSON.stringify({ action, stream_table: streamTable, full }),
  });
