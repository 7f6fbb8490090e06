// A box drawn on the picture, with a mouse, a finger or the arrow keys: it becomes the place of a row.
const drawing = element.querySelector(".draw"), pad = drawing.querySelector(".pad"), frame = pad.querySelector(".box");
const strict = drawing.querySelector(".strict"), numbers = drawing.querySelector(".numbers"), use = drawing.querySelector(".use");
const STEP = 0.01; // parts of a side that a key moves it by
let drawn = null; // the row that it is for
let sides = null; // left, top, right and bottom, parts of the picture's sides; null: none yet
let drag = null; // what a pointer holds: {corner: the one that stays}, or {from, box}: where both began

const parts = (place) => {
  const bare = place.replace("!", "");
  return [...(props.places[bare] ?? (bare ? bare.split(",").map(Number) : [0, 0, 1, 1]))];
};
const inset = ([left, top, right, bottom]) =>
  [top, 1 - right, 1 - bottom, left].map((part) => `${Math.max(0, 100 * part)}%`).join(" ");
const rounded = (part) => Math.round(Math.min(1, Math.max(0, part)) * 100) / 100;
const limited = (part, low, high) => Math.min(high, Math.max(low, part));

// The name of a box that has one, as a place is kept.
function written(box) {
  const same = (other) => other.every((part, index) => part === box[index]);
  if (same([0, 0, 1, 1])) return "";
  return Object.keys(props.places).find((name) => same(props.places[name])) ?? box.join(",");
}

function showBox() {
  frame.style.inset = sides ? inset(sides) : "0 0 0 0";
  frame.classList.toggle("none", !sides);
  const [left, top, right, bottom] = (sides ?? []).map((part) => `${Math.round(100 * part)} %`);
  numbers.textContent = sides
    ? `${left} to ${right} across, ${top} to ${bottom} down`
    : "No box yet: drag, or press an arrow key";
  use.disabled = !sides;
}

function move([left, top, right, bottom], across, down) {
  const x = limited(across, -left, 1 - right), y = limited(down, -top, 1 - bottom);
  return [left + x, top + y, right + x, bottom + y].map(rounded);
}

// The box between two corners, no side shorter than a place's may be.
function between([x0, y0], [x1, y1]) {
  const side = (from, to) => {
    const far = to < from ? Math.min(to, from - props.least_side) : Math.max(to, from + props.least_side);
    const at = far < 0 ? [0, Math.max(from, props.least_side)] : far > 1 ? [Math.min(from, 1 - props.least_side), 1] : [from, far];
    return at.map(rounded).sort((first, second) => first - second);
  };
  const [left, right] = side(x0, x1), [top, bottom] = side(y0, y1);
  return [left, top, right, bottom];
}

const at = (event) => {
  const { left, top, width, height } = pad.getBoundingClientRect();
  return [limited((event.clientX - left) / width, 0, 1), limited((event.clientY - top) / height, 0, 1)];
};

pad.addEventListener("pointerdown", (event) => {
  if (event.button) return;
  event.preventDefault();
  frame.focus();
  pad.setPointerCapture(event.pointerId);
  const corner = event.target.dataset.stays; // the corner opposite the one that is held
  if (corner) drag = { corner: [...corner].map((side) => sides[side]) };
  else if (sides && event.target === frame) drag = { from: at(event), box: sides };
  else drag = { corner: at(event) };
});
pad.addEventListener("pointermove", (event) => {
  if (!drag) return;
  const [x, y] = at(event);
  if (drag.corner) sides = between(drag.corner, [x, y]);
  else sides = move(drag.box, x - drag.from[0], y - drag.from[1]);
  showBox();
});
for (const kind of ["pointerup", "pointercancel"]) pad.addEventListener(kind, () => { drag = null; });

const KEYS = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };
frame.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && sides) {
    event.preventDefault();
    use.click();
  }
  const by = KEYS[event.key];
  if (!by) return;
  event.preventDefault();
  if (!sides) sides = [...props.places.centre];
  else if (event.shiftKey) sides = between(sides, [limited(sides[2] + by[0], sides[0], 1), limited(sides[3] + by[1], sides[1], 1)]);
  else sides = move(sides, ...by);
  showBox();
});

// The shape that the next picture has: as the settings say, else as the picture on show.
function shape(picture) {
  const [width, height] = ["width", "height"].map((side) => Number(document.querySelector(`#${side} input`)?.value));
  if (width > 0 && height > 0) return width / height;
  return picture?.naturalWidth ? picture.naturalWidth / picture.naturalHeight : 1;
}

function drawFor(row) {
  const place = placeOf(row).value, picture = document.querySelector("#stage .frame img"), shown = pad.querySelector("img");
  drawn = row;
  sides = place ? parts(place) : null;
  strict.checked = place.endsWith("!");
  const number = `prompt ${rows().indexOf(row) + 1}`;
  const text = textOf(row).value.trim(), shownText = text.length > 40 ? `${text.slice(0, 40)}…` : text;
  drawing.querySelector("h3").textContent = `Where ${text && !PICTURE.test(text) ? `“${shownText}”` : number} belongs`;
  frame.setAttribute("aria-label", `Box of ${number}`);
  drawing.style.setProperty("--dot", row.style.getPropertyValue("--dot"));
  drawing.style.setProperty("--shape", shape(picture));
  shown.hidden = !picture;
  if (picture) shown.src = picture.src;
  const others = rows().filter((other) => other !== row && placeOf(other).value);
  pad.querySelector(".others").replaceChildren(...others.map((other) => {
    const box = document.createElement("i");
    box.style.inset = inset(parts(placeOf(other).value));
    box.style.setProperty("--dot", other.style.getPropertyValue("--dot"));
    return box;
  }));
  showBox();
  drawing.showModal();
  frame.focus();
}

use.addEventListener("click", () => {
  const box = written(sides);
  put(drawn, box && box + (strict.checked ? "!" : ""));
  drawing.close();
  tell();
  announce(`Place of prompt ${rows().indexOf(drawn) + 1}: ${box || "anywhere"}`);
});
drawing.querySelector(".cancel").addEventListener("click", () => drawing.close());
drawing.addEventListener("close", () => placeOf(drawn).focus());
// The rows' own keys and inputs do not hear what is done here.
for (const kind of ["input", "change", "keydown"]) drawing.addEventListener(kind, (event) => event.stopPropagation());

// To draw is a choice among the places, and no place itself.
list.addEventListener("input", (event) => {
  if (!event.target.matches(".place") || event.target.value !== "draw") return;
  event.stopPropagation();
  const row = event.target.closest("li");
  event.target.value = row.dataset.place;
  drawFor(row);
}, true);
