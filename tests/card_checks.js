// What must hold on every card, measured in the page; returns what does not, a sentence each.
(labels) => {
  "use strict";
  const problems = new Set();
  const name = (element) => `<${element.tagName.toLowerCase()} class="${element.getAttribute("class") || ""}"> “${(element.textContent || "").trim().slice(0, 24)}”`;
  const shown = (element) => element.getClientRects().length > 0 && getComputedStyle(element).visibility === "visible";
  const width = document.documentElement.clientWidth;

  // --- the page scrolls only downwards
  const page = document.scrollingElement;
  if (page.scrollWidth > window.innerWidth || document.body.scrollWidth > window.innerWidth) {
    const wide = [...document.body.querySelectorAll("*")].filter((element) => element.getBoundingClientRect().right > width + 1);
    problems.add(`the page is ${page.scrollWidth} px wide, the window ${window.innerWidth}: ${wide.slice(-1).map(name)}`);
  }
  // --- nothing is cut off outside what scrolls
  const scrolls = (element) => {
    for (let box = element; box && box !== document.body; box = box.parentElement) {
      if (["auto", "scroll"].includes(getComputedStyle(box).overflowX)) { return true; }
    }
    return false;
  };
  for (const element of document.body.querySelectorAll("p, li, pre, table, img, math, h1, h2, h3, div")) {
    const box = element.getBoundingClientRect();
    if (shown(element) && box.width && (box.right > width + 1 || box.left < -1) && !scrolls(element)) {
      problems.add(`cut off at the window's edge: ${name(element)}`);
    }
  }

  // --- pictures
  for (const image of document.images) {
    if (shown(image) && (!image.complete || !image.naturalWidth)) { problems.add(`broken picture: ${image.getAttribute("src")}`); }
  }

  // --- what can be tapped is large enough; a link within text is exempt
  for (const element of document.querySelectorAll("a[href], button, summary, input:not([disabled]), select, [role=button], [onclick]")) {
    const box = element.getBoundingClientRect();
    const within = element.tagName === "A" && getComputedStyle(element).display === "inline";
    if (shown(element) && !within && (box.width < 43.5 || box.height < 43.5)) {
      problems.add(`${Math.round(box.width)}×${Math.round(box.height)} px is too small to tap: ${name(element)}`);
    }
  }

  // --- text is large enough and stands out
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const known = new Map();
  const parse = (colour) => {
    if (!known.has(colour)) {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = "#000";
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
      const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
      known.set(colour, [red, green, blue, alpha / 255]);
    }
    return known.get(colour);
  };
  const over = (top, below) => [0, 1, 2].map((part) => top[part] * top[3] + below[part] * (1 - top[3])).concat(1);
  const behind = (element) => {
    const layers = [];
    for (let box = element; box; box = box.parentElement) {
      const layer = parse(getComputedStyle(box).backgroundColor);
      layers.push(layer);
      if (layer[3] === 1) { break; }
    }
    return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255, 1]);
  };
  const luminance = (colour) => {
    const [red, green, blue] = colour.slice(0, 3).map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrast = (one, other) => {
    const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  };
  const parents = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    if (walker.currentNode.data.trim()) { parents.add(walker.currentNode.parentElement); }
  }
  for (const element of parents) {
    if (element.closest("script, style, option, [hidden], .unseen, .skip, :disabled") || !shown(element)) { continue; }
    const style = getComputedStyle(element);
    const size = parseFloat(style.fontSize);
    if (size < 15.99 && !element.closest(`sub, sup, math, ${labels}`)) { problems.add(`text of ${size} px: ${name(element)}`); }
    const ground = behind(element);
    const ratio = contrast(over(parse(style.color), ground), ground);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 600);
    if (ratio < (large ? 3 : 4.5) - 0.005) { problems.add(`contrast ${ratio.toFixed(2)} of ${style.color} on ${ground}: ${name(element)}`); }
  }

  // --- formulas are set, not left as source
  for (const formula of document.querySelectorAll(".dg-math")) {
    const set = formula.querySelector("math, .dg-math-error");
    if (shown(formula) && (!set || !set.getBoundingClientRect().width)) { problems.add(`a formula does not show: ${name(formula)}`); }
  }
  return [...problems];
}
