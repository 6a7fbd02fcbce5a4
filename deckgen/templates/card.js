// Comfort only: the card is whole without it. Everything hangs on the card's own element, because desktop Anki keeps
// the page from card to card; plain ES5 for old WebViews; no two closing or opening braces may touch (Anki's fields).
(function () {
  "use strict";
  var cards = document.querySelectorAll(".dg-card");
  var card = cards[cards.length - 1];
  if (!card || card.dgReady) { return; }
  card.dgReady = true;

  function each(selector, action) { Array.prototype.forEach.call(card.querySelectorAll(selector), action); }

  // --- which languages are open: from front to back and from card to card
  function stores() {
    var found = [];
    ["sessionStorage", "localStorage"].forEach(function (name) {
      try { if (window[name]) { found.push(window[name]); } } catch (error) { /* an app may forbid it */ }
    });
    return found;
  }
  function remember(language, open) {
    stores().forEach(function (store) {
      try { store.setItem("deckgen-open-" + language, open ? "1" : "0"); } catch (error) { /* full or forbidden */ }
    });
  }
  function remembered(language) {
    return stores().reduce(function (known, store) { return known || store.getItem("deckgen-open-" + language); }, null) === "1";
  }

  // --- the answer's toggle floats within reach and leads back
  var page = document.scrollingElement || document.documentElement;
  var floating = card.querySelectorAll(".dg-answer > .dg-lang");
  if (floating.length === 1) { floating[0].classList.add("dg-float"); }
  each(".dg-lang", function (block) {
    block.open = remembered(block.getAttribute("data-lang"));
    block.firstElementChild.addEventListener("click", function (event) {
      var opening = !block.open;
      var before = page.scrollTop;
      remember(block.getAttribute("data-lang"), opening);
      if (event.detail) { block.firstElementChild.blur(); }
      setTimeout(function () {
        if (opening && block.getBoundingClientRect().top > window.innerHeight * 0.6) {
          block.dgReturn = before;
          block.scrollIntoView();
        } else if (!opening && block.dgReturn !== undefined) {
          page.scrollTop = block.dgReturn;
          block.dgReturn = undefined;
        }
        measure();
      }, 0);
    });
  });

  // --- what scrolls sideways can be reached by keyboard; a formula wider than the line scrolls in itself
  function measure() {
    each(".dg-math-inline", function (formula) {
      formula.classList.remove("dg-wide");
      var wide = formula.getBoundingClientRect().width > formula.parentNode.getBoundingClientRect().width + 1;
      if (wide) { formula.classList.add("dg-wide"); }
    });
    each(".dg-scroll, pre, .dg-math-display, .dg-wide", function (box) {
      if (box.scrollWidth > box.clientWidth + 1) { box.tabIndex = 0; } else { box.removeAttribute("tabindex"); }
    });
    each(".dg-text img", offer);
  }
  if (window.ResizeObserver) { new ResizeObserver(measure).observe(card); }
  measure();

  // --- pictures enlarge
  function offer(image) {
    if (image.closest("a") || !image.clientWidth || image.clientWidth < 100 || image.dgOffered) { return; }
    image.dgOffered = true;
    image.classList.add("tappable");
    image.tabIndex = 0;
    image.setAttribute("role", "button");
    image.setAttribute("aria-label", [card.getAttribute("data-enlarge"), image.alt].filter(Boolean).join(": "));
    image.addEventListener("click", function (event) { event.preventDefault(); enlarge(image, event); });
    image.addEventListener("keydown", function (event) {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); enlarge(image, null); }
    });
  }
  each("img", function (image) { image.addEventListener("load", measure); });

  function enlarge(image, event) {
    var frame = image.getBoundingClientRect();
    var view = window.innerWidth;
    var natural = image.naturalWidth || frame.width;
    var width = view < 700 ? Math.max(view, Math.min(natural * 1.5, view * 2.5)) : Math.max(frame.width, Math.min(natural, view * 2));
    var zoom = document.createElement("div");
    var picture = document.createElement("img");
    var button = document.createElement("button");
    zoom.className = "dg-zoom tappable";
    zoom.setAttribute("role", "dialog");
    zoom.setAttribute("aria-modal", "true");
    zoom.setAttribute("aria-label", image.alt || card.getAttribute("data-enlarge"));
    picture.src = image.src;
    picture.alt = image.alt;
    picture.style.width = width + "px";
    button.className = "dg-zoom-close tappable";
    button.type = "button";
    button.textContent = "\u00d7";
    button.setAttribute("aria-label", card.getAttribute("data-close"));
    zoom.appendChild(picture);
    zoom.appendChild(button);
    function close() { zoom.remove(); image.focus({ preventScroll: true }); image.blur(); }
    zoom.addEventListener("click", function (tap) { tap.preventDefault(); tap.stopPropagation(); close(); });
    zoom.addEventListener("keydown", function (stroke) {
      if (stroke.key === "Tab") { stroke.preventDefault(); }
      if (stroke.key === "Escape") { stroke.stopPropagation(); close(); }
    });
    card.appendChild(zoom);
    button.focus();
    // What was tapped comes to the middle.
    var scale = width / frame.width;
    zoom.scrollLeft = (event ? event.clientX - frame.left : frame.width / 2) * scale - view / 2;
    zoom.scrollTop = event ? (event.clientY - frame.top) * scale - window.innerHeight / 2 : 0;
  }
})();
