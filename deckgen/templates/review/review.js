"use strict";
(() => {
  const main = document.querySelector("main");
  let rows = [...document.querySelectorAll(".row")];
  const boxes = [...document.querySelectorAll('input[name="state"]')];
  const finding = document.querySelector('select[name="finding"]');
  const search = document.querySelector('input[type="search"]');
  const sections = [...document.querySelectorAll("section")];
  let formulas = [];
  const footer = document.querySelector("footer");
  const command = footer.querySelector("code");
  const images = JSON.parse(document.getElementById("images").textContent);
  const words = JSON.parse(document.getElementById("words").textContent);
  const language = document.querySelector('select[name="language"]');
  const texts = new Map();
  const memory = `deckgen review ${document.title}`;
  const visible = () => rows.filter((row) => !row.hidden);

  // The page is written in English; the table has the same words in other languages.
  function word(text) { return (words[language.value] || {})[text] || text; }
  function speak(part) {
    part.dataset.word = part.dataset.word || part.textContent;
    const said = word(part.dataset.word).replace(/\{(\w+)\}/g, (_, name) => part.dataset[name]);
    if (part.dataset.in) part.setAttribute(part.dataset.in, said);
    else part.textContent = said;
  }
  function speakAll(place) {
    for (const part of place.querySelectorAll("[data-word]")) speak(part);
  }

  // What a row that has just come needs: its words, its images, and to be found by its text.
  function meet(row) {
    speakAll(row);
    const [source, other] = row.querySelectorAll(".pair > .cell");
    for (const image of other.querySelectorAll("img[data-image]")) {
      if (source.querySelector(`img[data-image="${image.dataset.image}"]`)) image.remove();
    }
    for (const image of row.querySelectorAll("img[data-image]")) {
      image.src = images[image.dataset.image] || "";
      image.addEventListener("click", () => image.classList.toggle("large"));
    }
    texts.set(row, row.closest("section").textContent.toLowerCase());
    for (const box of row.querySelectorAll(".good")) box.addEventListener("change", tell);
  }

  function collect() {
    rows = [...document.querySelectorAll(".row")];
    formulas = [...document.querySelectorAll(".cell .dg-math-inline")];
    for (const box of boxes) {
      box.closest("label").querySelector("b").textContent = rows.filter((row) => row.dataset.state === box.value).length;
    }
    for (const section of sections) {
      const count = section.querySelector(".count");
      Object.assign(count.dataset, { word: waiting(section) ? "blocks: {all}, to see to: {wait}" : "blocks: {all}", all: section.querySelectorAll(".row").length, wait: waiting(section) });
      speak(count);
    }
  }

  function waiting(section) {
    return [...section.querySelectorAll(".row")].filter((row) => row.dataset.state !== "reviewed" || row.dataset.rules).length;
  }

  function fold(section, folded) {
    section.classList.toggle("folded", folded);
    section.querySelector(".fold").setAttribute("aria-expanded", String(!folded));
  }

  function hasFinding(row) {
    const rules = row.dataset.rules.split(" ");
    return !finding.value || (finding.value === "*" ? row.dataset.rules !== "" : rules.includes(finding.value));
  }

  function filter() {
    const row = document.activeElement.closest(".row");
    const states = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    const wanted = search.value.trim().toLowerCase();
    for (const row of rows) {
      row.hidden = !states.has(row.dataset.state) || !texts.get(row).includes(wanted) || !hasFinding(row);
    }
    main.classList.toggle("asked", Boolean(wanted || finding.value));
    for (const section of sections) {
      section.hidden = !section.querySelector(".row:not([hidden])");
    }
    document.querySelector(".nothing").hidden = visible().length > 0;
    if (row && row.hidden) go(rows.slice(rows.indexOf(row)).find((other) => !other.hidden) || visible().pop());
    fit();
  }

  function go(row) {
    if (!row) return;
    fold(row.closest("section"), false);
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }

  // As on a card, a formula wider than the line scrolls in itself.
  function fit() {
    for (const formula of formulas) formula.classList.remove("dg-wide");
    const width = (element) => element.getBoundingClientRect().width;
    const line = (formula) => formula.parentNode.closest("p, li, dt, dd, td, th, figcaption, .dg-text, .dg-question");
    const wide = new Set(formulas.filter((formula) => width(formula) > width(line(formula)) + 1));
    for (const formula of formulas) {
      formula.classList.toggle("dg-wide", wide.has(formula));
      if (wide.has(formula)) formula.tabIndex = 0;
      else formula.removeAttribute("tabindex");
    }
  }

  function step(by) {
    const shown = visible();
    const at = shown.indexOf(document.activeElement.closest(".row"));
    const next = shown[at < 0 ? (by > 0 ? 0 : shown.length - 1) : Math.min(Math.max(at + by, 0), shown.length - 1)];
    go(next);
  }

  function tell() {
    const marks = [...new Set([...document.querySelectorAll(".good:checked")].map((box) => box.value))];
    footer.hidden = marks.length === 0;
    command.textContent = `deckgen translate accept ${marks.join(" ")}`;
    for (const section of sections) {
      const good = [...section.querySelectorAll(".good")];
      section.querySelector(".all").checked = good.length > 0 && good.every((box) => box.checked);
      section.querySelector(".all").closest("label").hidden = good.length === 0;
    }
    keep(memory, JSON.stringify(marks));
  }

  // A browser may keep nothing for files.
  function keep(name, value) {
    try { localStorage.setItem(name, value); } catch { /* forbidden */ }
  }
  function kept(name) {
    try { return localStorage.getItem(name); } catch { return null; }
  }

  // A mark stands for a source and a translation, so what has changed since is not taken for good.
  function recall() {
    const marks = JSON.parse(kept(memory)) || [];
    for (const box of document.querySelectorAll(".good")) box.checked = marks.includes(box.value);
  }

  function good() {
    const row = document.activeElement.closest(".row");
    const box = row && row.querySelector(".good");
    if (box) {
      box.checked = !box.checked;
      tell();
    }
  }

  function night() {
    const on = document.documentElement.classList.toggle("night");
    document.body.classList.toggle("nightMode", on);
  }

  const keys = { j: () => step(1), k: () => step(-1), a: good, n: night, "/": () => search.focus() };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("select")) return;
    if (event.target === search) {
      if (event.key === "Escape") search.blur();
      return;
    }
    const box = boxes[Number(event.key) - 1];
    if (box) {
      box.checked = !box.checked;
      filter();
    } else if (keys[event.key]) {
      event.preventDefault();
      keys[event.key]();
    }
  });
  for (const box of boxes) box.addEventListener("change", filter);
  search.addEventListener("input", filter);
  finding.addEventListener("change", filter);
  for (const box of document.querySelectorAll(".all")) {
    box.addEventListener("change", () => {
      const mine = [...box.closest("section").querySelectorAll(".row:not([hidden]) .good")];
      for (const good of mine) good.checked = box.checked;
      tell();
    });
  }
  footer.querySelector("button").addEventListener("click", () => {
    getSelection().selectAllChildren(command);
    if (navigator.clipboard) navigator.clipboard.writeText(command.textContent);
    else document.execCommand("copy");
  });
  for (const section of sections) {
    section.querySelector(".fold").addEventListener("click", () => fold(section, !section.classList.contains("folded")));
  }
  language.addEventListener("change", () => {
    document.documentElement.lang = language.value;
    speakAll(document);
    keep("deckgen review language", language.value);
  });
  const spoken = kept("deckgen review language") || navigator.language.slice(0, 2);
  language.value = spoken in words ? spoken : "en";
  document.documentElement.lang = language.value;
  if (matchMedia("(prefers-color-scheme: dark)").matches) night();
  speakAll(document.querySelector("nav"));
  speakAll(footer);
  speak(document.querySelector(".nothing"));
  for (const label of document.querySelectorAll("section > header")) speakAll(label);
  for (const row of rows) meet(row);
  collect();
  recall();
  filter();
  tell();
  // On a phone a note that waits is open, the others are one tap away.
  if (innerWidth <= 640) {
    const first = sections.find(waiting);
    for (const section of sections) fold(section, section !== first);
  }
  new ResizeObserver(fit).observe(main);
  window.deckgenReview = { keys, go, meet, collect, tell, filter, speakAll };
})();
