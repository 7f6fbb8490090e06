// What moves under a result: tabs, the scrubber over the kept steps, the slider of one picture over the other.
const all = (selector, root = element) => [...root.querySelectorAll(selector)];
const find = (selector, root = element) => root.querySelector(selector);

/* Tabs, as people know them by keyboard: https://www.w3.org/WAI/ARIA/apg/patterns/tabs/ */
let chosen = 0;
const choose = (place, focus) => {
  const tabs = all('[role="tab"]');
  if (!tabs.length) return;
  chosen = (place + tabs.length) % tabs.length;
  tabs.forEach((tab, index) => {
    tab.setAttribute("aria-selected", index === chosen);
    tab.tabIndex = index === chosen ? 0 : -1;
    find(`#${tab.getAttribute("aria-controls")}`).hidden = index !== chosen;
  });
  if (focus) tabs[chosen].focus();
};
element.addEventListener("keydown", (event) => {
  if (!event.target.matches('[role="tab"]')) return;
  const to = { ArrowRight: chosen + 1, ArrowLeft: chosen - 1, Home: 0, End: -1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  choose(to, true);
});

/* What is chosen, and the plots that show it. */
const moments = () => JSON.parse(find(".scrub")?.dataset.moments ?? "[]");
const moment = () => Number(find("#scrub")?.value ?? 0);
const atLast = () => moment() >= moments().length - 1;
const query = (figure) => {
  const takes = figure.dataset.takes.split(" "), said = { step: find(".explain").dataset.steps };
  if (takes.includes("moment") && !atLast()) said.moment = moment();
  if (takes.includes("every") && find(".every")?.checked) said.every = 1;
  const axes = all(".of").slice(0, Number(figure.dataset.axes)).map((select) => select.value);
  if (axes.length) said.of = axes.join(".");
  return said;
};
const plots = async () => {
  explore();
  for (const figure of all("figure[data-name]")) {
    const said = query(figure), asked = `?${new URLSearchParams(said)}`;
    if ((figure.dataset.asked ?? "") === asked) continue;
    figure.dataset.asked = asked;
    for (const picture of all("picture", figure)) picture.style.minHeight = `${picture.offsetHeight}px`;
    for (const source of all("source", figure)) source.srcset = source.srcset.split("?")[0] + asked;
    for (const image of all("img", figure)) image.src = image.getAttribute("src").split("?")[0] + asked;
    const step = "moment" in said ? `-step-${moments()[said.moment]}` : "";
    const of = said.of ? `-prompts-${said.of.split(".").map((prompt) => Number(prompt) + 1).join("-")}` : "";
    for (const link of all("a", figure)) {
      link.href = link.getAttribute("href").split("?")[0] + asked;
      link.download = `${figure.dataset.file}${of}${step}${said.every ? "-all" : ""}.${link.dataset.kind}`;
    }
    const file = `${find(".explain").dataset.files}plot-${figure.dataset.name}.txt${asked}`;
    const answer = await fetch(file).catch(() => null);
    if (answer?.ok && figure.dataset.asked === asked) {
      const text = await answer.text();
      for (const image of all("img", figure)) image.alt = text;
    }
  }
};

/* The scrubber moves the pictures at once, and the plots when it rests. */
const frame = (lane, at) => {
  const { files, steps } = find(".explain").dataset;
  return `${files}frame-${lane}.webp?step=${steps}&moment=${at}`;
};
const name = (lane) => lane.dataset.lane.replace("@", "-"); // as files have it
const counts = (lane, at) => {
  const counted = JSON.parse(find(".scrub").dataset.counts)[name(lane)]?.[at];
  const parts = all(".part", lane), bar = find(".bar", lane);
  if (!counted || parts.length !== counted.length) return;
  const names = all("#stage .legend bdi", document).map((name) => name.textContent);
  counted.forEach((count, prompt) => {
    parts[prompt].style.flexGrow = count;
    parts[prompt].title = `${names[prompt]}: ${count}`;
    all(".numbers b", lane)[prompt].textContent = count;
  });
  bar.dataset.last ??= bar.getAttribute("aria-label");
  const said = counted.map((count, prompt) => `${names[prompt]} ${count}`).join(", ");
  bar.setAttribute("aria-label", atLast() ? bar.dataset.last : `Step ${moments()[at]}: ${said}.`);
};
const pictures = () => {
  const steps = moments(), at = moment(), last = steps.at(-1);
  for (const lane of all("#stage .lane", document)) {
    counts(lane, at);
    for (const image of [...all("img", lane), ...all(`.over-under [data-lane="${name(lane)}"]`)]) {
      image.dataset.full ??= image.getAttribute("src");
      image.src = atLast() ? image.dataset.full : frame(name(lane), at);
    }
  }
  find(".scrub b").textContent = steps[at];
  find("#scrub").setAttribute("aria-valuetext", `step ${steps[at]}${atLast() ? ", the last" : ` of ${last}`}`);
  find(".last").disabled = atLast();
};
let held = [];
const hold = () => {
  // All frames are asked for once: they are a few kilobytes each, and scrubbing then never waits.
  if (held.length) return;
  for (const lane of all("#stage .lane", document)) {
    for (const at of moments().keys()) {
      const image = new Image();
      image.src = frame(name(lane), at);
      held.push(image);
    }
  }
};
let resting;
const rest = (wait) => {
  clearTimeout(resting);
  resting = setTimeout(plots, wait);
};
element.addEventListener("pointerover", (event) => event.target.closest(".scrub") && hold());
element.addEventListener("focusin", (event) => event.target.closest(".scrub") && hold());

element.addEventListener("input", ({ target }) => {
  if (target.id === "scrub") pictures();
  if (target.matches(".over-under input")) {
    target.parentElement.style.setProperty("--at", `${target.value}%`);
    target.setAttribute("aria-valuetext", `${target.value} %`);
  }
});
/* Which two lanes the slider lays over each other, left over right; each once. */
const sides = (target) => {
  const selects = all(".side"), [left, right] = selects;
  if (left.value === right.value) {
    const other = target === left ? right : left;
    other.value = find(`.over-under img:nth-of-type(${target === left ? 2 : 1})`).dataset.lane;
  }
  const images = all(".over-under img").reverse(), names = all(".over-under span");
  selects.forEach((select, side) => {
    const { value, dataset, textContent } = select.selectedOptions[0];
    images[side].dataset.lane = value;
    images[side].dataset.full = dataset.source;
    images[side].src = atLast() ? dataset.source : frame(value, moment());
    names[side].textContent = textContent;
  });
  const [over, under] = names.map((name) => name.textContent);
  find(".over-under input").setAttribute("aria-label", `How much of ${over} is laid over ${under}`);
};
let axes = ["0", "1", "2"];
element.addEventListener("change", ({ target }) => {
  if (target.matches(".side")) sides(target);
  if (target.id === "scrub") rest(250); // a key that is held down changes it many times
  if (target.matches(".every")) rest(0);
  if (target.matches(".of")) {
    // Two axes that want the same prompt change places.
    const selects = all(".of"), mine = selects.indexOf(target);
    const other = selects.find((select) => select !== target && select.value === target.value);
    if (other) other.value = axes[mine];
    axes = selects.map((select) => select.value);
    rest(0);
  }
});
element.addEventListener("click", ({ target }) => {
  const tab = target.closest('[role="tab"]');
  if (tab) choose(all('[role="tab"]').indexOf(tab));
  if (target.closest(".last")) {
    find("#scrub").value = moments().length - 1;
    pictures();
    rest(0);
    find("#scrub").focus();
  }
});

watch("value", () => {
  held = [];
  axes = ["0", "1", "2"];
  seen = null;
  picked = 0;
  choose(chosen);
});
