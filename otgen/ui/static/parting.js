// Prompts that are typed into one row, parted by |: how they are read, and the rows that they become.
const PLACED = new RegExp(`^(.*\\S)\\s+[@＠]\\s*(${ENDING})(?:\\s*[:：]\\s*(\\S+))?$`, "iu");
const WEIGHED = /^(.*?\S)(?:\s+|(?<=\p{L}))[:：]\s*([+-]?(?:\d|\.\d|nan|inf)\S*)$/iu;
const PLAIN = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)\s*$/;

// A prompt of such a row, {text, weight, place}; null where its weight is no number. Its weight times the row's own.
function piece(typed, own, chosen) {
  let [, text, place, weight] = PLACED.exec(typed) ?? [null, typed, "", undefined];
  if (/^anywhere/i.test(place)) [text, place] = [`${text} @anywhere`, ""];
  if (weight === undefined) [, text, weight] = WEIGHED.exec(text) ?? [null, text, "1"];
  return PLAIN.test(weight) ? { text, weight: String(own * Number(weight)), place: named(place) || chosen } : null;
}

// The prompts that a row is read as; null where it is one, or where that can't be told.
function pieces(row) {
  const typed = textOf(row).value, own = weightOf(row).value.replace("−", "-");
  const parted = typed.split("|").map((part) => part.trim()).filter(Boolean);
  if (!typed.includes("|") || !parted.length || !PLAIN.test(own)) return null;
  const read = parted.map((part) => piece(part, Number(own), isNegative(row) ? "" : placeOf(row).value));
  return read.includes(null) ? null : read;
}

function saidOf({ text, weight, place }) {
  const more = [weight === "1" ? "" : `share ${weight}`, place && `@${place}`].filter(Boolean).join(", ");
  return [`“${text.length > 40 ? `${text.slice(0, 40)}…` : text}”`, more && ` (${more})`];
}

function partedNote(read) {
  const line = document.createElement("p"), said = document.createElement("span");
  said.append(`Read as ${read.length} prompt${read.length > 1 ? "s" : ""}: `);
  read.forEach((one, index) => {
    const [text, more] = saidOf(one), name = document.createElement("bdi");
    name.textContent = text;
    said.append(index ? ", " : "", name, more);
  });
  said.append(". Enter makes rows of them.");
  line.append(said);
  return line;
}

// Unless they would be too many: then the sentence at painting says so.
function part(row) {
  const read = pieces(row), focused = row.contains(document.activeElement);
  if (!read) return;
  const wanted = rows().filter((other) => other !== row && !isNegative(other)).length;
  if (wanted + read.filter(({ weight }) => Number(weight) >= 0).length > MOST) return;
  const made = read.map(make);
  row.replaceWith(...made);
  if (row === active) active = made.at(-1);
  if (focused) textOf(made.at(-1)).focus();
  tell();
  announce(`Rows made: ${read.map(({ text }) => text).join(", ")}`);
}
function partAll() { rows().filter((row) => !row.contains(document.activeElement)).forEach(part); }

// Before the rows' own Enter, which paints.
list.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches("input")) part(event.target.closest("li"));
}, true);
