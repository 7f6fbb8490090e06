// The note beneath a row: how it is read, a word that its encoder can't read, and what to write instead.
const TOKEN = /[\p{L}\p{M}\p{N}_]+|[^\p{L}\p{M}\p{N}_\s]+/gu; // as the encoders' tokenizers cut a text
// Punctuation that the small encoders skip, and what parts prompts that are pasted into one row.
const SILENT = /^[.,;:!?…"“”„'’‘()[\]|-]+$/u;
const NOTED = 3; // words of a row that are noted at once
let readable = null; // the world whose words can be read alone; null: any word can

// As otgen.guidance.words does: a word in the other number is read too.
const OTHER_NUMBER = [["ies", "y"], ["es", ""], ["s", ""], ["", "s"]];
const familiar = (known, word) => known.has(word) || (word.length > 3 && OTHER_NUMBER.some(([end, other]) =>
  word.endsWith(end) && known.has(word.slice(0, word.length - end.length) + other)));

const wordsOf = (text) => [...text.toLowerCase().matchAll(TOKEN)].map(([token]) => token);

// The words of a row that are not known, each once. One that is still being typed may become known.
// read: the prompts that the row is read as, whose weights and places are no words.
function strangersIn(input, read) {
  if (!readable || PICTURE.test(input.value)) return [];
  const known = new Set(readable.known), found = new Set();
  const meant = read && new Set(read.flatMap(({ text }) => wordsOf(text)));
  const caret = document.activeElement === input ? input.selectionStart : -1;
  for (const { 0: token, index } of input.value.matchAll(TOKEN)) {
    const word = token.toLowerCase();
    if (SILENT.test(word) || (meant && !meant.has(word))) continue;
    const growing = index + token.length === caret && readable.known.some((other) => other.startsWith(word));
    if (!familiar(known, word) && !growing) found.add(word);
  }
  return [...found];
}

// Write another word in the place of one, or none; its article follows.
function instead(input, stranger, word) {
  const tokens = [...input.value.matchAll(TOKEN)].filter(({ 0: token }) => token.toLowerCase() === stranger);
  let text = input.value;
  for (const { 0: token, index } of tokens.reverse()) {
    const before = text.slice(0, index), after = text.slice(index + token.length);
    const next = (word || after).trim();
    const fitting = next ? before.replace(/(^|\s)(a)n?(\s+)$/i, (_, gap, a, blank) => gap + a + an(next).slice(1) + blank) : before;
    text = fitting + (word && /\S$/.test(fitting) ? " " : "") + word + after;
  }
  input.value = text.replace(/\s+/g, " ").trim();
  input.dispatchEvent(new Event("input", { bubbles: true }));
}

function choice(stranger, word) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = word || "leave out";
  button.className = word ? "chip" : "leave";
  button.setAttribute("aria-label", word ? `${word}, instead of ${stranger}` : `leave out ${stranger}`);
  Object.assign(button.dataset, { stranger, word });
  return button;
}

function noteOf(stranger) {
  const line = document.createElement("p"), said = document.createElement("span"), name = document.createElement("bdi");
  name.textContent = stranger.length > 24 ? `${stranger.slice(0, 24)}…` : stranger;
  said.append("Not known: “", name, "”");
  line.append(said, ...[...nearest(readable, stranger), ""].map((word) => choice(stranger, word)));
  return line;
}

// A note that says the same stays as it is: a click on it must find it.
function note(row) {
  const box = row.querySelector(".note"), input = row.querySelector(".text");
  const alone = ending(row), read = alone ? [alone] : pieces(row), dim = unclear(row);
  const found = dim ? [] : strangersIn(input, read), key = JSON.stringify([found, readable === null, read, dim]);
  if (box.dataset.key === key) return;
  box.dataset.key = key;
  box.replaceChildren(...found.slice(0, NOTED).map(noteOf));
  if (found.length > NOTED) {
    const more = document.createElement("p");
    more.textContent = `and ${found.length - NOTED} more`;
    box.append(more);
  }
  if (read) box.prepend(readNote(read, row));
  if (dim) box.prepend(unclearNote(dim));
  if (box.childElementCount) input.setAttribute("aria-describedby", box.id);
  else input.removeAttribute("aria-describedby");
}
function noteAll() { element.querySelectorAll(".rows li").forEach(note); }

// A note or a new row moves what is below it, so it waits until a press has become a click: else that click would miss.
let pressed = false;
const settle = () => {
  if (pressed) return;
  partAll();
  noteAll();
};
document.addEventListener("pointerdown", () => { pressed = true; }, true);
for (const kind of ["pointerup", "pointercancel"]) {
  document.addEventListener(kind, () => { pressed = false; setTimeout(settle); }, true);
}

const noted = element.querySelector(".rows");
noted.addEventListener("focusout", () => setTimeout(settle));
noted.addEventListener("mousedown", (event) => {
  if (event.target.closest(".note")) event.preventDefault(); // the focus, and so the note, stays
});
noted.addEventListener("click", (event) => {
  const button = event.target.closest(".note button");
  if (!button) return;
  const input = button.closest("li").querySelector(".text"), byKey = document.activeElement === button;
  instead(input, button.dataset.stranger, button.dataset.word);
  if (byKey) input.focus();
});
