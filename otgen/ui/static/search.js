// The search for a word, a combobox with a list: https://www.w3.org/WAI/ARIA/apg/patterns/combobox/
const field = element.querySelector(".search input"), popup = element.querySelector(".found");
const options = popup.querySelector("ul"), count = popup.querySelector(".count");
let found = []; // [{kind, entry, by}], as listed
let marked = -1;

const folded = (text) => text.toLowerCase().replace(/\s+/g, " ").trim().replace(/^(an?|the)( |$)/, "");

// How well an entry answers, the less the better, and the word that it was found by.
function answer(entry, kind, asked) {
  const forms = formsOf(entry).map(folded);
  const grades = [
    (form) => form === asked,
    (form) => form.startsWith(asked),
    (form) => form.includes(` ${asked}`),
  ];
  for (const [grade, fits] of grades.entries()) {
    const place = forms.findIndex(fits);
    if (place >= 0) return { grade: 2 * grade + (place > 0), by: place ? forms[place] : "" };
  }
  return asked.length > 2 && kind.startsWith(asked) ? { grade: 6, by: "" } : null;
}

const entries = () => Object.entries(world.kinds).flatMap(([kind, all]) => all.map((entry) => ({ kind, entry })));

function ranked(asked, among) {
  const graded = among.flatMap((one) => {
    const fits = answer(one.entry, one.kind, asked);
    return fits ? [{ ...one, ...fits }] : [];
  });
  return graded.sort((one, other) => one.grade - other.grade);
}

const unique = (all) => all.filter((one, at) => all.findIndex(({ entry }) => entry.name === one.entry.name) === at);

// What answers, in the singular too; failing that, what is written nearly so.
function answers(asked, among) {
  const hits = [...new Set(singulars(asked))].flatMap((form) => ranked(form, among));
  if (hits.length) return hits;
  const near = nearest(world, asked).flatMap((word) => ranked(word, among).slice(0, 1));
  return near.map((one) => ({ ...one, near: true }));
}

// By name, other word, plural, kind, or a colour and a thing.
function search(typed) {
  const asked = folded(typed), all = entries();
  if (!asked) return all;
  const [first, ...others] = asked.split(" "), rest = others.join(" ");
  const colour = rest && entriesOf(world, "colours").find((one) => formsOf(one).includes(first));
  if (!colour) return unique(answers(asked, all));
  const things = all.filter(({ kind }) => !NO_THINGS.includes(kind));
  const painted = answers(rest, things).map((one) => {
    const alone = tinted(one.entry.alone, colour.name);
    return { ...one, entry: { ...one.entry, name: `${colour.name} ${one.entry.name}`, alone, behind: `and ${alone}` } };
  });
  return unique([...painted, ...ranked(asked, all)]);
}

function mark(place) {
  marked = found.length ? (place + found.length) % found.length : -1;
  [...options.children].forEach((option, at) => option.setAttribute("aria-selected", at === marked));
  options.children[marked]?.scrollIntoView({ block: "nearest" });
  if (marked < 0) field.removeAttribute("aria-activedescendant");
  else field.setAttribute("aria-activedescendant", options.children[marked].id);
}

function close() {
  popup.hidden = true;
  field.setAttribute("aria-expanded", "false");
  field.removeAttribute("aria-activedescendant");
}

function option({ kind, entry, by = "" }, at) {
  const also = by.startsWith(entry.name) || entry.name.includes(by) ? "" : by;
  const item = document.createElement("li");
  item.id = `found-word-${at}`;
  item.setAttribute("role", "option");
  for (const [name, text] of [["what", entry.name], ["by", also], ["of", kind]]) {
    const part = document.createElement("span");
    part.className = name;
    part.textContent = text;
    if (text) item.append(part, " ");
  }
  return item;
}

function open(typed) {
  found = search(typed);
  options.replaceChildren(...found.map(option));
  const many = found.length === 1 ? "1 word" : `${found.length} words`;
  count.textContent = !found.length ? "No word like this. The kinds below hold all there are."
    : found[0].near ? "No such word; these come near." : many;
  popup.hidden = false;
  options.hidden = !found.length;
  field.setAttribute("aria-expanded", found.length > 0);
  mark(0);
  announce(count.textContent);
}

function pick(place) {
  const { kind, entry } = found[place];
  field.value = "";
  close();
  say(kind, entry);
}

field.addEventListener("input", () => (folded(field.value) ? open(field.value) : close()));
field.addEventListener("keydown", (event) => {
  const closed = popup.hidden, step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.isComposing) return;
  if (step) {
    event.preventDefault();
    if (closed) open(field.value);
    mark(closed ? (step > 0 ? 0 : -1) : marked + step);
  } else if (event.key === "Enter") {
    event.preventDefault();
    if (!closed && marked >= 0) pick(marked);
  } else if (event.key === "Escape") {
    if (closed) field.value = "";
    close();
  }
});
field.addEventListener("blur", close);
options.addEventListener("mousedown", (event) => event.preventDefault()); // the focus stays in the field
options.addEventListener("click", (event) => {
  const item = event.target.closest("li");
  if (item) pick([...options.children].indexOf(item));
});
