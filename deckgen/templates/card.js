// Comfort only: the card is whole without it. Everything hangs on the card's own element, because desktop Anki keeps
// the page from card to card; plain ES5 for old WebViews; no two closing or opening braces may touch (Anki's fields).
(function () {
  "use strict";
  var cards = document.querySelectorAll(".dg-card");
  var card = cards[cards.length - 1];
  if (!card || card.dgReady) { return; }
  card.dgReady = true;

  var page = document.scrollingElement || document.documentElement;
  var answer = card.querySelector(".dg-answer");
  var text = card.querySelector(".dg-answer > .dg-text");
  var others = card.querySelectorAll(".dg-answer > .dg-lang");
  var other = others.length === 1 ? others[0] : null;

  function list(found) { return Array.prototype.slice.call(found); }
  function each(selector, action) { list(card.querySelectorAll(selector)).forEach(action); }
  function word(name) { return card.getAttribute("data-" + name) || ""; }
  function top(element) { return element.getBoundingClientRect().top; }
  function make(tag, name, content) {
    var made = document.createElement(tag);
    made.className = name;
    made.textContent = content || "";
    return made;
  }

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
  each(".dg-lang", function (block) {
    block.open = remembered(block.getAttribute("data-lang"));
    block.firstElementChild.addEventListener("click", function (event) {
      remember(block.getAttribute("data-lang"), !block.open);
      if (event.detail) { block.firstElementChild.blur(); }
      setTimeout(measure, 0);
    });
  });

  // --- lines: a mark stays with its formula; a long cell keeps some width; what is too wide scrolls in itself
  each(".dg-math-inline, .dg-text code", function (inline) {
    var next = inline.nextSibling;
    var found = next && next.nodeType === 3 && /^(\s*[，。、；：？！）】》」』”…]+|[,.;:?!)\]]+)/.exec(next.data);
    if (!found) { return; }
    next.data = next.data.slice(found[0].length);
    var mark = document.createTextNode(found[0].trim());
    inline.parentNode.insertBefore(mark, next);
    if (inline.tagName === "CODE") { return; }
    var bound = make("span", "dg-bind");
    inline.parentNode.insertBefore(bound, inline);
    bound.appendChild(inline);
    bound.appendChild(mark);
  });
  // A space after a full-width mark, which has its own, is one too many.
  each(".dg-text:lang(zh), .dg-text:lang(ja)", function (part) {
    var walker = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
    var before = "";
    while (walker.nextNode()) {
      var node = walker.currentNode;
      var close = node.data.replace(/([，。、；：？！）】》」』]) +(?=\S)/g, "$1");
      if (/[，。、；：？！）】》」』]$/.test(before)) { close = close.replace(/^ +(?=\S)/, ""); }
      before = node.data;
      if (close !== before && !node.parentNode.closest("pre, code, .dg-math")) { node.data = close; }
    }
  });
  // A title's lines end between words, where the browser knows those of Chinese and Japanese: word joiners hold what is one.
  function words(title, change) {
    var walker = document.createTreeWalker(title, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      if (!walker.currentNode.parentNode.closest(".dg-given, code, .dg-math")) { walker.currentNode.data = change(walker.currentNode.data); }
    }
  }
  function keepWords(title, language, ending) {
    var segmenter = new Intl.Segmenter(language, { granularity: "word" });
    words(title, function (said) {
      return Array.from(segmenter.segment(said), function (part) {
        return part.segment.length < 9 && /^[\u3040-\u30ff\u3400-\u9fff]+$/.test(part.segment) ? part.segment.split("").join("\u2060") : part.segment;
      }).join("").replace(ending, "$1\u2060");
    });
    title.classList.add("dg-words");
  }
  if (window.Intl && Intl.Segmenter) {
    each(".dg-question:lang(zh)", function (title) { keepWords(title, "zh", /([\u3400-\u9fff])(?=[的了吗嗎呢吧器化性]|(?:什么|什麼)(?:[？?]|$))/g); });
    if (!(window.CSS && CSS.supports("word-break", "auto-phrase"))) {
      each(".dg-question:lang(ja)", function (title) { keepWords(title, "ja", /([\u30a0-\u30ff\u3400-\u9fff](?=[\u3041-\u309f])|[\u3041-\u309f](?=か？?$))/g); });
    }
  }
  each(".dg-question", function (title) {
    words(title, function (said) {
      return said.replace(/(\w)-(?=\w)/g, "$1\u2060-\u2060").replace(/(\w) (?=[A-Z]{2,4}(?![\w-]))/g, "$1\u00a0");
    });
  });
  each("td, th", function (cell) { if (cell.textContent.trim().length > 12) { cell.classList.add("dg-long"); } });
  function fit(formula) {
    var line = formula.parentNode.closest("p, li, dt, dd, td, th, figcaption, button, h1, h2, h3, h4, h5, h6, .dg-text, .dg-question, .dg-card");
    formula.classList.remove("dg-wide");
    var wide = formula.getBoundingClientRect().width > line.getBoundingClientRect().width + 1;
    if (wide) { formula.classList.add("dg-wide"); }
    if (formula.parentNode.className.indexOf("dg-bind") === 0) { formula.parentNode.className = wide ? "dg-bind dg-loose" : "dg-bind"; }
  }

  // --- a map of a long answer: its headings, else the bold lines that stand for them
  function headings() {
    var inside = list(text.children);
    for (var level = 1; level < 7; level += 1) {
      var found = inside.filter(function (child) { return child.tagName === "H" + level; });
      if (found.length > 2) { return found; }
    }
    return inside.filter(function (child) {
      var bold = child.tagName === "P" && child.firstElementChild;
      return bold && /^(STRONG|B)$/.test(bold.tagName) && bold.textContent.trim() === child.textContent.trim().replace(/[:：]$/, "");
    });
  }
  function outline() {
    var parts = headings();
    if (parts.length < 3 || text.offsetHeight < 2 * window.innerHeight || page.scrollTop > window.innerHeight) { return; }
    var box = make("details", "dg-outline");
    var points = document.createElement("ol");
    box.lang = text.lang;
    box.appendChild(make("summary", "tappable", word("outline").replace("{count}", parts.length)));
    box.appendChild(points);
    box.open = parts.length < 13;
    parts.forEach(function (part) {
      var point = make("button", "tappable");
      var copy = part.cloneNode(true);
      list(copy.querySelectorAll("a, img")).forEach(function (link) { link.replaceWith(link.alt || link.textContent); });
      point.type = "button";
      list(copy.childNodes).forEach(function (node) { point.appendChild(node); });
      part.classList.add("dg-goal");
      point.addEventListener("click", function () { point.blur(); arrive(part); });
      points.appendChild(document.createElement("li")).appendChild(point);
    });
    answer.insertBefore(box, text);
    answer.classList.add("dg-mapped");
    text.dgOutlined = true;
  }

  // --- the ways to the other language, back, and to the top: hidden while one scrolls down
  var seen = page.scrollTop;
  var away = false;
  var reach = make("div", "dg-reach dg-away");
  var across = reach.appendChild(make("button", "dg-across tappable"));
  var up = reach.appendChild(make("button", "dg-up tappable", "↑"));
  var way = null;
  across.type = up.type = "button";
  up.setAttribute("aria-label", word("top"));
  across.addEventListener("click", function () { across.blur(); cross(); });
  up.addEventListener("click", function () { up.blur(); page.scrollTop = 0; });
  if (text) { card.appendChild(reach); }

  function arrive(element) {
    element.scrollIntoView();
    seen = page.scrollTop;
    away = false;
    place();
  }
  function beside() { return answer && answer.className.indexOf("dg-pair") > 0; }
  function place() {
    var view = window.innerHeight;
    var below = other && top(other) > view - 24;
    var within = other && other.open && top(other.firstElementChild) < -24;
    var name = below ? other.querySelector("summary > span") : { textContent: word("language"), lang: card.lang };
    across.hidden = beside() || !(below || within);
    across.textContent = name.textContent + (below ? " ↓" : " ↑");
    across.lang = name.lang;
    up.hidden = page.scrollTop < view;
    var end = page.scrollTop + view > page.scrollHeight - 8;
    reach.className = (across.hidden && up.hidden) || (away && !end) ? "dg-reach dg-away" : "dg-reach";
  }
  function watch() {
    if (!document.body.contains(card)) { window.removeEventListener("scroll", watch); return; }
    var by = page.scrollTop - seen;
    if (Math.abs(by) < 6) { return; }
    seen += by;
    away = by > 0;
    place();
  }
  if (text) { window.addEventListener("scroll", watch, { passive: true }); }

  // Across to the block that is being read, where the languages have the same blocks, else to the beginning; and back.
  function cross() {
    var going = top(other) > window.innerHeight - 24;
    var here = page.scrollTop;
    var target = other.querySelector(".dg-text");
    if (way && !going && Math.abs(here - way.there) < 6) {
      page.scrollTop = way.here;
    } else {
      if (going && !other.open) { other.open = true; remember(other.getAttribute("data-lang"), true); }
      if (!follow(going ? text : target, going ? target : text)) { (going ? other : answer).scrollIntoView(); }
    }
    way = going ? { here: here, there: page.scrollTop } : null;
    seen = page.scrollTop;
    away = false;
    measure();
  }
  function follow(from, to) {
    if (!alike(from, to)) { return false; }
    var at = list(from.children).filter(function (child) { return child.getBoundingClientRect().bottom > 24; })[0];
    var number = list(from.children).indexOf(at);
    if (!at || (number === 0 && top(at) >= 0)) { return false; }
    var frame = at.getBoundingClientRect();
    var goal = to.children[number].getBoundingClientRect();
    page.scrollTop += goal.top - (frame.top < 0 ? goal.height * frame.top / frame.height : frame.top);
    return true;
  }
  function alike(one, two) {
    function shape(part) { return list(part.children).map(function (child) { return child.tagName; }).join(); }
    return Boolean(one.children.length) && shape(one) === shape(two);
  }

  // --- on a wide screen both languages stand side by side, block beside block
  function pair(part) {
    var blocks = part.querySelectorAll(".dg-lang");
    var both = blocks.length === 1 && blocks[0].open && window.innerWidth >= 900;
    part.classList.toggle("dg-pair", both);
    return both;
  }
  function align(left, right) {
    if (!alike(left, right)) { return; }
    list(left.children).forEach(function (block, number) {
      var partner = right.children[number];
      level(block, partner);
      if (/^(OL|UL|LI|BLOCKQUOTE)$/.test(block.tagName)) { align(block, partner); }
    });
  }

  function level(block, partner) {
    // Margins of neighbours may swallow a part of the first move.
    for (var turn = 0; block && partner && turn < 2; turn += 1) {
      var by = top(block) - top(partner);
      var late = by < 0 ? block : partner;
      if (Math.abs(by) > 0.5) {
        late.style.marginTop = parseFloat(getComputedStyle(late).marginTop) + Math.abs(by) + "px";
        late.classList.add("dg-moved");
      }
    }
  }

  function measure() {
    each(".dg-moved", function (block) { block.style.marginTop = ""; block.classList.remove("dg-moved"); });
    var two = list(card.querySelectorAll(".dg-ask, .dg-answer")).filter(pair);
    card.classList.toggle("dg-two", two.length > 0);
    if (beside()) {
      align(text, other.querySelector(".dg-text"));
      level(card.querySelector(".dg-answer > .dg-note"), other.querySelector(".dg-note"));
    }
    each(".dg-math-inline", fit);
    each(".dg-scroll, pre, .dg-math-display, .dg-wide", function (box) {
      if (box.scrollWidth > box.clientWidth + 1) { box.tabIndex = 0; } else { box.removeAttribute("tabindex"); }
    });
    each(".dg-text img", offer);
    if (!text) { return; }
    if (!text.dgOutlined) { outline(); }
    card.classList.toggle("dg-far", card.offsetHeight > window.innerHeight * (other ? 1 : 2));
    place();
  }

  // --- what leads to a place of the card: apps take such a link for one that leads out
  each('a[href^="#dg-"]', function (link) {
    link.addEventListener("click", function (event) {
      event.preventDefault();
      event.stopPropagation();
      arrive(card.querySelector(link.getAttribute("href")));
    });
  });

  // --- links that the template cannot write itself: to the question in the book, and to a report with its title
  var foot = card.querySelector(".dg-foot[data-places]");
  each(".dg-path", function (path) {
    var key = " " + card.getAttribute("data-key") + " ";
    var places = foot ? foot.getAttribute("data-places").split("\n") : [];
    var found = places.filter(function (line) { return (line + " ").indexOf(key) >= 0; })[0];
    if (found === undefined) { return; }
    var link = make("a", "dg-path", path.textContent);
    link.href = foot.getAttribute("data-base") + found.split(" ")[0];
    path.parentNode.replaceChild(link, path);
  });
  each(".dg-report[data-address]", function (link) {
    var asked = card.querySelector(".dg-question").cloneNode(true), given = asked.querySelector(".dg-given");
    if (given) { asked.removeChild(given); }
    var title = asked.textContent.replace(/\u2060/g, "").trim().replace(/\s+/g, " ");
    link.href = link.getAttribute("data-address").replace("{title}", function () { return encodeURIComponent(title); });
  });

  // --- pictures enlarge
  function offer(image) {
    if (image.closest("a") || !image.clientWidth || image.clientWidth < 100) { return; }
    var alone = image.closest(".dg-figure");
    if (alone && alone.querySelectorAll("img").length === 1) { alone.classList.toggle("dg-small", image.clientWidth < image.naturalWidth * 0.6); }
    if (image.dgOffered) { return; }
    image.dgOffered = true;
    image.classList.add("tappable");
    image.tabIndex = 0;
    image.setAttribute("role", "button");
    image.setAttribute("aria-label", [word("enlarge"), image.alt].filter(Boolean).join(": "));
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
    var zoom = make("div", "dg-zoom tappable");
    var picture = make("img", image.className);
    var button = make("button", "dg-zoom-close tappable", "\u00d7");
    zoom.setAttribute("role", "dialog");
    zoom.setAttribute("aria-modal", "true");
    zoom.setAttribute("aria-label", image.alt || word("enlarge"));
    picture.src = image.src;
    picture.alt = image.alt;
    picture.style.width = width + "px";
    button.type = "button";
    button.setAttribute("aria-label", word("close"));
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

  if (window.ResizeObserver) { new ResizeObserver(measure).observe(card); }
  measure();
})();
