"""The few lines of JavaScript that the page needs besides the prompt rows."""

# The address names the run on show, so that it can be reloaded or passed on. Other parameters stay.
FOLLOW_RUN = """
const follow = () => {
  const run = element.querySelector(".line")?.dataset.run;
  const here = new URL(window.location.href);
  if (!run || here.searchParams.get("run") === run) return;
  here.searchParams.set("run", run);
  window.history.replaceState(null, "", here);
};
watch("value", follow);
"""

SHOW_STAGE = """() => {
  const stage = document.querySelector("#stage");
  if (stage && window.innerWidth < 900) {
    stage.scrollIntoView({ behavior: "smooth", block: "start" });
  }
}"""

RANDOMISE = "() => Math.floor(Math.random() * 4294967296)"

READ_DIAL = """(dial) => {
  const epsilon = Number((10 ** dial).toPrecision(2));
  const said =
    dial <= -1.5 ? "sharp" : dial < 0 ? "crisp" : dial < 1.5 ? "soft" : "in effect the Mean";
  return `<p class="gauge"><span>ε ${epsilon}</span><span>${said}</span></p>`;
}"""

# Only the mini world's painters know its words.
WORDS_OF = """(painter) => {
  document.querySelector("#prompts .words").hidden = !painter.endsWith("-mini");
}"""

# The painter that is offered where the chosen one can't paint.
INSTEAD = """
element.addEventListener("click", (event) => {
  const offered = event.target.closest("[data-painter]");
  if (offered) trigger("click", { painter: offered.dataset.painter });
});
"""
