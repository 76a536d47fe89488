// SQL with its syntax in colours, and operator trees as trees.
import { h, replace, script } from "./dom.js";
import { icon } from "./parts.js";

/** Beyond this length a text is shown as it is: formatting it would hold up the page. */
const FORMATTED = 60_000;
const COLOURED = 200_000;

async function highlighter() {
  const [core, pgsql] = await Promise.all([
    import("../vendor/highlight.mjs"),
    import("../vendor/highlight-pgsql.mjs"),
  ]);
  if (!core.default.getLanguage("pgsql")) core.default.registerLanguage("pgsql", pgsql.default);
  return core.default;
}

async function formatted(text) {
  await script("sql-formatter.js");
  try {
    return globalThis.sqlFormatter.format(text, { language: "postgresql", tabWidth: 2, keywordCase: "preserve" });
  } catch {
    return text;
  }
}

/** The highlighter escapes what it gives; its tree is walked anyway, so that nothing of it is ever parsed as HTML here. */
function coloured(hljs, text) {
  const result = hljs.highlight(text, { language: "pgsql", ignoreIllegals: true });
  const build = (node) =>
    typeof node === "string"
      ? node
      : h("span", node.scope ? { class: `hl-${node.scope.split(".")[0]}` } : {}, node.children.map(build));
  return result._emitter.rootNode.children.map(build);
}

const copyButton = (text) =>
  h("button", {
    class: "icon-button copy", type: "button", "aria-label": "Copy", title: "Copy",
    onclick: async (event) => {
      const button = event.currentTarget;
      await navigator.clipboard.writeText(text());
      replace(button, icon("check", 14));
      setTimeout(() => replace(button, icon("copy", 14)), 1500);
    },
  }, icon("copy", 14));

/** A block of SQL; `pretty` lays it out anew first. */
export function sqlBlock(text, label, { pretty = false } = {}) {
  let shown = text;
  const code = h("code", {}, text);
  const block = h("figure", { class: "code" },
    copyButton(() => shown),
    h("pre", { tabindex: 0, role: "region", "aria-label": label }, code));
  (async () => {
    if (pretty && text.length <= FORMATTED) shown = await formatted(text);
    if (shown.length <= COLOURED) replace(code, coloured(await highlighter(), shown));
    else replace(code, shown);
  })();
  return block;
}

const KINDS = {
  Scan: "source", Changes: "change", Join: "join", LeftJoin: "join", FullJoin: "join", SemiJoin: "join", AntiJoin: "join",
  Aggregate: "group", Distinct: "group", Window: "group", Filter: "row", Project: "row", UnionAll: "set", Negate: "set",
  Consolidate: "set", Restrict: "join", Apply: "row",
};

/** Lines indented by two spaces as nested lists; storage is named after the stream table that it belongs to. */
export function operatorTree(text, storages, label) {
  const readable = Object.entries(storages).reduce((all, [storage, name]) => all.replaceAll(`${storage} `, `${name} `), text);
  const root = h("ul", { class: "ops", "aria-label": label });
  const stack = [{ depth: -1, list: root }];
  for (const line of readable.split("\n").filter((each) => each.trim())) {
    const depth = (line.length - line.trimStart().length) / 2;
    while (stack.at(-1).depth >= depth) stack.pop();
    const parent = stack.at(-1);
    parent.list ??= parent.item.appendChild(h("ul"));
    const item = parent.list.appendChild(h("li", {}, operator(line.trim())));
    stack.push({ depth, item, list: null });
  }
  return h("figure", { class: "code tree" }, copyButton(() => readable), h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": label }, root));
}

function operator(line) {
  const [, mark, kind, rest] = /^(@\d+(?: = )?)?(\w*)(.*)$/s.exec(line);
  return h("span", { class: "op", title: line },
    mark ? h("span", { class: "mark" }, mark.replace(" = ", "")) : null,
    kind ? h("span", { class: `kind ${KINDS[kind] ?? ""}` }, kind) : null,
    h("span", { class: "detail" }, rest.trim()));
}
