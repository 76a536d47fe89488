// Asking before anything is done, and saying what came of it.
import { act } from "./api.js";
import { h, replace } from "./dom.js";
import { milliseconds, number } from "./format.js";
import { icon } from "./parts.js";

const WORDS = {
  refresh: {
    title: "Refresh", icon: "refresh",
    text: "Brings it to the present by following the changes of its sources. Readers see the old rows until it is done.",
    done: (answer) => `${answer.action === "NO_DATA" ? "Nothing had changed" : `${number(answer.rows_inserted)} rows inserted, ${number(answer.rows_deleted)} deleted`} in ${milliseconds(answer.duration_ms)}.`,
  },
  full: {
    title: "Refresh in full", icon: "full",
    text: "Recomputes the whole query and applies the difference. It costs as much as running the query.",
    done: (answer) => `Recomputed in ${milliseconds(answer.duration_ms)}: ${number(answer.rows_inserted)} rows inserted, ${number(answer.rows_deleted)} deleted.`,
  },
  verify: {
    title: "Verify", icon: "verify",
    text: "Runs the defining query and compares its rows with what is stored, as multisets. It changes nothing, and costs as much as running the query.",
    done: (answer) => answer.exact
      ? `Exact: all ${number(answer.rows)} rows are those of the query.`
      : `Not exact: ${number(answer.missing)} rows are missing, ${number(answer.unexpected)} are not in the query.`,
    bad: (answer) => !answer.exact,
  },
  suspend: {
    title: "Suspend", icon: "pause",
    text: "It is not refreshed until it is resumed, and tasks that try fail. Changes go on being captured, so the change buffers of its sources grow.",
    done: () => "Suspended.",
  },
  resume: {
    title: "Resume", icon: "play",
    text: "Allows refreshes again, and forgets the errors so far.",
    done: () => "Resumed.",
  },
};

/** Ask, do it, and tell. Calls `after` when something may have changed. */
export function askAndAct(connection, name, what, after) {
  const words = WORDS[what];
  const confirm = h("button", { class: "button primary", type: "submit" }, icon(words.icon), words.title);
  const cancel = h("button", { class: "button", type: "button", onclick: () => dialog.close() }, "Cancel");
  const outcome = h("div", { class: "outcome", "aria-live": "polite" });
  const form = h("form", { method: "dialog" },
    h("h2", { id: "dialog-title" }, `${words.title}?`),
    h("p", { class: "subject mono" }, name),
    h("p", {}, words.text),
    outcome,
    h("div", { class: "buttons" }, cancel, confirm));
  const dialog = h("dialog", { class: "dialog", "aria-labelledby": "dialog-title" }, form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    confirm.disabled = true;
    replace(confirm, h("span", { class: "dot spin", "aria-hidden": "true" }), "Working…");
    replace(outcome);
    try {
      const answer = await act(connection, what === "full" ? "refresh" : what, name, what === "full");
      dialog.close();
      toast(`${name}: ${words.done(answer)}`, words.bad?.(answer) ? "bad" : "good");
    } catch (error) {
      replace(outcome, h("p", { class: "what" }, error.message), error.hint ? h("p", { class: "remedy" }, error.hint) : null);
      confirm.disabled = false;
      replace(confirm, icon(words.icon), words.title);
    }
    after();
  });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

export function toast(text, tone = "good") {
  const item = h("div", { class: `toast ${tone}` }, icon(tone === "good" ? "check" : "alert"), h("span", {}, text));
  const close = h("button", { type: "button", class: "icon-button", "aria-label": "Dismiss", onclick: () => item.remove() }, icon("close", 14));
  item.append(close);
  document.getElementById("toasts").append(item);
  setTimeout(() => item.remove(), tone === "good" ? 7000 : 20_000);
}
