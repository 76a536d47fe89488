// Elements are built, never parsed: whatever a table is named, it can only become text.
const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.setAttribute("class", value);
    else if (name === "dataset") Object.assign(element.dataset, value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  append(element, children);
  return element;
}

function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

/** An HTML element: h("a", {href: "#"}, "text", other). Attributes that are null or false are left out. */
export const h = (name, attributes = {}, ...children) =>
  fill(document.createElement(name), attributes, children);

/** The same for SVG. */
export const s = (name, attributes = {}, ...children) =>
  fill(document.createElementNS(SVG, name), attributes, children);

/** Put these children in the place of those that there are. */
export function replace(element, ...children) {
  element.replaceChildren();
  append(element, children);
  return element;
}

/** Load one of the libraries that are plain scripts, once. */
const scripts = new Map();
export function script(name) {
  if (!scripts.has(name)) {
    const loaded = new Promise((resolve, reject) => {
      const element = h("script", { src: new URL(`../vendor/${name}`, import.meta.url).href });
      element.addEventListener("load", resolve);
      element.addEventListener("error", () => reject(new Error(`${name} could not be loaded`)));
      document.head.append(element);
    });
    scripts.set(name, loaded);
  }
  return scripts.get(name);
}
