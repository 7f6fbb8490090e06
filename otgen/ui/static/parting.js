// What is typed into one row, prompts parted by | or a weight and a place: how it is read, and what becomes of it.
const PLACED = new RegExp(`^(.*\\S)\\s+[@＠]\\s*(${ENDING})(?:\\s*[:：]\\s*(\\S+))?$`, "iu");
const WEIGHED = /^(.*?\S)(?:\s+|(?<=\p{L}))[:：]\s*([+＋−－-]?(?:[.,．，]?\p{Nd}|nan|inf)\S*)$/iu;
const PLAIN = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

// A number as people write it, also "1,5" and in full width; NaN where it is none. "1,000" may mean two.
function numberIn(typed) {
  const plain = typed.normalize("NFKC").replace("−", "-").trim();
  const pointed = /^[+-]?[1-9]\d{0,2},\d{3}$/.test(plain) ? plain : plain.replace(/^([+-]?\d*),(\d+)$/, "$1.$2");
  return PLAIN.test(pointed) ? Number(pointed) : NaN;
}

// A prompt of such a row, {text, weight, place}; null where its weight is no number.
// weigh: what becomes of the number that is written, if one is.
function piece(typed, weigh, chosen) {
  let [, text, place, weight] = PLACED.exec(typed) ?? [null, typed, "", undefined];
  if (/^anywhere/i.test(place)) [text, place] = [`${text} @anywhere`, ""];
  if (weight === undefined) [, text, weight] = WEIGHED.exec(text) ?? [null, text];
  const weighs = weigh(weight && numberIn(weight));
  return Number.isNaN(weighs) ? null : { text, weight: String(weighs), place: named(place) || chosen };
}

// The prompts that a row is read as; null where it is one, or where that can't be told.
function pieces(row) {
  const typed = textOf(row).value, own = numberIn(weightOf(row).value);
  const parted = typed.split("|").map((part) => part.trim()).filter(Boolean);
  if (!typed.includes("|") || !parted.length || Number.isNaN(own)) return null;
  const read = parted.map((part) => piece(part, (written = 1) => own * written, isNegative(row) ? "" : placeOf(row).value));
  return read.includes(null) ? null : read;
}

// The prompt of a row that ends in a weight or a place; null where it does not, or is as it was filled in or read.
function ending(row) {
  const typed = textOf(row).value.trim(), own = numberIn(weightOf(row).value), chosen = placeOf(row).value;
  if (typed.includes("|") || typed === row.dataset.read || Number.isNaN(own)) return null;
  const weigh = (written = own) => own < 0 ? -Math.abs(written) : written;
  const read = piece(typed, weigh, chosen);
  if (!read || read.text === typed) return null;
  if (Number(read.weight) >= 0 || read.place === chosen) return read;
  // What is not wanted has no place: the sentence at painting says so.
  return isNegative(row) ? null : { text: `${read.text} @${read.place}`, weight: read.weight, place: chosen };
}

// What looks as a weight and is not one that is clear.
function unclear(row) {
  const [, , weight] = (ending(row) || pieces(row) ? null : WEIGHED.exec(textOf(row).value.trim())) ?? [];
  return weight && textOf(row).value !== row.dataset.read && Number.isNaN(numberIn(weight)) ? weight : "";
}

// What was written behind a text moves to its fields, where it is seen how it was read.
function takeEnding(row) {
  const read = ending(row);
  if (!read) return;
  textOf(row).value = row.dataset.read = read.text;
  weightOf(row).value = read.weight;
  put(row, read.place);
  tell();
  const place = read.place && `, place ${read.place}`;
  announce(`Prompt ${rows().indexOf(row) + 1}: ${read.text}, share ${read.weight}${place}`);
}

function saidOf({ text, weight, place }) {
  const more = [weight === "1" ? "" : `share ${weight}`, place && `@${place}`].filter(Boolean).join(", ");
  return [`“${text.length > 40 ? `${text.slice(0, 40)}…` : text}”`, more && ` (${more})`];
}

function unclearNote(weight) {
  const line = document.createElement("p"), said = document.createElement("span"), name = document.createElement("bdi");
  name.textContent = weight;
  said.append("“", name, "” is not read as a weight: write 1.5 or 1000, without a comma.");
  line.append(said);
  return line;
}

function readNote(read, row) {
  const line = document.createElement("p"), said = document.createElement("span");
  const typed = textOf(row).value, parted = typed.includes("|");
  said.append(parted ? `Read as ${read.length} prompt${read.length > 1 ? "s" : ""}: ` : "Read as ");
  read.forEach((one, index) => {
    const [text, more] = saidOf(one), name = document.createElement("bdi");
    name.textContent = text;
    said.append(index ? ", " : "", name, more);
  });
  const asText = PLACED.test(typed.trim()) ? "@anywhere" : ":1";
  const meant = parted || WEIGHED.test(read[0].text) ? "" : ` If all is text, write ${asText} behind it.`;
  said.append(parted ? ". Enter makes rows of them." : `.${meant}`);
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
  if (event.key !== "Enter" || !event.target.matches("input")) return;
  const row = event.target.closest("li");
  part(row);
  takeEnding(row);
}, true);

// A field of one line drops line breaks, and here they part prompts. This way of writing can be undone by the browser.
list.addEventListener("paste", (event) => {
  const text = event.clipboardData.getData("text").trim();
  if (!text) takePictures(event, event.clipboardData);
  if (!event.target.matches(".text") || !/[\r\n]/.test(text)) return;
  event.preventDefault();
  document.execCommand("insertText", false, text.split(/\s*[\r\n]\s*/).join(" | "));
});
