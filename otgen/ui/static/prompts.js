// The prompt rows. `element`, `props`, `trigger` and `watch` are gradio's. The rows are built here and only here;
// props.value is always [{text, weight, place}] as typed, and texts only ever enter the page as values and text.
const MOST = props.most;
const CHOOSE = element.querySelector(".picture").title;
const list = element.querySelector(".rows");
const add = element.querySelector(".add"), avoid = element.querySelector(".avoid");
const chooser = element.querySelector(".picture");
let active = null; // the row that a word goes to
let made = 0; // rows so far: names their notes

const rows = () => [...list.children];
const textOf = (row) => row.querySelector(".text");
const isEmpty = (row) => !textOf(row).value.trim();
const weightOf = (row) => row.querySelector(".weight");
const placeOf = (row) => row.querySelector(".place");
const isNegative = (row) => /^\s*[-−]/.test(weightOf(row).value);
const free = () => rows().find((row) => isEmpty(row) && !isNegative(row));

// What may stand after an @ at a text's end: a name of a place, or a box of four parts of the sides.
const name = "(?:(?:top|upper|bottom|lower)[ -](?:left|right)|left|right|top|bottom|cent(?:re|er)|middle|anywhere)";
const boxOf = (part, gap) => `\\[?\\s*${part}(?:\\s*${gap}\\s*${part}){3}\\s*\\]?`;
// Between numbers with a decimal comma stands a semicolon.
const ENDING = `(?:${name}|${boxOf("[\\d.]+", "[,;]")}|${boxOf("[\\d,]+", ";")})\\s*!?`;
const PLACES = Object.keys(props.places);

// A place that was written, as it is kept.
function named(written) {
  const hard = written.endsWith("!") ? "!" : "", bare = written.replace("!", "").trim();
  const numbers = (bare.split(";").length === 4 ? bare.replaceAll(",", ".") : bare).match(/[\d.]+/g);
  const word = bare.toLowerCase().replace(/center|middle/, "centre").replace("upper", "top").replace("lower", "bottom");
  return (numbers ? numbers.map(Number).join(",") : word.replace(" ", "-")) + hard;
}

function choices() {
  const option = (place) => `<option value="${place}">${place.replace("!", "")}</option>`;
  const strict = PLACES.map((place) => option(`${place}!`)).join("");
  return `<option value="draw">draw a box…</option><option value="">anywhere</option>${PLACES.map(option).join("")}<optgroup label="strictly">${strict}</optgroup>`;
}

// A box is none of the choices: it becomes one.
function put(row, place) {
  const select = placeOf(row);
  if (place && ![...select.options].some((option) => option.value === place)) select.add(new Option(place, place));
  select.value = place;
}

// The small picture on the button: where in the picture a prompt belongs.
function sketch(row) {
  const place = placeOf(row).value, bare = place.replace("!", "");
  const where = row.querySelector(".where");
  where.style.setProperty("--inset", inset(parts(place)));
  where.classList.toggle("somewhere", Boolean(bare));
  row.dataset.place = place;
  where.title = `Belongs ${bare ? `${place.endsWith("!") ? "strictly " : ""}${bare}` : "anywhere"} in the picture`;
}

// A picture's row shows it in place of its name, which stays what the row holds.
const PICTURE = /^\s*\[picture [0-9a-f]{12}\]\s*$/i;
function picture(item, shown) {
  item.classList.add("pictured");
  item.dataset.shown = shown;
  textOf(item).readOnly = true;
  const seen = document.createElement("span");
  seen.className = "seen";
  seen.innerHTML = '<img alt="">a picture';
  const small = seen.firstChild;
  small.onerror = () => seen.remove(); // its name is left
  small.src = shown;
  if (shown) textOf(item).before(seen);
}

function make(row) {
  const item = document.createElement("li");
  item.innerHTML =
    '<div class="row"><span class="dot" aria-hidden="true"></span>' +
    '<input class="text" type="text" autocomplete="off" spellcheck="false" dir="auto">' +
    `<span class="where"><i aria-hidden="true"></i><select class="place">${choices()}</select></span>` +
    '<input class="weight" type="text" inputmode="decimal" autocomplete="off">' +
    '<button class="remove" type="button"><span aria-hidden="true">×</span></button></div>' +
    '<div class="note" aria-live="polite"></div>';
  textOf(item).value = item.dataset.read = row.text;
  weightOf(item).value = row.weight;
  if (PICTURE.test(row.text)) picture(item, row.shown ?? "");
  put(item, row.place ?? "");
  item.querySelector(".note").id = `note-of-row-${made++}`;
  return item;
}

