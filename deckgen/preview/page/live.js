// Only while `deckgen preview --serve` runs: loads the page anew after a change, or says why there is no new one.
(function () {
  "use strict";
  const STOPPED = {
    zh: "预览服务已停止，页面不再更新。请重新运行 deckgen preview --serve。",
    en: "The preview's server has stopped; this page is no longer current. Run deckgen preview --serve again.",
  };
  const RETRY_MS = 2000;
  const shown = document.currentScript.dataset.version;
  let stopped = false;

  function say(problem) {
    let banner = document.querySelector(".problem");
    if (!problem) { if (banner) { banner.remove(); } return; }
    if (!banner) {
      banner = document.createElement("pre");
      banner.className = "problem";
      banner.setAttribute("role", "alert");
      document.body.prepend(banner);
    }
    banner.textContent = problem;
  }
  function listen() {
    const events = new EventSource("/deckgen-events");
    events.addEventListener("version", (event) => {
      if (event.data !== shown || stopped) {
        // Only when the page goes: until the new one answers, this one can still be used.
        if (window.deckgenPreview) { window.addEventListener("pagehide", window.deckgenPreview.keep); }
        location.reload();
      }
    });
    events.addEventListener("problem", (event) => { say(JSON.parse(event.data)); });
    events.addEventListener("error", () => {
      stopped = true;
      say(STOPPED[document.documentElement.lang] || STOPPED.en);
      if (events.readyState === EventSource.CLOSED) { setTimeout(listen, RETRY_MS); }
    });
  }
  listen();
})();
