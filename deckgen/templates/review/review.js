"use strict";
(() => {
  const main = document.querySelector("main");
  const rows = [...document.querySelectorAll(".row")];
  const boxes = [...document.querySelectorAll('input[name="state"]')];
  const search = document.querySelector('input[type="search"]');
  const formulas = [...document.querySelectorAll(".cell .dg-math-inline")];
  const footer = document.querySelector("footer");
  const command = footer.querySelector("code");
  const pictures = JSON.parse(document.getElementById("pictures").textContent);
  for (const image of document.querySelectorAll("img[data-picture]")) {
    image.src = pictures[image.dataset.picture] || "";
  }
  const texts = new Map(rows.map((row) => [row, row.closest("section").textContent.toLowerCase()]));
  const visible = () => rows.filter((row) => !row.hidden);

  function filter() {
    const row = document.activeElement.closest(".row");
    const states = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    const wanted = search.value.trim().toLowerCase();
    for (const row of rows) {
      row.hidden = !states.has(row.dataset.state) || !texts.get(row).includes(wanted);
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
    const keys = [...document.querySelectorAll(".good:checked")].map((box) => box.value);
    footer.hidden = keys.length === 0;
    command.textContent = `deckgen translate accept ${keys.join(" ")} --language ${main.dataset.language}`;
  }

  function good() {
    const row = document.activeElement.closest(".row");
    const box = row && row.closest("section").querySelector(".good");
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
  for (const box of document.querySelectorAll(".good")) box.addEventListener("change", tell);
  footer.querySelector("button").addEventListener("click", () => {
    getSelection().selectAllChildren(command);
    if (navigator.clipboard) navigator.clipboard.writeText(command.textContent);
    else document.execCommand("copy");
  });
  if (matchMedia("(prefers-color-scheme: dark)").matches) night();
  filter();
  tell();
  new ResizeObserver(fit).observe(main);
})();
