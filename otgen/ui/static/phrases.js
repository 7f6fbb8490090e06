// What a word makes of a row's text, and which words come near to another: nothing here touches the page.
// All scripts of the prompts share their names.
const an = (word) => (/^(?!uni|ufo)[aeiou]/i.test(word) ? "an" : "a");
const NO_THINGS = ["places", "styles", "colours"];
const entriesOf = (world, ...kinds) => kinds.flatMap((kind) => world.kinds[kind] ?? []);
const thingsOf = (world) => entriesOf(world, ...Object.keys(world.kinds).filter((kind) => !NO_THINGS.includes(kind)));
const formsOf = (entry) => [entry.name, ...entry.others];
const coloursOf = (world) => entriesOf(world, "colours").flatMap(formsOf);

// "a car" -> "a red car", "an apple" -> "a red apple", "grapes" -> "red grapes", "the sea" -> "the red sea"
function tinted(phrase, colour) {
  const [, article, bare] = phrase.match(/^(?:(an?|the) )?(.*)$/i);
  if (!article) return `${colour} ${bare}`;
  return `${article.toLowerCase() === "the" ? article : an(colour)} ${colour} ${bare}`;
}

// The style that a text begins with, "" for none, and what stands behind it.
function unstyled(world, said) {
  const phrases = entriesOf(world, "styles").flatMap((style) => [style.alone, ...style.others]);
  const worn = phrases.filter((phrase) => `${said.toLowerCase()} `.startsWith(`${phrase} `));
  const style = worn.sort((one, other) => other.length - one.length)[0] ?? "";
  return [said.slice(0, style.length), said.slice(style.length).trim()];
}

// Where the last thing that a text names begins: of names that end at one place, the longest counts. -1 for none.
function lastThing(world, said) {
  const padded = ` ${said.toLowerCase()} `;
  let best = { start: -1, end: -1 };
  for (const form of thingsOf(world).flatMap(formsOf)) {
    const start = padded.lastIndexOf(` ${form} `), end = start + form.length;
    if (start >= 0 && (end > best.end || (end === best.end && start < best.start))) best = { start, end };
  }
  return best.start;
}

// A colour goes to the last thing, in the place of another colour; with no word to colour it waits for one.
function coloured(world, said, colour) {
  if (!said) return `${an(colour)} ${colour}`;
  const start = lastThing(world, said);
  if (start < 0) return tinted(said, colour);
  const before = said.slice(0, start).split(" ").filter(Boolean);
  if (coloursOf(world).includes(before.at(-1)?.toLowerCase())) before.pop();
  const article = /^an?$/i.test(before.at(-1) ?? "") ? [before.pop() && an(colour)] : [];
  return [...before, ...article, colour, said.slice(start)].join(" ");
}

// A thing joins with "and", a place goes behind, a style in front; an empty row takes the phrase that stands alone.
function joined(world, said, kind, { name, alone, behind }) {
  const [style, bare] = unstyled(world, said.trim());
  const styled = (text) => `${style} ${text}`.trim();
  if (kind === "styles") return `${alone} ${bare}`;
  if (kind === "colours") return styled(coloured(world, bare, name));
  const waits = bare.match(/(?:^| )an? (\S+)$/i); // "a red" waits for what is red
  if (kind !== "places" && waits && coloursOf(world).includes(waits[1].toLowerCase())) {
    return styled(`${bare.slice(0, waits.index)} ${tinted(alone, waits[1])}`.trim());
  }
  return styled(bare ? `${bare} ${behind}` : alone);
}

// How many letters are missing, too many, wrong or swapped with their neighbour.
function distance(one, other) {
  let [older, old] = [[], [...Array(other.length + 1).keys()]];
  for (let i = 1; i <= one.length; i++) {
    const row = [i];
    for (let j = 1; j <= other.length; j++) {
      row[j] = Math.min(old[j] + 1, row[j - 1] + 1, old[j - 1] + (one[i - 1] !== other[j - 1]));
      const swapped = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      if (swapped) row[j] = Math.min(row[j], older[j - 2] + 1);
    }
    [older, old] = [old, row];
  }
  return old[other.length];
}

const singulars = (word) => [word, word.replace(/s$/, ""), word.replace(/es$/, ""), word.replace(/ies$/, "y")];

// How far a known word is from what was typed: letters, or the beginning of it; Infinity where it is another word.
function farness(typed, known) {
  const shared = Math.min(typed.length, known.length);
  const begins = shared > 2 && (known.startsWith(typed) || (shared > 3 && typed.startsWith(known)));
  const letters = distance(typed, known), most = typed.length < 4 ? 1 : typed.length < 8 ? 2 : 3;
  if (!begins && (letters > most || letters >= shared)) return Infinity;
  return Math.min(letters, begins ? 1.5 : Infinity) + (typed[0] === known[0] ? 0 : 0.5);
}

// Up to three known words for one that is not: those that mean it, then those that are written nearly so.
function nearest(world, typed) {
  if (world.means[typed]) return [world.means[typed]];
  const forms = singulars(typed), all = entriesOf(world, ...Object.keys(world.kinds));
  const many = (name) => (typed.endsWith("s") && world.known.includes(`${name}s`) ? `${name}s` : name);
  const meant = all.filter((entry) => entry.others.some((other) => forms.includes(other)));
  const near = world.known.map((word) => [farness(typed, word), word]).filter(([far]) => far < Infinity);
  near.sort(([far, one], [further, other]) => far - further || one.length - other.length);
  const written = near.filter(([far]) => far <= near[0][0] + 0.5).map(([, word]) => word);
  const found = [...new Set([...meant.map((entry) => many(entry.name)), ...written])];
  return found.filter((word) => !found.some((other) => word === `${other}s`) || typed.endsWith("s")).slice(0, 3);
}
