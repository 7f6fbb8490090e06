// The painter's words by kind, as tabs: https://www.w3.org/WAI/ARIA/apg/patterns/tabs/
const words = element.querySelector(".words");
const tabs = element.querySelector(".kinds"), chips = element.querySelector(".chips");
const capital = (text) => text[0].toUpperCase() + text.slice(1);
let world = null; // the painter's; null where it has no list of words

const button = (text, attributes) => {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
};

// One stop of the Tab key for all of them; arrows go on, Home and End to the ends.
function rove(box, moved = () => {}) {
  box.addEventListener("keydown", (event) => {
    const all = [...box.querySelectorAll("button")], at = all.indexOf(event.target);
    const steps = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: -1 };
    if (at < 0 || !(event.key in steps)) return;
    event.preventDefault();
    const next = all[(steps[event.key] + all.length) % all.length];
    all.forEach((other) => { other.tabIndex = other === next ? 0 : -1; });
    next.focus();
    moved(next);
  });
}

function choose(tab) {
  for (const other of tabs.children) {
    other.setAttribute("aria-selected", other === tab);
    other.tabIndex = other === tab ? 0 : -1;
  }
  const kind = tab.dataset.kind, bar = document.createElement("div");
  bar.setAttribute("role", "toolbar");
  bar.setAttribute("aria-label", capital(kind));
  bar.append(...world.kinds[kind].map((entry, index) => {
    const chip = button(entry.name, { class: "chip", tabindex: index ? -1 : 0 });
    chip.addEventListener("click", () => say(kind, entry));
    return chip;
  }));
  rove(bar);
  chips.replaceChildren(bar);
  chips.scrollTop = 0;
  chips.setAttribute("aria-labelledby", tab.id);
}

// List the words of another painter; what was typed stays.
function listWords(painter) {
  const next = props.worlds[props.painters[painter]] ?? null;
  if (next === world && tabs.children.length) return;
  world = next;
  words.hidden = element.querySelector(".surprise").hidden = !world;
  if (!world) return;
  field.placeholder = `Search ${Object.values(world.kinds).flat().length} words`;
  tabs.replaceChildren(...Object.keys(world.kinds).map((kind) => button(capital(kind), {
    role: "tab", id: `words-${kind}`, "data-kind": kind, "aria-controls": "words-of-kind",
  })));
  choose(tabs.firstElementChild);
}

let settling; // the encoder follows the painter a moment later: until then, nothing is said of words
function follow({ painter, encoder }, wait) {
  listWords(painter);
  clearTimeout(settling);
  settling = setTimeout(() => {
    readable = props.worlds[props.encoders[encoder]] ?? null;
    settle();
  }, wait);
}

tabs.addEventListener("click", (event) => { if (event.target.dataset.kind) choose(event.target); });
rove(tabs, choose);
words.addEventListener("follow", (event) => follow(event.detail, 400));
