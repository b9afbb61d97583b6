// Python, beside the page, so that the page stays alive and an endless loop can be stopped. The page makes a worker of the
// text of this function: a page opened from a disk may load scripts, but no worker and nothing by fetch.
function pythonBeside() {
  const LIMIT = 1e6; // characters that one run may print
  const decoder = new TextDecoder();
  let parts = [], printed = 0, sent = 0;

  function send() {
    if (parts.length) postMessage({ parts });
    parts = [];
    sent = performance.now();
  }

  function say(kind, what) {
    if (kind !== "show") {
      if (printed > LIMIT) return;
      printed += what.length;
      if (printed > LIMIT) what = `${what.slice(0, LIMIT - printed)}\n… what is printed from here on is left out\n`;
      const last = parts.at(-1);
      if (last?.[0] === kind) last[1] += what;
      else parts.push([kind, what]);
    } else parts.push([kind, what]);
    if (performance.now() - sent > 50) send();
  }

  const stream = (kind) => ({
    write(bytes) {
      say(kind, decoder.decode(bytes, { stream: true }));
      return bytes.length;
    },
  });

  async function start(files) {
    const bytes = (name) => new Response(files[name]).arrayBuffer();
    const load = (name) => importScripts(URL.createObjectURL(files[name]));
    // Pyodide asks for its files by name: they are here.
    const network = self.fetch;
    self.fetch = async (url) =>
      new Response(files[String(url).split("/").pop()], { headers: { "Content-Type": "application/wasm" } });
    load("viz-global.js");
    load("pyodide.js");
    load("pyodide.asm.js");
    const viz = Viz.instance();
    const python = await loadPyodide({
      indexURL: "https://files.invalid/",
      lockFileContents: '{"info": {"abi_version": "2025_0", "arch": "wasm32", "platform": "emscripten_4_0_9", "python": "3.13.2", "version": "0.29.0"}, "packages": {}}',
      checkAPIVersion: true,
    });
    for (const name of Object.keys(files).filter((name) => /\.(whl|zip)$/.test(name) && name !== "python_stdlib.zip")) {
      python.unpackArchive(await bytes(name), "zip", { extractDir: "/lib/python3.13/site-packages" });
    }
    self.fetch = network;
    python.setStdin({ stdin: () => null });
    python.setStdout(stream("out"));
    python.setStderr(stream("err"));
    const laidOut = await viz;
    const running = python.pyimport("tinygrad_bp.playground.running");
    running.start(
      (kind, text) => say("show", [kind, text]),
      (source, engine, format) => laidOut.render(source, { engine, format }),
    );
    self.onmessage = ({ data }) => {
      printed = 0;
      running.run(data.run);
      send();
      postMessage({ done: true });
    };
    postMessage({ ready: running.versions() });
  }

  self.onmessage = ({ data }) => start(data.start).catch((error) => postMessage({ failed: String(error) }));
}
