// The page around this one: Airflow shows the page in a frame, which may not navigate it by itself.

/** Whether the page is shown inside another one of the same origin. */
export function framed() {
  try {
    return window.parent !== window && Boolean(window.parent.document);
  } catch {
    return false;
  }
}

const root = () => new URL("../", document.baseURI.split("#")[0].split("?")[0]).pathname.replace(/\/$/, "");

/** Airflow's own pages of a DAG, a run and a task. */
export function airflowUrl({ dag, run = null, task = null }) {
  let path = `${root()}/dags/${encodeURIComponent(dag)}`;
  if (run) path += `/runs/${encodeURIComponent(run)}`;
  if (task) path += `/tasks/${encodeURIComponent(task)}`;
  return path;
}

/**
 * Follow a link of Airflow's. In the frame the click is made by a link of the surrounding document, whose router then
 * goes there without loading everything anew.
 */
export function followOutside(event) {
  if (!framed() || event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  const outer = window.parent.document;
  const link = outer.createElement("a");
  link.href = event.currentTarget.getAttribute("href");
  link.hidden = true;
  outer.body.append(link);
  link.click();
  link.remove();
}
