"use strict";
// Steps through a recorded computation. The data stands in the page, the picture was laid out before; whatever is
// shown of them goes in as text, never as HTML.
const data = JSON.parse(document.getElementById("data").textContent);
const SVG = "http://www.w3.org/2000/svg";
const by = id => document.getElementById(id);

// ------------------------------------------------------------------ frames: what the scrubber steps through
const frames = [
  { kind: "start" },
  ...data.forward.map((step, i) => ({ kind: "forward", i, step })),
  { kind: "seed" },
  ...data.back.map((back, i) => ({ kind: "back", i, back, step: data.forward[back.step] })),
  { kind: "end" },
];
const seedAt = data.forward.length + 1;
const loss = data.outputs.length === 1 ? data.tensors[data.outputs[0].tensor].name : "L";

// When each tensor is computed, and what its gradient is from which frame on.
const computedAt = data.tensors.map(() => 0);
const gradients = data.tensors.map(() => []);
const completeAt = data.tensors.map(() => Infinity);
const uses = data.tensors.map(() => ({ made: null, read: [], back: null }));
data.forward.forEach((step, i) => {
  computedAt[step.result] = i + 1;
  uses[step.result].made = i + 1;
  step.inputs.forEach(t => { if (!uses[t].read.includes(i + 1)) uses[t].read.push(i + 1); });
});
data.outputs.forEach(({ tensor, seed }) => { gradients[tensor].push([seedAt, seed]); completeAt[tensor] = seedAt; });
data.back.forEach((back, i) => {
  const at = seedAt + 1 + i, step = data.forward[back.step];
  uses[step.result].back = at;
  gradients[step.result].push([at, back.g]);
  completeAt[step.result] = at;
  back.inputs.forEach(given => {
    const t = step.inputs[given.at];
    gradients[t].push([at, given.after]);
    if (data.tensors[t].kind === "leaf") completeAt[t] = at;
  });
});
data.tensors.forEach((tensor, t) => {  // a hook of the user may have had the last word
  if (tensor.kind === "leaf" && tensor.grad !== null) gradients[t].push([frames.length - 1, tensor.grad]);
});

function gradientAt(t, frame) {
  let found = null;
  for (const [at, array] of gradients[t]) if (at <= frame) found = array;
  return found;
}

// ------------------------------------------------------------------ elements
function el(tag, about, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(about || {})) {
    if (name === "class") made.className = value;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value);
  }
  made.append(...children.filter(child => child !== null && child !== ""));
  return made;
}

function draw(tag, about) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(about)) made.setAttribute(name, value);
  return made;
}

const times = shape => shape === null ? "" : shape.length ? shape.join(" × ") : "a number";

function nameOf(t) {
  const tensor = data.tensors[t];
  return el("button", { class: `name ${tensor.kind}`, type: "button", onclick: () => choose(t) },
    el("bdi", {}, tensor.name));
}

// Cells of one colour are one path: a picture of an array has at most ten.
function heat(array, width, height, most) {
  const picked = pick(array, most);
  const w = width / picked.columns, h = height / picked.rows;
  const paths = {};
  picked.levels.forEach((level, i) => {
    const x = i % picked.columns * w, y = Math.floor(i / picked.columns) * h;
    paths[level] = (paths[level] || "") + `M${x.toFixed(1)} ${y.toFixed(1)}h${w.toFixed(1)}v${h.toFixed(1)}h-${w.toFixed(1)}z`;
  });
  const group = draw("g", { class: "heat" });
  for (const [level, d] of Object.entries(paths)) group.append(draw("path", { class: level, d }));
  group.append(draw("rect", { class: "frame", width, height }));
  return group;
}

function pick(array, [mostRows, mostColumns]) {
  const down = Math.ceil(array.rows / mostRows), across = Math.ceil(array.columns / mostColumns);
  const levels = [];
  let rows = 0;
  for (let i = 0; i < array.rows; i += down, rows++)
    for (let j = 0; j < array.columns; j += across) levels.push(array.levels[i * array.columns + j]);
  return { levels, rows, columns: rows ? levels.length / rows : 0 };
}

function figure(caption, number, kind) {
  const array = data.arrays[number];
  return el("figure", { class: `array ${kind || ""}`, "data-array": number },
    el("figcaption", {}, caption), content(array));
}

