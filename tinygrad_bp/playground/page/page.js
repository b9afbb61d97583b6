// The page: it starts Python in a worker, gives it the program and shows what comes back, always as text, as an image or
// in a frame of its own, so that nothing in a program or in a name is ever run by the page itself.
const element = (id) => document.getElementById(id);
const [runButton, linkButton, status, output, examples] = ["run", "link", "status", "output", "examples"].map(element);
// phase: starting, ready, running or failed; waiting: the program to run once Python has started
const state = { phase: "starting", files: null, worker: null, waiting: null, since: 0 };

// ---------------------------------------------------------------------- the files of Python

const arriving = new Map();

// What a file of the folder `files` calls: a name, and the file's bytes, compressed, in base64.
function here(name, base64) {
  const bytes = Uint8Array.fromBase64?.(base64) ?? Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  arriving.get(name)(new Response(stream).blob());
}

const fromFolder = (name) =>
  new Promise((resolve, reject) => {
    arriving.set(name, resolve);
    const script = document.createElement("script");
    script.src = `files/${name}.js`;
    script.onerror = () => reject(new Error(`files/${name}.js, a part of this playground, is not there: make the folder again`));
    document.head.append(script);
  });

async function fromNetwork(name, { url, integrity }) {
  let answer;
  try {
    answer = await fetch(url, { integrity });
  } catch {
    throw new Error(
      `${url} cannot be had, or is not the file that it was. Without a network, use a playground that was made with ` +
        "python -m tinygrad_bp.playground FOLDER --pyodide FILES",
    );
  }
  if (!answer.ok) throw new Error(`${url} cannot be had: ${answer.status} ${answer.statusText}`);
  return answer.blob();
}

async function gathered() {
  const found = Object.entries(PARTS.files).map(async ([name, place]) => [
    name,
    await (place ? fromNetwork(name, place) : fromFolder(name)),
  ]);
  return Object.fromEntries(await Promise.all(found));
}

// ---------------------------------------------------------------------- Python

async function start() {
  state.phase = "starting";
  state.since = performance.now();
  say("Starting Python…");
  try {
    state.files ??= await gathered();
  } catch (error) {
    return failed(error.message);
  }
  const source = URL.createObjectURL(new Blob([`(${pythonBeside})()`], { type: "text/javascript" }));
  const worker = new Worker(source);
  state.worker = worker;
  worker.onmessage = ({ data }) => worker === state.worker && heard(data);
  worker.onerror = (event) => failed(event.message);
  worker.postMessage({ start: state.files });
}

const seconds = () => ((performance.now() - state.since) / 1000).toFixed(1);

function heard({ ready, parts, done, failed: reason }) {
  if (reason) return failed(reason);
  if (parts) show(parts);
  if (ready) {
    state.phase = "ready";
    element("versions").textContent = ready;
    say(`Ready after ${seconds()} s`);
    if (state.waiting !== null) begin(state.waiting);
  }
  if (done) {
    say(`Done in ${seconds()} s`);
    idle("ready");
  }
}

function failed(reason) {
  say(state.phase === "running" ? "Python broke off" : "Python did not start");
  state.worker?.terminate();
  idle("failed"); // the next run starts it again
  write("err", `${reason}\n`);
}

function idle(phase) {
  state.phase = phase;
  state.waiting = null;
  runButton.textContent = "Run";
  runButton.className = "";
  runButton.title = "Ctrl+Enter";
}

function begin(program) {
  state.waiting = null;
  state.phase = "running";
  state.since = performance.now();
  say("Running…");
  state.worker.postMessage({ run: program });
}

function run() {
  if (state.phase === "running" || state.waiting !== null) return;
  output.replaceChildren();
  runButton.textContent = "Stop";
  runButton.className = "stop";
  runButton.title = "Ends the program";
  if (state.phase === "ready") return begin(editor.text);
  state.waiting = editor.text; // until Python is there
  if (state.phase === "failed") start();
}

function stop() {
  if (state.phase !== "running") return idle(state.phase);
  state.worker.terminate();
  idle("starting");
  write("err", "Stopped.\n");
  start();
}

// ---------------------------------------------------------------------- what is shown

function say(text) {
  status.textContent = text;
}

