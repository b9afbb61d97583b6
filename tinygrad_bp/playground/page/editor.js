// The program: a text area over its coloured copy, which gives both their size; the numbers of its lines beside them.
const editor = (() => {
  const code = document.getElementById("code");
  const coloured = document.getElementById("coloured");
  const numbers = document.getElementById("numbers");
  const TOKENS = new RegExp(
    [
      String.raw`(?<comment>#.*)`,
      String.raw`(?<string>[rbfuRBFU]{0,2}(?:"""[^]*?(?:"""|$)|'''[^]*?(?:'''|$)|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?))`,
      String.raw`(?<number>\b(?:0[xXoObB][\da-fA-F_]+|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?j?)\b)`,
      String.raw`(?<keyword>\b(?:False|None|True|and|as|assert|async|await|break|class|continue|def|del|elif|else|except|finally|for|from|global|if|import|in|is|lambda|nonlocal|not|or|pass|raise|return|try|while|with|yield)\b)`,
      String.raw`(?<call>\b[\p{L}_][\p{L}\d_]*(?=\())`,
      String.raw`[\p{L}_][\p{L}\d_]*`,
    ].join("|"),
    "gu",
  );

  function colour() {
    const parts = [];
    let end = 0;
    for (const token of code.value.matchAll(TOKENS)) {
      const [kind] = Object.entries(token.groups).find(([, text]) => text !== undefined) ?? [];
      if (!kind) continue;
      const span = document.createElement("span");
      span.className = kind;
      span.textContent = token[0];
      parts.push(code.value.slice(end, token.index), span);
      end = token.index + token[0].length;
    }
    coloured.replaceChildren(...parts, code.value.slice(end), "\n");
    numbers.textContent = code.value.split("\n").map((_, i) => i + 1).join("\n");
  }

  // As if it were typed, so that it can be undone.
  function type(text, from = code.selectionStart, to = code.selectionEnd) {
    code.setSelectionRange(from, to);
    document.execCommand(text ? "insertText" : "delete", false, text);
  }

  function shift(back) {
    const { selectionStart: start, selectionEnd: end, value } = code;
    const first = value.lastIndexOf("\n", start - 1) + 1;
    if (!back && start === end) return type(" ".repeat(4 - ((start - first) % 4)));
    const last = value.indexOf("\n", Math.max(start, end - 1));
    const lines = value.slice(first, last < 0 ? value.length : last);
    const moved = back ? lines.replace(/^ {1,4}/gm, "") : lines.replace(/^(?=.)/gm, "    ");
    if (moved === lines) return;
    type(moved, first, first + lines.length);
    const stays = start === end ? Math.max(first, start + moved.length - lines.length) : first;
    code.setSelectionRange(stays, start === end ? stays : first + moved.length);
  }

  function newline() {
    const line = code.value.slice(0, code.selectionStart).split("\n").pop();
    type(`\n${line.match(/^ */)[0]}${/:\s*(#.*)?$/.test(line) ? "    " : ""}`);
  }

  let leaving = false; // after Escape, Tab goes to what comes next
  code.addEventListener("keydown", (event) => {
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (event.key === "Tab" && plain && !leaving) shift(event.shiftKey);
    else if (event.key === "Enter" && plain && !event.shiftKey && !event.isComposing) newline();
    else {
      if (event.key !== "Shift") leaving = event.key === "Escape";
      return;
    }
    event.preventDefault();
  });
  code.addEventListener("blur", () => (leaving = false));
  code.addEventListener("input", colour);

  return {
    get text() {
      return code.value;
    },
    set text(text) {
      code.value = text;
      colour();
    },
    onInput: (listener) => code.addEventListener("input", listener),
  };
})();