function content(array) {
  if (array.cells && !array.cells.length) return el("p", { class: "said" }, `empty, ${times(array.shape)}`);
  if (array.cells) {
    const table = el("table", { class: "cells", role: "presentation" });
    const across = array.shape.length === 1 && array.columns > 6 ? 6 : array.columns;
    const block = array.shape.length > 2 ? array.shape[array.shape.length - 2] : Infinity;
    for (let i = 0; i < array.cells.length; i += across) {
      const row = el("tr", i && i / across % block === 0 ? { class: "next" } : {});
      for (let j = i; j < Math.min(i + across, array.cells.length); j++) {
        const scalar = array.shape.length ? "" : " scalar";
        row.append(el("td", { class: (scalar ? "" : array.levels[j]) + scalar, title: array.full[j] }, array.cells[j]));
      }
      table.append(row);
    }
    return el("div", { class: "scroll" }, table);
  }
  if (!array.levels) return el("p", { class: "said" }, array.said);
  const size = Math.max(3, Math.min(12, 190 / array.columns, 120 / array.rows));
  const width = Math.max(size * array.columns, 24), height = Math.max(size * array.rows, 12);
  const picture = draw("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": "heat map" });
  picture.append(heat(array, width, height, [99, 99]));
  const both = el("div", { class: "large" }, picture);
  if (array.bars.length) {
    const bars = draw("svg", { class: "bars", width: 96, height: 48, viewBox: "0 0 96 48", role: "img", "aria-label": "histogram" });
    const most = Math.max(...array.bars), w = 96 / array.bars.length;
    array.bars.forEach((count, i) => {
      const h = count ? Math.max(1, 46 * count / most) : 0;
      bars.append(draw("rect", { x: i * w + .5, y: 48 - h, width: w - 1, height: h }));
    });
    both.append(bars);
  }
  return el("div", {}, both, el("p", {}, array.said));
}

const sign = text => el("span", { class: "sign" }, text);

function source(line) {
  return line ? el("code", { class: "source" }, el("small", {}, `${line.file}, line ${line.number}`), line.text) : "";
}

// ------------------------------------------------------------------ the panel
const d = t => `∂${loss}/∂${data.tensors[t].name}`;
const panels = {
  start: () => [
    el("p", { class: "kicker plain" }, "Start"),
    el("h2", {}, "First forward, then back"),
    el("p", {}, "The computation runs from the top to the bottom. Then the gradient goes back up the same arrows: each op takes what arrives, multiplies it by its own derivative, and passes it on. Where a tensor was used twice, two gradients arrive and are added."),
    el("p", { class: "said" }, "Arrow keys step, Home and End jump, Space plays. Click a box to see its numbers."),
    data.hint ? el("p", { class: "said" }, data.hint) : "",
  ],
  forward: ({ i, step }) => [
    el("p", { class: "kicker" }, `Forward, ${i + 1} of ${data.forward.length}`),
    el("h2", {}, `${step.op} gives `, nameOf(step.result)),
    source(step.line),
    step.formula ? el("p", { class: "formula" }, `${step.formula}`) : "",
    step.params.length ? el("p", { class: "facts" }, step.params.join(", ")) : "",
    el("div", { class: "equation" },
      ...step.inputs.flatMap((t, j) => [j ? sign(",") : "", valueOf(t, step.names[j])]), sign("→"), valueOf(step.result, "")),
  ],
  seed: () => [
    el("p", { class: "kicker back" }, "The turn"),
    el("h2", {}, "Backward begins"),
    el("p", {}, data.outputs.length === 1 ? "How much does the result change where the result changes by 1? By 1." : "Backward begins at each of the results."),
    ...data.outputs.map(({ tensor, seed }) => el("div", { class: "card" }, el("h3", {}, nameOf(tensor)), figure(d(tensor), seed, "gradient"))),
  ],
  back: ({ i, back, step }) => [
    el("p", { class: "kicker back" }, `Backward, ${i + 1} of ${data.back.length}`),
    el("h2", {}, `${step.op}, at `, nameOf(step.result)),
    source(step.line),
    step.formula ? el("p", { class: "facts" }, `forward: ${step.formula}`) : "",
    el("div", { class: "arrives" }, figure(`g = ${d(step.result)} arrives`, back.g, "gradient")),
    ...back.inputs.map(given => passed(back, step, given)),
    back.inputs.length ? "" : el("p", { class: "said" }, "It passes nothing on."),
  ],
  end: () => [
    el("p", { class: "kicker plain" }, "End"),
    el("h2", {}, "The gradients of the leaves"),
    ...data.tensors.map((tensor, t) => tensor.kind !== "leaf" ? "" :
      el("div", { class: "card leaf-gradient", "data-name": tensor.name }, el("h3", {}, nameOf(t), " ", el("span", { class: "shape" }, times(tensor.shape))),
        tensor.grad === null ? el("p", { class: "said" }, "No gradient arrives.") : figure(d(t), tensor.grad, "gradient"))),
  ],
};

