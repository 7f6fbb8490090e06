"""The few lines of JavaScript that the page needs besides the prompt rows."""

# The address names the run on show, so that it can be reloaded or passed on; a recipe's settings
# leave it, other parameters stay. A Space's page is a frame, whose parent shows the address. What
# hid the page until its run is on show (preview.py) goes.
FOLLOW_RUN = """
const follow = () => {
  const run = element.querySelector(".line")?.dataset.run;
  const here = new URL(window.location.href);
  document.getElementById("opening")?.remove();
  if (!run || here.searchParams.get("run") === run) return;
  for (const name of [...props.recipe, "__sign"]) here.searchParams.delete(name);
  here.searchParams.set("run", run);
  window.history.replaceState(null, "", here);
  if (window.parent !== window) {
    window.parent.postMessage({ queryString: here.search.slice(1) }, "https://huggingface.co");
  }
};
watch("value", follow);
// A link to a run: on a phone its pictures lie below the form.
if (new URL(window.location.href).searchParams.has("run")) {
  const narrow = window.matchMedia("(max-width: 899px)").matches;
  if (narrow) document.getElementById("result").scrollIntoView();
}
// An example that is on show already changes nothing when it is chosen.
document.addEventListener("click", (event) => {
  const chosen = event.target.closest(".card")?.closest("[data-run]")?.dataset.run;
  if (chosen && chosen === element.querySelector(".line")?.dataset.run) follow();
});
"""

# What was wrong may be right once something is changed; the next answer says so.
SPENT = """
const spend = (spent) => element.classList.toggle("spent", spent);
watch("value", () => spend(false));
document.addEventListener("input", (event) => event.target.closest("#side") && spend(true));
document.getElementById("paint").addEventListener("click", () => spend(false));
"""

# The focus stays at the line, whose button goes.
CONTINUE = """
element.addEventListener("click", (event) => {
  const button = event.target.closest(".go-on");
  if (!button) return;
  element.tabIndex = -1;
  element.focus({ preventScroll: true });
  trigger("resume", { run: button.dataset.run });
});
"""

ONWARD = """
element.addEventListener("click", (event) => {
  const button = event.target.closest(".onward");
  if (!button) return;
  trigger("onward", { run: button.dataset.run });
  document.getElementById("compose").scrollIntoView({ behavior: "smooth" });
});
"""

# Without the permission to write to the clipboard, the link is shown, selected.
COPY = """
element.addEventListener("click", async (event) => {
  const button = event.target.closest(".copy");
  if (!button) return;
  const home = props.home || new URL(".", document.baseURI).href;
  const address = `${home}?${button.dataset.query}`;
  const said = element.querySelector(".copied");
  const field = element.querySelector(".link");
  try {
    await navigator.clipboard.writeText(address);
    const usual = (said.dataset.usual ??= said.textContent);
    field.hidden = true;
    said.textContent = "The link is copied.";
    setTimeout(() => { said.textContent = usual; }, 5000);
  } catch {
    field.hidden = false;
    field.value = address;
    field.focus();
    field.select();
    said.textContent = "The browser does not let this page copy. Here is the link, selected:";
  }
});
"""

# Drawing takes seconds, and may be refused: the answer is awaited here, where it can be said.
ANEW = """
element.addEventListener("click", async (event) => {
  const link = event.target.closest(".anew a");
  if (!link) return;
  event.preventDefault();
  if (link.ariaBusy === "true") return;
  const said = link.parentElement.querySelector(".said");
  said.textContent = "Drawing…";
  link.ariaBusy = "true";
  try {
    const answer = await fetch(link.href);
    if (!answer.ok) throw new Error(await answer.text());
    const held = document.createElement("a");
    held.href = URL.createObjectURL(await answer.blob());
    held.download = link.download;
    held.click();
    setTimeout(() => URL.revokeObjectURL(held.href), 60000);
    said.textContent = "Downloaded.";
  } catch (failed) {
    const cut = failed instanceof TypeError;
    said.textContent = cut ? "The connection was lost: try again." : failed.message;
  }
  link.ariaBusy = "false";
});
"""

