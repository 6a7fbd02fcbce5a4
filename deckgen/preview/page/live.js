// Only while `deckgen preview --serve` runs: loads the page anew after a change, or says why there is no new one.
(function () {
  "use strict";
  let seen = null;
  const events = new EventSource("/deckgen-events");
  events.addEventListener("version", (event) => {
    if (seen !== null && event.data !== seen) {
      if (window.deckgenPreview) { window.deckgenPreview.keep(); }
      location.reload();
    }
    seen = event.data;
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