function valueOf(t, called) {
  const tensor = data.tensors[t];
  const caption = called && called !== tensor.name ? `${called} = ${tensor.name}` : tensor.name;
  return tensor.value === undefined
    ? el("figure", { class: "array" }, el("figcaption", {}, caption), el("p", { class: "said" }, tensor.why))
    : figure(caption, tensor.value);
}

function passed(back, step, given) {
  const t = step.inputs[given.at];
  const slopes = given.derivative === null ? null : data.arrays[given.derivative];
  const rule = given.formula ? el("p", { class: "formula" }, given.formula) : "";
  const passedOn = figure("passed on", given.passed, "gradient");
  const equation = el("div", { class: "equation" });
  let reads = "";
  if (slopes) {
    // The gradient stands above: again only where one sees how it is multiplied, number by number.
    equation.append(slopes.cells ? figure("g", back.g, "gradient") : el("span", { class: "g" }, "g"));
    equation.append(sign("×"), figure(`∂${step.op}/∂${step.names[given.at]}`, given.derivative), sign("="));
    if (data.arrays[given.passed].shape.join() !== slopes.shape.join()) passedOn.firstChild.textContent = "passed on: summed over what it was repeated for";
    equation.append(passedOn);
  } else {
    equation.append(given.formula ? rule : el("span", { class: "g" }, "g"), sign(given.formula ? "=" : "→"), passedOn);
    if (given.reads.length) reads = el("div", { class: "equation reads" }, sign("where"), ...given.reads.map(([name, array]) => figure(name, array)));
  }
  return el("article", { class: "card", "data-input": step.names[given.at] },
    el("h3", {}, "to ", nameOf(t), " ", el("span", { class: "shape" }, times(data.tensors[t].shape))),
    slopes ? rule : "",
    equation,
    reads,
    given.before === null ? "" : el("div", { class: "card sum" },
      el("h3", {}, `Paths meet at ${data.tensors[t].name}: they add up`),
      el("div", { class: "equation" }, figure("so far", given.before, "gradient"), sign("+"), figure("this path", given.passed, "gradient"),
        sign("="), figure("together", given.after, "gradient"))));
}

function inspector(t) {
  const tensor = data.tensors[t], used = uses[t], made = used.made ? data.forward[used.made - 1] : null;
  const kinds = { leaf: "A leaf that takes a gradient", result: "A result", constant: "It takes no gradient", earlier: "A result of a step that is left out" };
  const g = gradientAt(t, now);
  const go = (at, text) => el("button", { class: "go", type: "button", onclick: () => show(at) }, text);
  return [
    el("div", { class: "row" }, el("button", { class: "go", type: "button", id: "return", onclick: () => show(now) }, "← back to the step")),
    el("p", { class: "kicker plain" }, kinds[tensor.kind]),
    el("h2", {}, el("bdi", {}, tensor.name), " ", el("span", { class: "shape" }, [times(tensor.shape), tensor.dtype].filter(Boolean).join(", "))),
    made ? el("p", { class: "formula" }, `${made.op}: ${made.formula}`) : "",
    made ? source(made.line) : "",
    made && !made.line && data.hint ? el("p", { class: "said" }, data.hint) : "",
    el("div", { class: "card" }, el("h3", {}, "Value"), tensor.value === undefined ? el("p", { class: "said" }, tensor.why) : content(data.arrays[tensor.value])),
    tensor.kind === "constant" ? "" : el("div", { class: "card inspected" },
      el("h3", {}, g === null || now >= completeAt[t] || now === frames.length - 1 ? "Gradient" : "Gradient so far"),
      g !== null ? figure(d(t), g, "gradient") : el("p", { class: "said" },
        tensor.grad === null ? "No gradient arrives here." : "It has not arrived yet at this step.")),
    el("div", { class: "row" },
      used.made ? go(used.made, "where it is made") : "",
      ...used.read.slice(0, 6).map(at => go(at, `read by ${data.forward[at - 1].op}`)),
      used.back ? go(used.back, "its step back") : ""),
  ];
}