GO = """
element.querySelector("[data-go]")?.addEventListener("click", (event) => {
  document.getElementById(event.currentTarget.dataset.go).scrollIntoView({ behavior: "smooth" });
});
"""

# A file that is dropped anywhere goes the way of one that is chosen; a place that takes files
# itself comes first.
DROP = """
const veil = element.querySelector(".veil");
let hiding;
// Prompts take pictures: the veil, whose sentence is of settings, leaves them to be aimed at.
const show = (where) => {
  veil.hidden = where !== "page";
  document.querySelector("#prompts .rows")?.classList.toggle("aimed", where === "rows");
};
const holdsFiles = (event) => [...(event.dataTransfer?.types || [])].includes("Files");
document.addEventListener("dragover", (event) => {
  if (!holdsFiles(event)) return;
  event.preventDefault();
  show(event.target.closest?.("#prompts .rows") ? "rows" : "page");
  clearTimeout(hiding);
  hiding = setTimeout(show, 500);
});
document.addEventListener("drop", (event) => {
  show();
  if (event.defaultPrevented || !event.dataTransfer?.files.length) return;
  event.preventDefault();
  const chosen = new DataTransfer();
  chosen.items.add(event.dataTransfer.files[0]);
  give(chosen.files);
});
// A page that still loads may have no button yet.
const give = (files) => {
  const input = document.querySelector("#compose input[type=file]");
  if (!input) return setTimeout(give, 50, files);
  input.files = files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
};
"""

GALLERY = """
const triggers = ["open", "use", "pin", "unpin", "delete", "turn"];
let pinned = null;  // keeps the focus where it was
watch("value", () => {
  element.querySelector(`[data-run="${pinned}"] [data-act=pin]`)?.focus({ preventScroll: true });
  pinned = null;
});
element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-act]");
  if (!button) return;
  const kept = button.closest(".kept");
  const sure = kept?.querySelector(".sure");
  let act = button.dataset.act;
  if (act === "ask" || act === "keep") {
    sure.hidden = act === "keep";
    kept.classList.toggle("asking", act === "ask");
    kept.querySelector(act === "ask" ? "[data-act=keep]" : "[data-act=ask]").focus();
    return;
  }
  if (act === "pin") {
    pinned = kept.dataset.run;
    if (button.getAttribute("aria-pressed") === "true") act = "unpin";
  }
  const page = Number(button.dataset.page ?? element.querySelector(".cards").dataset.page);
  if (triggers.includes(act)) trigger(act, { run: kept?.dataset.run, page });
  if (act === "open") document.getElementById("stage").scrollIntoView({ behavior: "smooth" });
  if (act === "use") document.getElementById("compose").scrollIntoView({ behavior: "smooth" });
  if (act === "turn") document.getElementById("gallery").scrollIntoView();
});
"""

# After a script whose ``show`` draws a value and a button in its element: the button empties it.
REMOVABLE = """
element.addEventListener("click", (event) => {
  if (!event.target.closest("button")) return;
  props.value = "";
  show(); // watch only tells of changes from the server
});
watch("value", show);
show();
"""

SHOW_STAGE = """() => {
  const stage = document.querySelector("#stage");
  if (stage && window.innerWidth < 900) {
    stage.scrollIntoView({ behavior: "smooth", block: "start" });
  }
}"""

RANDOMISE = "() => String(Math.floor(Math.random() * 4294967296))"

# The words under the prompts are the painter's; which words can be read is the encoder's.
WORDS_OF = """(painter, encoder) => {
  const chosen = new CustomEvent("follow", { detail: { painter, encoder } });
  document.querySelector("#prompts .words").dispatchEvent(chosen);
}"""

# The painter that is offered where the chosen one can't paint.
INSTEAD = """
element.addEventListener("click", (event) => {
  const offered = event.target.closest("[data-painter]");
  if (offered) trigger("click", { painter: offered.dataset.painter });
});
"""
