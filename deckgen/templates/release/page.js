// Comfort only: chooses the reader's language and remembers another choice; the page works without it.
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
  choose(radios[wanted] ? wanted : "zh");
  Object.keys(radios).forEach(function (language) {
    radios[language].addEventListener("change", function () {
      choose(language);
      try { localStorage.setItem("deckgen-page-language", language); } catch (error) { /* as above */ }
    });
  });
})();
