// The cutouts to explore: a dot says which cutout it is, and three axes turn. Shares names with explain.js.
const SIDE = 300, draw = "http://www.w3.org/2000/svg";
let seen = null, picked = 0, turn = Math.PI / 6, tilt = 0.35, asking = "", grip = null; // grip: where a drag is
const shape = (kind, attributes, text) => {
  const made = document.createElementNS(draw, kind);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return made;
};
// A place in [0, 1]^k on the drawing; the view from above and aside, without perspective, where k is 3.
const project = (place) => {
  const pad = 26, room = SIDE - 2 * pad;
  if (place.length < 3) return [pad + place[0] * room, SIDE - pad - place[1] * room];
  const [x, y, z] = place.map((part) => part - 0.5);
  const across = x * Math.cos(turn) - y * Math.sin(turn), away = x * Math.sin(turn) + y * Math.cos(turn);
  const up = z * Math.cos(tilt) + away * Math.sin(tilt);
  return [SIDE / 2 + 0.62 * room * across, SIDE / 2 - 0.62 * room * up];
};
const segment = (from, to, style) => {
  const [[x1, y1], [x2, y2]] = [project(from), project(to)];
  return shape("line", { x1, y1, x2, y2, ...style });
};
const paintLane = (svg) => {
  const { at, to, nearest } = seen.lanes[svg.dataset.lane], parts = [];
  const zero = seen.axes.map(() => 0), ends = seen.axes.map((_, axis) => zero.map((_, other) => Number(other === axis)));
  seen.axes.forEach((prompt, axis) => {
    parts.push(segment(zero, ends[axis], { stroke: seen.colours[prompt], "stroke-width": 3 }));
    const [x, y] = project(ends[axis].map((part) => part * 1.06));
    parts.push(shape("text", { x, y, "text-anchor": "middle", "dominant-baseline": "middle" }, prompt + 1));
  });
  at.forEach((place, cutout) => {
    const stroke = seen.colours[nearest[cutout]];
    parts.push(segment(place, to[cutout], { stroke, "stroke-width": 1.5, "stroke-opacity": 0.8 }));
  });
  at.forEach((place, cutout) => {
    const [cx, cy] = project(place);
    parts.push(shape("circle", { cx, cy, r: 3.5, fill: seen.colours[nearest[cutout]] }));
  });
  const [cx, cy] = project(at[picked]);
  parts.push(shape("circle", { cx, cy, r: 7, class: "picked" }));
  svg.replaceChildren(...parts);
};
const say = (svg) => {
  const lane = svg.dataset.lane, { nearest, cost } = seen.lanes[lane], panel = svg.closest("figure");
  const far = seen.axes.map((prompt, axis) => `${cost[picked][axis].toFixed(2)} to ${seen.names[prompt]}`).join(", ");
  const said = `Cutout ${picked + 1}, nearest to ${seen.names[nearest[picked]]}: ${far}.`;
  find("figcaption p", panel).textContent = said;
  svg.setAttribute("aria-label", `${svg.dataset.title}. ${said}`);
  const thumb = find("figcaption i", panel), rows = Math.ceil(seen.cutouts / seen.across);
  thumb.style.backgroundSize = `${seen.across * 100}% ${rows * 100}%`;
  const [row, column] = [Math.floor(picked / seen.across), picked % seen.across];
  const part = (place, of) => (of > 1 ? (100 * place) / (of - 1) : 0);
  thumb.style.backgroundPosition = `${part(column, seen.across)}% ${part(row, rows)}%`;
};
const pick = (cutout) => {
  picked = Math.max(0, Math.min(cutout, seen.cutouts - 1));
  find(".explore .cutout").value = picked;
  find(".explore .cutout").setAttribute("aria-valuetext", `cutout ${picked + 1} of ${seen.cutouts}`);
  for (const svg of all(".explore svg")) {
    paintLane(svg);
    say(svg);
  }
};
const explore = async () => {
  const box = find(".explore");
  if (!box?.open) return;
  const { files, steps } = find(".explain").dataset;
  const said = new URLSearchParams({ step: steps });
  if (!atLast()) said.set("moment", moment());
  const sheet = said.toString();
  said.set("of", all(".of").length ? all(".of").map((select) => select.value).join(".") : "0.1");
  const asked = (asking = `${files}cutouts.json?${said}`);
  const answer = await fetch(asked).catch(() => null);
  if (!answer?.ok || asking !== asked) return;
  seen = await answer.json();
  for (const thumb of all(".explore i")) {
    thumb.style.backgroundImage = `url("${files}cutouts-${thumb.dataset.lane}.webp?${sheet}")`;
  }
  find(".explore .cutout").max = seen.cutouts - 1;
  pick(picked);
};
element.addEventListener("toggle", (event) => event.target.matches(".explore") && explore(), true);
element.addEventListener("input", ({ target }) => {
  if (!seen) return;
  if (target.matches(".explore .cutout")) pick(Number(target.value));
  if (target.matches(".explore .turn")) {
    turn = (Number(target.value) * Math.PI) / 180;
    target.setAttribute("aria-valuetext", `${target.value} degrees`);
    pick(picked);
  }
});
element.addEventListener("pointermove", (event) => {
  const svg = event.target.closest(".explore svg");
  if (!svg || !seen) return;
  const wheel = find(".explore .turn");
  if (event.buttons && wheel) {
    const [x, y] = grip ?? [event.clientX, event.clientY];
    grip = [event.clientX, event.clientY];
    wheel.value = (Number(wheel.value) + (grip[0] - x) * 0.6 + 360) % 360;
    turn = (Number(wheel.value) * Math.PI) / 180;
    tilt = Math.max(0, Math.min(1.5, tilt + (grip[1] - y) * 0.008));
    return pick(picked);
  }
  grip = null;
  const box = svg.getBoundingClientRect(), scale = SIDE / box.width;
  const [x, y] = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
  const far = seen.lanes[svg.dataset.lane].at.map(project).map(([a, b]) => (a - x) ** 2 + (b - y) ** 2);
  const near = far.indexOf(Math.min(...far));
  if (far[near] < 400 && near !== picked) pick(near);
});
