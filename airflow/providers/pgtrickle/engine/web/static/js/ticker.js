// Ages that grow while one looks: elements with data-since (a moment) or data-age (seconds at data-read).
import { seconds } from "./format.js";
import { h } from "./dom.js";

let skew = 0;

/** Learn how the server's clock stands against this one's, from a moment that it has just written. */
export const setClock = (text) => {
  skew = Date.now() - new Date(text).getTime();
};

export const ageOf = (text) => Math.max(0, (Date.now() - skew - new Date(text).getTime()) / 1000);

/** How long ago a moment was, kept true. */
export const since = (text, suffix = "") =>
  text
    ? h("time", { datetime: text, dataset: { since: text, suffix }, title: new Date(text).toLocaleString() }, `${seconds(ageOf(text))}${suffix}`)
    : h("span", { class: "muted" }, "never");

function tick() {
  for (const element of document.querySelectorAll("time[data-since]")) {
    const text = `${seconds(ageOf(element.dataset.since))}${element.dataset.suffix}`;
    if (element.textContent !== text) element.textContent = text;
  }
}

export const startTicker = () => setInterval(tick, 1000);
