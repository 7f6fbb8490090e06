// The prompt rows. `element`, `props`, `trigger` and `watch` are gradio's. The rows are built here and only here;
// props.value is always [{text, weight}] as typed, and texts only ever enter the page as values and text.
const MOST = props.most;
const list = element.querySelector(".rows");
const add = element.querySelector(".add"), avoid = element.querySelector(".avoid");
let active = null; // the row that a word goes to
let made = 0; // rows so far: names their notes

const rows = () => [...list.children];
const textOf = (row) => row.querySelector(".text");
const isEmpty = (row) => !textOf(row).value.trim();
const weightOf = (row) => row.querySelector(".weight");
const isNegative = (row) => /^\s*[-−]/.test(weightOf(row).value);

function make(row) {
  const item = document.createElement("li");
  item.innerHTML =
    '<div class="row"><span class="dot" aria-hidden="true"></span>' +
    '<input class="text" type="text" autocomplete="off" spellcheck="false" dir="auto">' +
    '<input class="weight" type="text" inputmode="decimal" autocomplete="off">' +
    '<button class="remove" type="button"><span aria-hidden="true">×</span></button></div>' +
    '<div class="note" aria-live="polite"></div>';
  textOf(item).value = row.text;
  weightOf(item).value = row.weight;
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
    row.querySelector(".remove").setAttribute("aria-label", `Remove prompt ${index + 1}`);
    row.querySelector(".remove").disabled = wanted.length === 1 && !not;
  });
  add.disabled = wanted.length >= MOST;
  add.title = add.disabled ? `${MOST} prompts are the most` : "";
  avoid.disabled = negative >= props.most_negative;
}

function tell() {
  dress();
  noteAll();
  props.value = rows().map((row) => ({ text: textOf(row).value, weight: weightOf(row).value }));
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
  if (!rows().includes(active)) active = null;
  const row = active || rows().find(isEmpty) || (add.disabled ? rows().at(-1) : append(false));
  active = row;
  textOf(row).value = joined(world, textOf(row).value, kind, entry);
  tell();
  announce(`Prompt ${rows().indexOf(row) + 1}: ${textOf(row).value}`);
}

const said = element.querySelector(".said");
const announce = (text) => { said.textContent = text; };

list.addEventListener("input", tell);
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
avoid.addEventListener("click", () => append(true, "-1"));
