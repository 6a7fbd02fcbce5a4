// The preview's page. Data comes in scripts (deckgenPreview.…), because a page opened from disk may not fetch files.
// Each card is a document of its own in a frame, so that neither style can reach the other.
(function () {
  "use strict";
  const SCRIPT_MARK = "<!--script-->";
  const NEAR = "900px 0px"; // frames this far outside the view are made ready, others are given up
  const FAST_PX = 40; // scrolled in one frame
  const ROWS_PER_GROUP = 50;
  const TYPING_MS = 150;
  const SAID_MS = 1500;
  const stamp = document.currentScript.src.split("?")[1] || "";
  const pick = (selector) => document.querySelector(selector);
  const main = pick("#card");
  const narrow = window.matchMedia("(max-width: 760px)");

  const contents = pick(".contents");

  let deck = null; // {titles, editions, findings, public, words}
  const books = {}; // by edition: what deck(…) gave, with chunks and text as they come in
  const state = { edition: "", key: "", side: "front", view: "study", night: false, words: "zh", shown: [], visit: 0 };

  // --- data -----------------------------------------------------------------------------------------------------------

  window.deckgenPreview = {
    setup(given) { deck = given; start(); },
    deck(name, given) { books[name] = Object.assign(given, { chunks: [], text: null, at: index(given.cards) }); },
    cards(name, number, sides) { books[name].chunks[number] = sides; },
    text(name, texts) { books[name].text = texts; },
    keep, // called before the page is loaded anew
  };

  // Where one was before the page was loaded anew: the card, its side and how far down; what was looked for in the list.
  function keep() {
    if (!book()) { return; }
    const frame = pick(".study iframe");
    const top = frame && frame.contentDocument ? frame.contentDocument.scrollingElement.scrollTop : 0;
    const filters = { search: pick("#search").value, category: pick("#category").selectedOptions[0].text, only: pick("#only").value };
    const now = { key: state.key, side: state.side, top, list: listOffset(), ...filters };
    try { sessionStorage.setItem("deckgen-preview-kept", JSON.stringify(now)); } catch (error) { /* forbidden */ }
  }
  function takeKept() {
    try {
      const kept = JSON.parse(sessionStorage.getItem("deckgen-preview-kept"));
      sessionStorage.removeItem("deckgen-preview-kept");
      return kept;
    } catch (error) {
      return null;
    }
  }
  let keptTop = 0;

  const pending = {};
  function load(file) {
    pending[file] = pending[file] || new Promise((resolve, reject) => {
      const script = make("script", { src: `data/${file}.js?${stamp}` });
      script.onload = resolve;
      script.onerror = () => { delete pending[file]; reject(new Error(word("failed", { file: `data/${file}.js` }))); };
      document.head.append(script);
    });
    return pending[file];
  }
  async function sidesOf(edition, at) {
    const book = books[edition];
    const number = Math.floor(at / book.perFile);
    if (!book.chunks[number]) { await load(`${edition}-${number}`); }
    return book.chunks[number][at % book.perFile];
  }
  function index(cards) { return new Map(cards.map((card, at) => [card.k, at])); }
  function remember(name, value) { try { localStorage.setItem(`deckgen-preview-${name}`, value); } catch (error) { /* forbidden */ } }
  function remembered(name) { try { return localStorage.getItem(`deckgen-preview-${name}`); } catch (error) { return null; } }

  // --- small parts ----------------------------------------------------------------------------------------------------

  function make(tag, properties, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties || {})) {
      if (name in element && name !== "list") { element[name] = value; } else { element.setAttribute(name, value); }
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  }
  function word(name, values) {
    const text = deck.words[state.words][name];
    return text.replace(/\{(\w+)\}/g, (whole, key) => (values && key in values ? values[key] : whole));
  }
  const book = () => books[state.edition];
  const at = () => (book() && book().at.has(state.key) ? book().at.get(state.key) : -1);
  function titleLanguage() { return Math.max(0, book().languages.indexOf(state.words)); }
  function inLanguage(texts) {
    const wanted = titleLanguage();
    const found = texts[wanted] ? wanted : texts.findIndex(Boolean);
    return { text: texts[found] || "", language: book().languages[Math.max(0, found)] };
  }

  // --- a card in its frame --------------------------------------------------------------------------------------------

  function documentOf(edition, html) {
    const { css, script, languages } = books[edition];
    const card = html.split(SCRIPT_MARK).join(`<script>${script}<\/script>`);
    const classes = `card card1${state.night ? " nightMode night_mode" : ""}`;
    return `<!doctype html><html class="mobile" lang="${languages[0]}"><head><meta charset="utf-8">` +
      `<meta name="viewport" content="width=device-width, initial-scale=1"><title>${word("front")}</title>` +
      `<style>${css}</style></head><body class="${classes}"><div id="qa">${card}</div></body></html>`;
  }
  function phone(label) {
    return make("div", { className: "phone" }, make("div", { className: "screen", "aria-busy": "true" }, ""), label ? make("p", { className: "side" }, label) : null);
  }
  // Shows a side in the phone; the card that stood there stays until the new one is ready, so nothing flashes.
  async function show(holder, cardAt, side, title) {
    const screen = holder.querySelector(".screen");
    const ticket = (screen.ticket = {});
    let html;
    try {
      html = (await sidesOf(state.edition, cardAt))[side === "front" ? 0 : 1];
    } catch (error) {
      screen.replaceChildren(make("p", { className: "failed" }, error.message));
      return;
    }
    if (screen.ticket !== ticket) { return; }
    const frame = make("iframe", { className: "coming", title });
    frame.addEventListener("load", () => {
      if (screen.ticket !== ticket) { frame.remove(); return; }
      const inside = frame.contentDocument;
      inside.title = title;
      dress(inside);
      inside.addEventListener("keydown", onKey);
      inside.addEventListener("click", (event) => onClick(event, side, holder));
      for (const child of [...screen.children]) { if (child !== frame) { child.remove(); } }
      frame.className = "";
      screen.removeAttribute("aria-busy");
      if (keptTop && holder === (study && study.holder)) { inside.scrollingElement.scrollTop = keptTop; keptTop = 0; }
      screen.dataset.side = side;
    });
    frame.srcdoc = documentOf(state.edition, html);
    screen.setAttribute("aria-busy", "true");
    screen.append(frame);
  }
  function dress(inside) {
    for (const name of ["nightMode", "night_mode"]) { inside.body.classList.toggle(name, state.night); }
  }
  function onClick(event, side, holder) {
    const link = event.target.closest("a[href]");
    if (link) {
      event.preventDefault();
      const address = link.getAttribute("href");
      if (address.startsWith("#")) {
        const goal = event.view.document.getElementById(decodeURIComponent(address.slice(1)));
        if (goal) { goal.scrollIntoView(); }
      } else {
        window.open(link.href, "_blank", "noopener");
      }
      return;
    }
    // As in the apps, a tap on the question shows the answer.
    const busy = event.target.closest(".tappable, button, summary, details, pre, .dg-scroll, [tabindex]");
    if (side === "front" && state.view === "study" && !busy && String(event.view.getSelection()) === "") { flip(); }
  }

  // --- what stands beside a card --------------------------------------------------------------------------------------

  function facts(cardAt) {
    const card = book().cards[cardAt];
    const category = inLanguage(book().categories[card.c]);
    const list = make("dl", {}, make("dt", {}, word("category")), make("dd", { lang: category.language }, category.text));
    list.append(make("dt", {}, word("key")), make("dd", {}, make("code", {}, card.k)));
    if (card.s) { list.append(make("dt", {}, word("source")), make("dd", {}, place(card.s))); }
    if (card.w) { list.append(make("dt", {}, word("state")), make("dd", {}, card.w.map(stateText).join(" · "))); }
    const box = make("aside", { className: "facts", "aria-label": card.k }, list);
    if (card.f) { box.append(make("h3", {}, `${word("findings")} · ${card.f.length}`), findings(card.f)); }
    return box;
  }
  // A place in the sources opens in the editor that was named, else a click copies it.
  function place(text) {
    const code = make("code", {}, text);
    if (deck.editor) {
      const [, path, line] = /^(.*?)(?::(\d+))?(?::\d+)?$/.exec(text);
      const address = deck.editor.replace("{path}", () => encodeURI(`${deck.root}/${path}`)).replace("{line}", line || 1);
      return make("a", { className: "place", href: address }, code);
    }
    const button = make("button", { type: "button", className: "place", title: word("copy") }, code);
    button.addEventListener("click", async () => {
      await copy(text);
      button.dataset.done = word("copied");
      setTimeout(() => { delete button.dataset.done; }, SAID_MS);
    });
    return button;
  }
  // A page that was opened from disk has no clipboard of its own.
  async function copy(text) {
    if (navigator.clipboard) { try { await navigator.clipboard.writeText(text); return; } catch (error) { /* forbidden */ } }
    const field = make("textarea", { value: text, className: "unseen" });
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
  function stateText(text) {
    const [language, name] = text.split(" ");
    return `${language} ${word(`state_${name}`)}`;
  }
  function findings(found) {
    return make("ul", { className: "findings" }, ...found.map((item) => make("li", { className: item.severity },
      make("p", {}, make("strong", {}, word(item.severity)), " ", make("span", { lang: "en" }, item.message)),
      item.excerpt ? make("pre", { tabIndex: 0 }, item.excerpt) : null,
      item.hint ? make("p", {}, word("hint"), make("span", { lang: "en" }, item.hint)) : null,
      make("p", { className: "place" }, item.place ? place(item.place) : null, ` ${item.rule}`))));
  }

  // --- one card -------------------------------------------------------------------------------------------------------

  let study = null; // {holder, position, flip, previous, next, facts}
  function showStudy() {
    if (!study) { buildStudy(); }
    const cardAt = at();
    const order = state.shown.indexOf(cardAt);
    const { text } = inLanguage(book().cards[cardAt].t);
    study.position.textContent = word("position", { at: order < 0 ? "–" : order + 1, of: state.shown.length });
    study.flip.textContent = word(state.side === "front" ? "flip" : "back_to_front");
    study.flip.classList.toggle("strong", state.side === "front");
    study.previous.disabled = order <= 0;
    study.next.disabled = order + 1 >= state.shown.length;
    const aside = facts(cardAt);
    study.facts.replaceWith(aside);
    study.facts = aside;
    show(study.holder, cardAt, state.side, `${word(state.side)}: ${text}`);
  }
  function buildStudy() {
    const button = (className, label, action) => {
      const made = make("button", { type: "button", className }, label);
      made.addEventListener("click", action);
      return made;
    };
    study = {
      holder: phone(),
      position: make("p", { className: "position", role: "status" }),
      list: button("plain back", word("list"), () => { location.hash = ""; }),
      flip: button("flip strong", "", flip),
      previous: button("step", "‹", () => step(-1)),
      next: button("step", "›", () => step(1)),
      facts: make("aside"),
    };
    study.previous.setAttribute("aria-label", word("previous"));
    study.next.setAttribute("aria-label", word("next"));
    main.replaceChildren(make("section", { className: "study" },
      make("div", { className: "stage" },
        make("div", { className: "top" }, study.list, study.position),
        study.holder,
        make("div", { className: "controls" }, study.previous, study.flip, study.next)),
      study.facts));
  }
  function flip() {
    state.side = state.side === "front" ? "back" : "front";
    showStudy();
  }
  function advance() {
    if (state.side === "front") { flip(); } else { step(1); }
  }
  // From a card that the filters leave out, the next one is the first that they show.
  function step(by) { openCard(state.shown[state.shown.indexOf(at()) + by]); }
  function openCard(cardAt) {
    if (cardAt !== undefined) { location.hash = `${state.edition}/${book().cards[cardAt].k}`; }
  }

  // --- all cards ------------------------------------------------------------------------------------------------------

  let watchers = null; // {groups, rows}: of rows only those are watched whose group is near
  let goal = null; // the row to be seen, until it is filled or one scrolls elsewhere
  function showGallery() {
    study = null;
    const rows = state.shown.map((cardAt) => row(cardAt));
    const groups = [];
    for (let start = 0; start < rows.length; start += ROWS_PER_GROUP) {
      const part = rows.slice(start, start + ROWS_PER_GROUP);
      const group = make("div", { className: "group" }, ...part);
      group.style.setProperty("--rows", part.length);
      groups.push(group);
    }
    main.replaceChildren(make("section", { className: "gallery" }, ...groups));
    watchers = { groups: new IntersectionObserver(seeGroups, { rootMargin: NEAR }), rows: new IntersectionObserver(seeRows, { rootMargin: NEAR }) };
    groups.forEach((element) => watchers.groups.observe(element));
    scrollToCurrent();
  }
  function leaveGallery() {
    if (watchers) { watchers.groups.disconnect(); watchers.rows.disconnect(); }
    watchers = null;
    goal = null;
    waiting.clear();
  }
  function seeGroups(seen) {
    for (const { target, isIntersecting } of seen) {
      for (const element of target.children) {
        if (isIntersecting) { watchers.rows.observe(element); } else { watchers.rows.unobserve(element); empty(element); }
      }
    }
  }
  function seeRows(seen) {
    for (const { target, isIntersecting } of seen) {
      if (isIntersecting) { waiting.add(target); } else { empty(target); }
    }
    awaitFrame();
  }
  function empty(element) {
    waiting.delete(element);
    element.lastElementChild.replaceChildren();
  }
  function row(cardAt) {
    const card = book().cards[cardAt];
    const { text, language } = inLanguage(card.t);
    const element = make("article", { className: "row", id: `row-${cardAt}` },
      make("h2", { lang: language }, text), make("div", { className: "phones" }));
    element.cardAt = cardAt;
    return element;
  }
  // One side a frame, the one in view first, and none while rows fly past.
  const waiting = new Set();
  let frame = 0;
  let scrolled = 0;
  function awaitFrame() { frame = frame || requestAnimationFrame(takeWaiting); }
  function takeWaiting() {
    frame = 0;
    const speed = Math.abs(window.scrollY - scrolled);
    scrolled = window.scrollY;
    if (speed < FAST_PX) {
      const middle = window.innerHeight / 2;
      const distance = (element) => Math.abs(element.getBoundingClientRect().top - middle);
      const nearest = [...waiting].reduce((best, element) => (best && distance(best) <= distance(element) ? best : element), null);
      if (nearest && fill(nearest)) {
        waiting.delete(nearest);
        if (nearest === goal) { toGoal(); goal = null; }
      }
    }
    if (waiting.size) { awaitFrame(); }
  }
  // Puts the next missing side into a row; true when nothing is missing.
  function fill(element) {
    const phones = element.querySelector(".phones");
    const side = ["front", "back"][phones.childElementCount];
    if (!side) { phones.append(facts(element.cardAt)); return true; }
    const { text } = inLanguage(book().cards[element.cardAt].t);
    const holder = phone(word(side));
    phones.append(holder);
    show(holder, element.cardAt, side, `${word(side)}: ${text}`);
    return false;
  }
  // What lies before the row may turn out taller when it comes near, hence a second time once the row is filled.
  function scrollToCurrent() {
    goal = pick(`#row-${at()}`);
    toGoal();
  }
  function toGoal() {
    if (goal) { goal.scrollIntoView({ block: "start", behavior: "instant" }); }
  }

  // --- the list -------------------------------------------------------------------------------------------------------

  let typing = 0;
  function filterSoon() { clearTimeout(typing); typing = setTimeout(filter, TYPING_MS); }
  async function openFirst(search) {
    await searchedText();
    filter();
    if (state.shown.length) { search.blur(); openCard(state.shown[0]); }
  }
  async function searchedText() {
    if (pick("#search").value.trim() && !book().text) { await load(`${state.edition}-text`).catch(() => {}); }
  }
  function filter() {
    clearTimeout(typing);
    const words = pick("#search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const category = pick("#category").value;
    const only = pick("#only").value;
    if (words.length && !book().text) { load(`${state.edition}-text`).then(filter, () => {}); }
    const texts = book().text;
    state.shown = book().cards.map((card, position) => position).filter((position) => {
      const card = book().cards[position];
      const text = texts ? texts[position] : `${card.k} ${card.t.join(" ")}`.toLowerCase();
      return (category === "" || card.c === Number(category)) && words.every((part) => text.includes(part)) &&
        (only !== "findings" || worst(card.f)) && (only !== "unfinished" || card.w);
    });
    showList();
    showMain();
  }
  function showList() {
    const groups = [];
    for (const position of state.shown) {
      const card = book().cards[position];
      const last = groups[groups.length - 1];
      if (last && last.category === card.c) { last.cards.push(position); } else { groups.push({ category: card.c, cards: [position] }); }
    }
    pick("#list").replaceChildren(...groups.map((group) => {
      const { text, language } = inLanguage(book().categories[group.category]);
      return make("section", {}, make("h2", { lang: language }, text), make("ol", {}, ...group.cards.map(entry)));
    }));
    if (!state.shown.length) {
      const clear = make("button", { type: "button", className: "plain" }, word("clear"));
      clear.addEventListener("click", () => { pick("#search").value = ""; pick("#category").value = ""; pick("#only").value = ""; filter(); });
      const parts = book().cards.length ? [make("p", {}, word("nothing")), clear] : [make("p", {}, word("empty"))];
      pick("#list").replaceChildren(make("div", { className: "nothing" }, ...parts));
    }
    pick("#count").textContent = word("count", { shown: state.shown.length, total: book().cards.length });
  }
  function entry(position) {
    const card = book().cards[position];
    const { text, language } = inLanguage(card.t);
    const link = make("a", { href: `#${state.edition}/${card.k}`, lang: language }, text);
    link.append(...mark(card.f));
    return make("li", { value: position + 1 }, link);
  }
  // Remarks are for whoever looks at the card; only what should be mended marks it.
  function worst(found) { return ["error", "warning"].find((level) => (found || []).some((item) => item.severity === level)); }
  function mark(found) {
    const level = worst(found);
    return level ? [make("span", { className: `mark ${level}`, title: word(level) }, make("span", { className: "unseen" }, ` (${word(level)})`))] : [];
  }
  function markCurrent(scroll) {
    document.querySelectorAll("#list a[aria-current]").forEach((link) => link.removeAttribute("aria-current"));
    const link = state.key && pick(`#list a[href="#${CSS.escape(state.edition)}/${CSS.escape(state.key)}"]`);
    if (!link) { return; }
    link.setAttribute("aria-current", "true");
    if (scroll && !narrow.matches) { link.scrollIntoView({ block: "nearest" }); }
  }

  // In a narrow window the card takes the list's place: it begins at its top, and the way back leads to where one was.
  let listTop = 0;
  function read(on) {
    const list = document.body.classList;
    if (list.contains("reading") === on) { return; }
    if (on) { listTop = window.scrollY; }
    list.toggle("reading", on);
    window.scrollTo(0, on || !narrow.matches ? 0 : listTop);
  }
  function listOffset() {
    if (!narrow.matches) { return contents.scrollTop; }
    return document.body.classList.contains("reading") ? listTop : window.scrollY;
  }
  // As there, the row of a deep link is where it seems to be once all of them are laid out.
  function seeCurrent() {
    const row = pick("#list a[aria-current]");
    if (!row || narrow.matches) { return; }
    const list = pick("#list").classList;
    list.add("whole");
    row.scrollIntoView({ block: "center" });
    const { scrollTop } = contents;
    requestAnimationFrame(() => requestAnimationFrame(() => { list.remove("whole"); contents.scrollTop = scrollTop; }));
  }
  // On a fresh page the heights of sections are guesses until all of them are laid out once.
  function scrollList(top) {
    const list = pick("#list").classList;
    list.add("whole");
    listTop = top;
    if (!narrow.matches) { contents.scrollTop = top; } else if (!document.body.classList.contains("reading")) { window.scrollTo(0, top); }
    requestAnimationFrame(() => requestAnimationFrame(() => list.remove("whole")));
  }

  // --- the page -------------------------------------------------------------------------------------------------------

  function showMain() {
    leaveGallery();
    const gallery = state.view === "gallery" && !narrow.matches;
    document.body.classList.toggle("wide", gallery);
    read(Boolean(state.key) && narrow.matches);
    if (gallery) { showGallery(); } else if (at() >= 0) { showStudy(); } else { study = null; main.replaceChildren(); }
    markCurrent(true);
  }
  async function follow() {
    const [edition, key, side] = decodeURIComponent(location.hash.slice(1)).split("/");
    const known = deck.editions.some((item) => item.name === edition);
    const goal = known ? edition : state.edition || deck.editions[0].name;
    const visit = (state.visit += 1);
    if (!books[goal]) { await load(goal); }
    if (visit !== state.visit) { return; }
    const changed = goal !== state.edition;
    state.edition = goal;
    state.side = side === "back" ? "back" : "front";
    state.key = books[goal].at.has(key) ? key : "";
    if (!state.key && !narrow.matches && books[goal].cards.length) { state.key = books[goal].cards[0].k; }
    const kept = visit === 1 && takeKept();
    if (kept && kept.key === state.key) { state.side = kept.side; keptTop = kept.top; }
    if (changed) {
      fillFilters();
      if (kept) { refill(kept); await searchedText(); }
      filter();
      if (kept) { scrollList(kept.list); } else { seeCurrent(); }
      return;
    }
    if (state.view === "gallery" && !narrow.matches) { markCurrent(true); scrollToCurrent(); } else { showMain(); }
  }
  function fillFilters() {
    pick("#edition").value = state.edition;
    pick("h1").textContent = deck.titles[state.words] || deck.editions.find((item) => item.name === state.edition).title;
    const categories = book().categories.map((texts, number) => make("option", { value: String(number) }, inLanguage(texts).text));
    keepValue(pick("#category"), [make("option", { value: "" }, word("all_categories")), ...categories]);
    const only = [["", "all_cards"], ["findings", "with_findings"], ["unfinished", "unfinished"]];
    keepValue(pick("#only"), only.map(([value, name]) => make("option", { value }, word(name))));
  }
  function refill(kept) {
    const category = [...pick("#category").options].find((option) => option.text === kept.category);
    pick("#search").value = kept.search;
    pick("#category").value = category ? category.value : "";
    pick("#only").value = kept.only;
  }
  function keepValue(select, options) {
    const value = select.value;
    select.replaceChildren(...options);
    select.value = value;
    if (select.selectedIndex < 0) { select.selectedIndex = 0; }
  }
  function setTheme(night) {
    state.night = night;
    document.documentElement.dataset.theme = night ? "night" : "day";
    pick("#theme").setAttribute("aria-pressed", String(night));
    document.querySelectorAll("iframe").forEach((frame) => { if (frame.contentDocument && frame.contentDocument.body) { dress(frame.contentDocument); } });
  }
  function setWords(language) {
    state.words = language;
    document.documentElement.lang = language;
    for (const element of document.querySelectorAll("[data-word]")) { element.textContent = word(element.dataset.word); }
    for (const element of document.querySelectorAll("[data-label]")) { element.setAttribute("aria-label", word(element.dataset.label)); }
    const search = pick("#search");
    search.placeholder = word(search.dataset.placeholder);
    search.setAttribute("aria-label", search.placeholder);
    const other = language === "zh" ? "en" : "zh";
    const button = pick("#words");
    button.textContent = deck.words[other].language;
    button.lang = other;
    const general = pick(".general");
    general.hidden = deck.findings.length === 0;
    general.firstElementChild.replaceChildren(`${word("project_findings")} · ${deck.findings.length}`, ...mark(deck.findings));
    general.lastElementChild.replaceWith(findings(deck.findings));
    study = null;
    if (book()) { fillFilters(); filter(); }
  }
  function setView(view) {
    state.view = view;
    for (const name of ["study", "gallery"]) { pick(`#${name}`).setAttribute("aria-pressed", String(name === view)); }
    if (book()) { study = null; showMain(); }
  }
  function onKey(event) {
    goal = null;
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) { return; }
    const target = event.target.closest ? event.target : document.body;
    if (target.closest("input, select, textarea")) {
      if (event.key === "Escape") { target.blur(); }
      if (event.key === "Enter" && target.id === "search" && !event.isComposing) { openFirst(target); }
      return;
    }
    const single = state.view === "study" || narrow.matches;
    const own = target.closest("button, summary, [role=button], .dg-zoom");
    const sideways = target !== document.body && target.closest("[tabindex='0']");
    const keys = {
      " ": () => { if (own || !single) { return false; } advance(); },
      Enter: () => { if (own || target.closest("a") || !single) { return false; } advance(); },
      ArrowRight: () => { if (sideways) { return false; } step(1); },
      ArrowLeft: () => { if (sideways) { return false; } step(-1); },
      "/": () => { pick("#search").focus(); },
      n: () => { pick("#theme").click(); },
    };
    if (keys[event.key] && keys[event.key]() !== false) { event.preventDefault(); }
  }
  // What a mouse or a finger has pressed keeps no focus, else the next stroke of the space bar would press it again.
  function blurClicked(event) {
    const pressed = event.detail && event.target.closest("a, button, summary");
    if (pressed) { pressed.blur(); }
  }
  function start() {
    document.documentElement.classList.add("scripted");
    document.querySelectorAll(".tools, .filters").forEach((element) => { element.hidden = false; });
    pick("#only").hidden = deck.public;
    const language = remembered("words") || (navigator.language.startsWith("zh") ? "zh" : "en");
    const dark = window.matchMedia("(prefers-color-scheme: dark)").matches;
    setWords(language in deck.words ? language : "zh");
    setTheme(remembered("theme") ? remembered("theme") === "night" : dark);
    setView(remembered("view") === "gallery" ? "gallery" : "study");
    pick(".general").open = worst(deck.findings) === "error";
    const editions = pick("#edition");
    editions.replaceChildren(...deck.editions.map((item) => make("option", { value: item.name }, item.name)));
    editions.parentElement.hidden = deck.editions.length < 2;
    editions.addEventListener("change", () => { location.hash = `${editions.value}/${state.key}`; });
    pick("#theme").addEventListener("click", () => { setTheme(!state.night); remember("theme", state.night ? "night" : "day"); });
    pick("#words").addEventListener("click", () => { const other = state.words === "zh" ? "en" : "zh"; remember("words", other); setWords(other); });
    for (const view of ["study", "gallery"]) { pick(`#${view}`).addEventListener("click", () => { remember("view", view); setView(view); }); }
    pick("#search").addEventListener("input", filterSoon);
    for (const name of ["#category", "#only"]) { pick(name).addEventListener("input", filter); }
    pick(".skip").addEventListener("click", (event) => { event.preventDefault(); main.focus(); });
    narrow.addEventListener("change", () => { study = null; showMain(); });
    document.addEventListener("keydown", onKey);
    document.addEventListener("click", blurClicked);
    for (const name of ["wheel", "touchmove"]) { window.addEventListener(name, () => { goal = null; }, { passive: true }); }
    window.addEventListener("hashchange", follow);
    if (deck.editions.length) { follow(); }
  }
})();
