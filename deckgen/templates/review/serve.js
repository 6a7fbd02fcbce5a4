"use strict";
// What a served page can do more: say of each block at once what is to become of it.
(() => {
  const page = window.deckgenReview;
  const token = document.querySelector('meta[name="deckgen-token"]').content;

  async function say(row, word) {
    const note = row.querySelector(".told");
    note.replaceChildren();
    let answer;
    let reply = {};
    try {
      answer = await fetch("/", {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-Deckgen-Token": token },
        body: JSON.stringify({ mark: row.dataset.mark, ...word }),
      });
      reply = await answer.json();
    } catch {
      reply = { problem: "the server does not answer; is it still running?" };
    }
    if (answer && answer.ok) replace(row, reply.row);
    else refuse(row, word, reply);
  }

  // The same entry may stand in several rows.
  function replace(row, html) {
    const focus = row.contains(document.activeElement);
    for (const old of document.querySelectorAll(`.row[data-mark="${row.dataset.mark}"]`)) {
      const template = document.createElement("template");
      template.innerHTML = html;
      const fresh = template.content.firstElementChild;
      old.replaceWith(fresh);
      page.meet(fresh);
      equip(fresh);
      if (old === row && focus) page.go(fresh);
    }
    page.collect();
    page.tell();
    page.filter();
  }

  function refuse(row, word, reply) {
    const note = row.querySelector(".told");
    const problem = document.createElement("p");
    problem.dataset.word = reply.problem || "refused";
    note.append(problem);
    for (const finding of reply.findings || []) {
      const line = document.createElement("li");
      line.textContent = finding;
      note.append(line);
    }
    if (reply.despite) note.append(button("Accept despite that", () => say(row, { ...word, despite: true })));
    page.speakAll(note);
  }

  function button(label, act) {
    const made = document.createElement("button");
    made.type = "button";
    made.dataset.word = label;
    made.addEventListener("click", act);
    return made;
  }

  // A text to write, with what can be done with it; one at a time in a row.
  function write(row, text, acts) {
    row.querySelector(".writing").replaceChildren();
    const area = document.createElement("textarea");
    area.value = text;
    area.rows = Math.min(12, text.split("\n").length + Math.ceil(text.length / 90) + 1);
    const close = () => {
      row.querySelector(".writing").replaceChildren();
      page.go(row);
    };
    area.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Escape") close();
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) acts[0][1](area.value);
    });
    row.querySelector(".writing").append(area, ...acts.map(([label, act]) => button(label, () => act(area.value))));
    row.querySelector(".writing").append(button("Cancel", close));
    page.speakAll(row);
    area.focus();
  }

  const acts = {
    a: ["Accept", (row) => say(row, { action: "accept" })],
    e: ["Edit", (row) => edit(row, row.dataset.text)],
    x: ["Reject", (row) => write(row, row.dataset.comment, [
      ["Reject, with this comment", (comment) => say(row, { action: "reject", comment })],
    ])],
    c: ["Comment", (row) => write(row, row.dataset.comment, [
      ["Comment", (comment) => say(row, { action: "comment", comment })],
    ])],
  };

  function edit(row, text) {
    write(row, text, [
      ["Accept this", (written) => say(row, { action: "accept", text: written })],
      ["Save as draft", (written) => say(row, { action: "save", text: written })],
    ]);
  }

  function equip(row) {
    const bar = document.createElement("div");
    bar.className = "acts";
    for (const [key, [label, act]] of Object.entries(acts)) {
      if (key === "a" && !["draft", "stale"].includes(row.dataset.state)) continue;
      if (key === "x" && !row.dataset.text) continue;
      const made = button(label, () => act(row));
      made.dataset.act = key;
      bar.append(made);
    }
    const proposal = row.querySelector(".proposal");
    if (proposal) bar.append(button("Edit the proposal", () => edit(row, proposal.dataset.text)));
    const writing = document.createElement("div");
    writing.className = "writing";
    const told = document.createElement("ul");
    told.className = "told";
    told.setAttribute("role", "status");
    bar.append(writing, told);
    row.append(bar);
    page.speakAll(bar);
  }

  for (const key of Object.keys(acts)) {
    page.keys[key] = () => {
      const row = document.activeElement.closest(".row");
      if (row) row.querySelector(`[data-act="${key}"]`)?.click();
    };
  }
  document.documentElement.classList.add("served");
  const help = Object.entries(acts).map(([key, [label]]) => ` <kbd>${key}</kbd> <span data-word>${label}</span>`);
  document.querySelector(".keys").insertAdjacentHTML("beforeend", help.join());
  page.speakAll(document.querySelector(".keys"));
  for (const row of document.querySelectorAll(".row")) equip(row);
})();
