// Fresh prompts from the painter's words, and the way back to what stood there.
const surprise = element.querySelector(".surprise");
const undo = element.querySelector(".undo"), redo = element.querySelector(".redo");
let past = [], future = [], lately = [];

const chance = (share) => Math.random() < share;
const oneOf = (all) => all[Math.floor(Math.random() * all.length)];
// Half of a kind rests: what came lately does not come again at once.
const fresh = (all) => {
  const resting = lately.filter((name) => all.some((entry) => entry.name === name)).slice(-Math.floor(all.length / 2));
  const { name } = oneOf(all.filter((entry) => !resting.includes(entry.name)));
  lately = [...lately.filter((other) => other !== name), name];
  return all.find((entry) => entry.name === name);
};

// Two or three subjects of different kinds, one of them perhaps a place; one may have a colour, a style or a place.
function prompts() {
  const kinds = Object.keys(world.kinds).filter((kind) => !NO_THINGS.includes(kind));
  const left = [...kinds], count = chance(0.25) ? 3 : 2;
  const subjects = [...Array(count).keys()].map((at) => {
    if (at === 1 && chance(0.35)) return ["places", fresh(world.kinds.places)];
    if (!left.length) left.push(...kinds);
    const [kind] = left.splice(Math.floor(Math.random() * left.length), 1);
    return [kind, fresh(world.kinds[kind])];
  });
  const adorned = chance(0.5) ? Math.floor(Math.random() * count) : -1;
  return subjects.map(([kind, entry], at) => {
    if (at !== adorned) return entry.alone;
    const among = kind === "places" ? ["styles"] : ["places", "styles", "colours"].filter((more) => world.kinds[more]);
    const more = oneOf(among);
    return joined(world, entry.alone, more, fresh(world.kinds[more]));
  });
}

function offer() {
  undo.hidden = !past.length;
  redo.hidden = !future.length;
}

function show(value) {
  props.value = value;
  build();
  offer();
  announce(`${value.length} prompts: ${value.map(({ text }) => text).join("; ")}`);
}

function back(from, to) {
  to.push(props.value);
  show(from.pop());
  const at = from === past ? undo : redo;
  if (at.hidden) surprise.focus(); // a button that goes takes the focus with it
}

surprise.addEventListener("click", () => {
  past.push(props.value);
  future = [];
  show(prompts().map((text) => ({ text, weight: "1", place: "" })));
});
undo.addEventListener("click", () => back(past, future));
redo.addEventListener("click", () => back(future, past));

// What fills the form from outside begins anew.
watch("value", () => {
  [past, future] = [[], []];
  build();
  offer();
});
build();
follow(props.first, 0);