// Colours belong to the prompts that have text, in their order: the same that pictures and bars use.
function dress() {
  const wanted = rows().filter((row) => !isNegative(row)), negative = rows().length - wanted.length;
  const filled = wanted.filter((row) => !isEmpty(row)).length;
  let coloured = 0, blank = 0;
  rows().forEach((row, index) => {
    const not = isNegative(row), at = not ? -1 : isEmpty(row) ? filled + blank++ : coloured++;
    row.style.setProperty("--dot", props.palette[at] ?? "var(--body-text-color-subdued)");
    row.classList.toggle("negative", not);
    row.classList.toggle("empty", isEmpty(row));
    row.classList.toggle("active", row === active);
    const name = not ? `Not this, row ${index + 1}` : `Prompt ${index + 1}`;
    textOf(row).setAttribute("aria-label", name);
    textOf(row).placeholder = not ? "not this: a dog" : props.hints[index % props.hints.length];
    weightOf(row).setAttribute("aria-label", not ? `Weight below 0, row ${index + 1}` : `Share of prompt ${index + 1}`);
    placeOf(row).setAttribute("aria-label", `Place of prompt ${index + 1}`);
    placeOf(row).disabled = not;
    sketch(row);
    row.querySelector(".remove").setAttribute("aria-label", `Remove prompt ${index + 1}`);
    row.querySelector(".remove").disabled = wanted.length === 1 && !not;
  });
  add.disabled = wanted.length >= MOST;
  add.title = add.disabled ? `${MOST} prompts are the most` : "";
  chooser.disabled = add.disabled && !free();
  chooser.title = chooser.disabled ? add.title : CHOOSE;
  avoid.disabled = negative >= props.most_negative;
}

function tell() {
  dress();
  if (!pressed) noteAll(); // else once the press is over: notes move what is below them
  props.value = rows().map((row) => ({
    text: textOf(row).value, weight: weightOf(row).value, place: placeOf(row).value,
    ...(row.dataset.shown ? { shown: row.dataset.shown } : {}),
  }));
}

function build() {
  active = null;
  list.replaceChildren(...props.value.map(make));
  dress();
  noteAll();
}

function append(focus, weight = "1") {
  const row = list.appendChild(make({ text: "", weight }));
  active = row;
  if (focus) textOf(row).focus();
  tell();
  return row;
}

// Let the active row say something more, or a free one.
function say(kind, entry) {
  if (!rows().includes(active) || active.classList.contains("pictured")) active = null;
  const row = active || rows().find(isEmpty) || (add.disabled ? rows().at(-1) : append(false));
  active = row;
  textOf(row).value = joined(world, textOf(row).value, kind, entry);
  tell();
  announce(`Prompt ${rows().indexOf(row) + 1}: ${textOf(row).value}`);
}

const said = element.querySelector(".said");
const announce = (text) => { said.textContent = text; };

list.addEventListener("input", tell);
list.addEventListener("change", (event) => {
  if (event.target.matches(".text")) takeEnding(event.target.closest("li"));
});
list.addEventListener("focusin", (event) => {
  active = event.target.closest("li");
  dress();
});
list.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches("input")) trigger("submit");
});
list.addEventListener("click", (event) => {
  if (!event.target.closest(".remove")) return;
  const row = event.target.closest("li");
  const neighbour = row.nextElementSibling || row.previousElementSibling;
  row.remove();
  active = neighbour;
  tell();
  textOf(neighbour).focus();
});
add.addEventListener("click", () => append(true));
// Pictures go the way of the files of a hidden button.
const taker = () => document.querySelector("#pictures input[type=file]");
chooser.addEventListener("click", () => taker().click());
// Not every browser knows the type of every picture.
const isPicture = (file) => file.type.startsWith("image/") || /\.(heic|heif|avif)$/i.test(file.name);
function takePictures(event, brought) {
  const pictures = [...(brought?.files ?? [])].filter(isPicture);
  if (!pictures.length) return;
  event.preventDefault();
  const chosen = new DataTransfer();
  for (const file of pictures) chosen.items.add(file);
  taker().files = chosen.files;
  taker().dispatchEvent(new Event("change", { bubbles: true }));
}
list.addEventListener("drop", (event) => takePictures(event, event.dataTransfer));
// What became of them: each takes a row in which nothing is typed, or a new one.
list.addEventListener("taken", (event) => {
  for (const { text, shown } of event.detail) {
    const blank = free();
    if (!blank && add.disabled) {
      announce(add.title);
      break;
    }
    const row = make({ text, shown, weight: blank ? weightOf(blank).value : "1", place: blank ? placeOf(blank).value : "" });
    if (blank) blank.replaceWith(row);
    else list.append(row);
    dress();
  }
  tell();
});
avoid.addEventListener("click", () => append(true, "-1"));
