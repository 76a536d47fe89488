// What is shown is read again while somebody looks at it.
const PERIOD = 5000;

/**
 * Read by `load(signal)`, hand over to `show(data)` and again every five seconds while the page is visible; failures go
 * to `fail(error)`. Gives {stop, now}.
 */
export function follow(load, show, fail, period = PERIOD) {
  let timer = null;
  let request = null;
  let stopped = false;

  async function look() {
    clearTimeout(timer);
    request?.abort();
    const mine = new AbortController();
    request = mine;
    try {
      const data = await load(mine.signal);
      if (!stopped && request === mine) show(data);
    } catch (error) {
      if (!stopped && request === mine && error.name !== "AbortError") fail(error);
    }
    if (!stopped && request === mine && !document.hidden) timer = setTimeout(look, period);
  }

  const visible = () => {
    if (!document.hidden) look();
    else clearTimeout(timer);
  };
  document.addEventListener("visibilitychange", visible);
  const first = look();
  return {
    first,
    now: look,
    stop() {
      stopped = true;
      clearTimeout(timer);
      request?.abort();
      document.removeEventListener("visibilitychange", visible);
    },
  };
}