// ------------------------------------------------------------------ the picture
const nodes = [...document.querySelectorAll(".node")];
const edges = new Map([...document.querySelectorAll(".edge")].map(edge => [edge.dataset.edge, edge]));
let now = 0, chosen = null, timer = null, scale = 1;

nodes.forEach(node => {
  const t = Number(node.dataset.tensor), tensor = data.tensors[t];
  const box = node.querySelector("rect"), width = Number(box.getAttribute("width")), height = Number(box.getAttribute("height"));
  const array = tensor.value === undefined ? null : data.arrays[tensor.value];
  if (array && array.shape.length && array.levels) thumb(node, array, width - (tensor.kind === "constant" ? 52 : 102), height, "value-heat");
  node.addEventListener("click", () => choose(t));
});

function thumb(node, array, x, height, kind) {
  const picture = heat(array, 44, 22, [6, 10]);
  picture.classList.add(kind);
  picture.setAttribute("transform", `translate(${x} ${height - 28})`);
  node.insertBefore(picture, node.querySelector(".ring"));
}

function paint() {
  const frame = frames[now];
  const gets = new Set(frame.kind === "back" ? frame.back.inputs.map(given => frame.step.inputs[given.at]) : []);
  nodes.forEach(node => {
    const t = Number(node.dataset.tensor);
    const here = (frame.kind === "forward" || frame.kind === "back") && frame.step.result === t;
    const seeded = frame.kind === "seed" && data.outputs.some(output => output.tensor === t);
    node.classList.toggle("ahead", computedAt[t] > now);
    node.classList.toggle("now", here || seeded);
    node.classList.toggle("back", frame.kind === "back" || frame.kind === "seed");
    node.classList.toggle("gets", gets.has(t));
    node.classList.toggle("chosen", chosen === t);
    slope(node, t);
  });
  edges.forEach(edge => { edge.classList.remove("now", "back"); edge.setAttribute("marker-end", "url(#forth)"); edge.removeAttribute("marker-start"); });
  data.forward.forEach((step, i) => step.inputs.forEach((_, j) => {
    const edge = edges.get(`${i}-${j}`);
    edge.classList.toggle("ahead", i + 1 > now);
    edge.classList.toggle("now", frame.kind === "forward" && frame.i === i);
  }));
  const flows = by("flows");
  flows.replaceChildren();
  data.back.forEach((back, i) => {
    const at = seedAt + 1 + i;
    if (at > now) return;
    back.inputs.forEach((given, place) => {
      const edge = edges.get(`${back.step}-${given.at}`);
      edge.classList.add("back");
      edge.removeAttribute("marker-end");
      edge.setAttribute("marker-start", "url(#forth)");
      if (at !== now) return;
      edge.classList.add("now");
      const array = data.arrays[given.passed];
      if (!array.cells || array.cells.length > 1) return;
      // Beside the arrow, away from the others; below it where it is slanted.
      const length = edge.getTotalLength(), middle = edge.getPointAtLength(length / 2);
      const slant = edge.getPointAtLength(length).x - edge.getPointAtLength(0).x;
      const left = Math.abs(slant) > 20 ? slant > 0 : place < back.inputs.length / 2 && back.inputs.length > 1;
      const y = middle.y + (Math.abs(slant) > 20 ? 12 : 4);
      const label = draw("text", { class: "flow", x: middle.x + (left ? -8 : 8), y, "text-anchor": left ? "end" : "start" });
      label.textContent = array.cells[0] || "";
      flows.append(label);
    });
  });
}

// The gradient in a box, as far as it has come.
function slope(node, t) {
  const g = gradientAt(t, now);
  if (node.dataset.shown === String(g)) return;
  node.dataset.shown = String(g);
  node.querySelectorAll(".slope, .slope-heat").forEach(old => old.remove());
  if (g === null) return;
  const array = data.arrays[g], box = node.querySelector("rect");
  const width = Number(box.getAttribute("width")), height = Number(box.getAttribute("height"));
  if (array.shape.length && array.levels) return thumb(node, array, width - 50, height, "slope-heat");
  const label = draw("text", { class: "slope", x: width - 9, y: height - 8, "text-anchor": "end" });
  label.textContent = array.cells ? `∂ ${array.cells[0]}` : "∂";
  node.insertBefore(label, node.querySelector(".ring"));
}

