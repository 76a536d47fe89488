// Light and dark: what the reader chose, else what surrounds the page (Airflow in its frame, the system) has.
const KEY = "pgtrickle-theme";
const listeners = new Set();

function stored() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

/** The root element of the page around this one, when it is of the same origin. */
function surrounding() {
  try {
    return window.parent === window ? null : window.parent.document.documentElement;
  } catch {
    return null;
  }
}

function apply(theme) {
  if (document.documentElement.dataset.theme === theme) return;
  document.documentElement.dataset.theme = theme;
  for (const listener of listeners) listener(theme);
}

export const theme = () => document.documentElement.dataset.theme;

/** Call back whenever the theme changes; gives a function that ends it. */
export function onTheme(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function toggleTheme() {
  const next = theme() === "dark" ? "light" : "dark";
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // It then lasts as long as the page.
  }
  apply(next);
}

export function followTheme() {
  const outer = surrounding();
  if (outer) {
    const read = () => apply(outer.classList.contains("dark") ? "dark" : "light");
    new MutationObserver(read).observe(outer, { attributes: true, attributeFilter: ["class"] });
    read();
    return;
  }
  const system = matchMedia("(prefers-color-scheme: dark)");
  const read = () => apply(stored() ?? (system.matches ? "dark" : "light"));
  system.addEventListener("change", read);
  read();
}

/** Whether the theme is this page's to choose. */
export const ownsTheme = () => surrounding() === null;

/** The value of a custom property of the style sheet. */
export const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
