// Comfort only: chooses the reader's language, remembers another choice, and where the page is published, which it is
// with the preview beside it, leads there. The page works without it.
(function () {
  "use strict";
  var radios = { zh: document.getElementById("in-zh"), en: document.getElementById("in-en") };
  var stored = null;
  try { stored = localStorage.getItem("deckgen-page-language"); } catch (error) { /* the browser may forbid it */ }
  var wanted = stored || (/^zh/i.test(navigator.language || "zh") ? "zh" : "en");
  function choose(language) {
    radios[language].checked = true;
    document.documentElement.lang = language;
  }
  document.getElementById("preview").hidden = location.protocol !== "https:";
  choose(radios[wanted] ? wanted : "zh");
  Object.keys(radios).forEach(function (language) {
    radios[language].addEventListener("change", function () {
      choose(language);
      try { localStorage.setItem("deckgen-page-language", language); } catch (error) { /* as above */ }
    });
  });
})();