function follow() {
  const frame = frames[now];
  const t = chosen !== null ? chosen : frame.step ? frame.step.result : frame.kind === "seed" ? data.outputs[0].tensor : null;
  const area = by("picture");
  if (t === null) { area.scrollTop = frame.kind === "start" ? 0 : area.scrollTop; return; }
  const place = nodes.find(node => Number(node.dataset.tensor) === t).getBoundingClientRect(), outer = area.getBoundingClientRect();
  const near = 60;
  if (place.top < outer.top + near || place.bottom > outer.bottom - near) area.scrollTop += (place.top + place.bottom - outer.top - outer.bottom) / 2;
  if (place.left < outer.left + 20 || place.right > outer.right - 20) area.scrollLeft += (place.left + place.right - outer.left - outer.right) / 2;
}

function zoom(to) {
  const picture = by("picture").querySelector("svg"), box = picture.viewBox.baseVal;
  scale = Math.min(2, Math.max(.3, to));
  picture.setAttribute("width", box.width * scale);
  picture.setAttribute("height", box.height * scale);
  follow();
}

// ------------------------------------------------------------------ moving
function show(frame) {
  now = Math.min(frames.length - 1, Math.max(0, frame));
  chosen = null;
  const { kind, i } = frames[now];
  const said = { start: "Start", forward: `Forward ${i + 1} of ${data.forward.length}`, seed: "The turn", back: `Back ${i + 1} of ${data.back.length}`, end: "End" }[kind];
  by("step").value = now;
  by("step").setAttribute("aria-valuetext", frames[now].step ? `${said}: ${frames[now].step.op}` : said);
  by("where").textContent = said;
  by("first").disabled = by("before").disabled = now === 0;
  by("last").disabled = by("after").disabled = now === frames.length - 1;
  fill(panels[kind](frames[now]));
}

function choose(t) {
  play(false);
  chosen = t;
  fill(inspector(t));
  const top = by("panel").getBoundingClientRect().top;
  if (top > window.innerHeight - 160 || top < 0) by("panel").scrollIntoView();  // on a phone it stands below
}

function fill(items) {
  by("panel").replaceChildren(...items.filter(item => item !== ""));
  by("panel").scrollTop = 0;
  paint();
  follow();
}

function play(on) {
  clearTimeout(timer);
  timer = null;
  by("play").setAttribute("aria-pressed", on);
  by("play").setAttribute("aria-label", on ? "Pause" : "Play");
  if (!on) return;
  if (now === frames.length - 1) show(0);
  timer = setTimeout(function next() {
    show(now + 1);
    if (now === frames.length - 1) return play(false);
    timer = setTimeout(next, 1400);
  }, 500);
}

function move(to) { play(false); show(to); }

by("step").max = frames.length - 1;
by("step").style.setProperty("--turn", `${100 * (seedAt - .5) / (frames.length - 1)}%`);
by("step").addEventListener("input", event => move(Number(event.target.value)));
by("first").addEventListener("click", () => move(0));
by("before").addEventListener("click", () => move(now - 1));
by("play").addEventListener("click", () => play(timer === null));
by("after").addEventListener("click", () => move(now + 1));
by("last").addEventListener("click", () => move(frames.length - 1));
by("smaller").addEventListener("click", () => zoom(scale / 1.25));
by("larger").addEventListener("click", () => zoom(scale * 1.25));
document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const on = event.target, key = event.key;
  const keys = { ArrowRight: now + 1, ArrowDown: now + 1, ArrowLeft: now - 1, ArrowUp: now - 1, Home: 0, End: frames.length - 1 };
  if (on.classList.contains("node") && (key === "Enter" || key === " ")) choose(Number(on.dataset.tensor));
  else if (key === "Escape" && chosen !== null) show(now);
  else if (key === " " && on.tagName !== "BUTTON") play(timer === null);
  else if (key in keys) move(keys[key]);
  else return;
  event.preventDefault();
});

const natural = by("picture").querySelector("svg").viewBox.baseVal, room = by("picture").getBoundingClientRect();
zoom(Math.max(.7, Math.min(1.3, (room.width - 36) / natural.width, Math.max(1, (room.height - 36) / natural.height))));
show(0);
