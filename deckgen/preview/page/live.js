// Only while `deckgen preview --serve` runs: loads the page anew after a change, or says why there is no new one.
(function () {
  "use strict";
  const shown = document.currentScript.dataset.version;
  const events = new EventSource("/deckgen-events");
  events.addEventListener("version", (event) => {
    if (event.data !== shown) {
      if (window.deckgenPreview) { window.deckgenPreview.keep(); }
      location.reload();
    }
  });
  events.addEventListener("problem", (event) => {
    let banner = document.querySelector(".problem");
    const problem = JSON.parse(event.data);
    if (!problem) { if (banner) { banner.remove(); } return; }
    if (!banner) {
      banner = document.createElement("pre");
      banner.className = "problem";
      banner.setAttribute("role", "alert");
      document.body.prepend(banner);
    }
    banner.textContent = problem;
  });
})();
