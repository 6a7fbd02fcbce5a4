"use strict";
(() => {
  const main = document.querySelector("main");
  let rows = [...document.querySelectorAll(".row")];
  const boxes = [...document.querySelectorAll('input[name="state"]')];
  const finding = document.querySelector('select[name="finding"]');
  const search = document.querySelector('input[type="search"]');
  let formulas = [];
  const footer = document.querySelector("footer");
  const command = footer.querySelector("code");
  const pictures = JSON.parse(document.getElementById("pictures").textContent);
  const texts = new Map();
  const memory = `deckgen review ${document.title}`;
  const visible = () => rows.filter((row) => !row.hidden);

  // What a row that has just come needs: its pictures, and to be found by its words.
  function meet(row) {
    for (const image of row.querySelectorAll("img[data-picture]")) {
      image.src = pictures[image.dataset.picture] || "";
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
    for (const section of document.querySelectorAll("section")) {
      section.hidden = !section.querySelector(".row:not([hidden])");
    }
    document.querySelector(".nothing").hidden = visible().length > 0;
    if (row && row.hidden) go(rows.slice(rows.indexOf(row)).find((other) => !other.hidden) || visible().pop());
    fit();
  }

  function go(row) {
    if (!row) return;
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
    for (const section of document.querySelectorAll("section")) {
      const good = [...section.querySelectorAll(".good")];
      section.querySelector(".all").checked = good.length > 0 && good.every((box) => box.checked);
      section.querySelector(".all").closest("label").hidden = good.length === 0;
    }
    try {
      localStorage.setItem(memory, JSON.stringify(marks));
    } catch {
      // A browser that keeps nothing for files.
    }
  }

  // A mark stands for a source and a translation, so what has changed since is not taken for good.
  function recall() {
    let marks = [];
    try {
      marks = JSON.parse(localStorage.getItem(memory)) || [];
    } catch {
      return;
    }
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
    if (event.target === finding) return;
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
  if (matchMedia("(prefers-color-scheme: dark)").matches) night();
  for (const row of rows) meet(row);
  collect();
  recall();
  filter();
  tell();
  new ResizeObserver(fit).observe(main);
  window.deckgenReview = { keys, go, meet, collect, tell, filter };
})();
