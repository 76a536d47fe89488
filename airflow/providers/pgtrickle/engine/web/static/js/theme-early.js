// Runs before the first paint, so that a dark page never flashes white. theme.js takes over from here.
(function () {
  var chosen = null;
  try {
    chosen = localStorage.getItem("pgtrickle-theme");
  } catch (error) {
    // Storage may be closed to frames; the system's preference then decides.
  }
  var dark = chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  try {
    if (window.parent !== window) dark = window.parent.document.documentElement.classList.contains("dark");
  } catch (error) {
    // A parent of another origin tells nothing.
  }
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