// Sentences break their lines; what stands in columns keeps them, and scrolls.
function write(kind, text) {
  let last = output.lastElementChild;
  if (last?.className !== kind) {
    last = document.createElement("pre");
    last.className = kind;
    output.append(last);
  }
  for (const line of text.match(/[^\n]*\n|[^\n]+$/g) ?? []) {
    if (!/\S {2,}\S|^ {8}|^ {2}.* = /.test(line)) last.append(line);
    else last.append(Object.assign(document.createElement("span"), { className: "columns", textContent: line }));
  }
}

function image(kind, data) {
  const button = document.createElement("button");
  const picture = document.createElement("img");
  button.type = "button";
  button.className = "picture";
  button.title = "Fit the width, or the size that it has";
  picture.alt = "Picture";
  picture.src = `data:${kind};${kind === "image/png" ? "base64," + data : "charset=utf-8," + encodeURIComponent(data)}`;
  button.append(picture);
  button.onclick = () => button.classList.toggle("whole");
  output.append(button);
}

const FRAME = `<!doctype html><meta name="color-scheme" content="light dark"><style>
  body { margin: 0; font: 14px/1.45 system-ui, sans-serif; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  table { border-collapse: collapse; }
  td, th { padding: 0.35em 0.9em 0.35em 0; text-align: left; vertical-align: top; border-bottom: 1px solid #8886; }
</style>`;
const HEIGHT = `<script>
  new ResizeObserver(() => parent.postMessage({ height: document.documentElement.offsetHeight }, "*"))
    .observe(document.documentElement);
</script>`;

// HTML runs in a frame that has no origin: it sees neither this page nor a network. It says how high it is.
function frame(html) {
  const frame = document.createElement("iframe");
  frame.title = "Result";
  frame.setAttribute("sandbox", "allow-scripts");
  frame.srcdoc = FRAME + html + HEIGHT;
  output.append(frame);
}

addEventListener("message", ({ source, data }) => {
  const sender = [...output.querySelectorAll("iframe")].find((frame) => frame.contentWindow === source);
  if (sender && data?.height > 0) sender.style.height = `${Math.min(Math.ceil(data.height), 4000)}px`;
});

function show(parts) {
  for (const [kind, what] of parts) {
    if (kind !== "show") write(kind, what);
    else if (what[0] === "text/html") frame(what[1]);
    else image(what[0], what[1]);
  }
}

// ---------------------------------------------------------------------- examples and links

function fill() {
  const given = location.hash.slice(1);
  const cut = given.indexOf("=");
  const [kind, value] = [given.slice(0, cut), given.slice(cut + 1)];
  let text = (!given && kept()) || PARTS.examples[0].code;
  try {
    if (kind === "code") text = decodeURIComponent(value);
    if (kind === "example") text = PARTS.examples.find(({ name }) => name === value)?.code ?? text;
  } catch {
    write("err", "The link of this page is cut or damaged: it holds no program.\n");
  }
  if (text !== editor.text) editor.text = text;
  chosen();
}

// A program that was changed is there again when the page is loaded again; a browser may refuse to keep it.
function keep() {
  try {
    sessionStorage.program = editor.text;
    if (location.hash) history.replaceState(null, "", location.href.split("#")[0]);
  } catch {}
  chosen();
}

function kept() {
  try {
    return sessionStorage.program;
  } catch {}
}

const named = () => PARTS.examples.find(({ code }) => code === editor.text)?.name;

function chosen() {
  examples.value = named() ?? "";
}

async function copyLink() {
  const name = named();
  const fragment = name ? `example=${name}` : `code=${encodeURIComponent(editor.text)}`;
  history.replaceState(null, "", `#${fragment}`);
  try {
    await navigator.clipboard.writeText(location.href);
    say("Link copied");
  } catch {
    say("The link is in the address bar");
  }
}

examples.append(new Option("your own", ""), ...PARTS.examples.map(({ name, title }) => new Option(title, name)));
examples.options[0].hidden = true;
examples.onchange = () => {
  history.replaceState(null, "", `#example=${examples.value}`);
  fill();
};
runButton.onclick = () => (runButton.className === "stop" ? stop() : run());
linkButton.onclick = copyLink;
editor.onInput(keep);
addEventListener("hashchange", fill);
addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  run();
});
fill();
start();
