// Unpack the models, build the page's parts, and let time run.

function fill(name, text) {
  document.querySelectorAll(`[data-${name}]`).forEach((part) => { part.textContent = text; });
}

/**
 * A button for each play; gives the function that chooses the next one.
 * @param chosen gets the play, and whether it came by itself
 */
function buildStarts(plays, chosen) {
  const group = document.querySelector(".starts");
  const buttons = plays.map((play, at) => {
    const canvas = frameCanvas(`Moment ${at + 1}`);
    paintFrame(canvas, play.frames[play.seen - 1]);
    const button = element("button", { type: "button" }, canvas);
    button.setAttribute("aria-label", `Start from moment ${at + 1}`);
    button.addEventListener("click", () => choose(at));
    group.append(button);
    return button;
  });
  let current = 0;
  const choose = (at, byItself = false) => {
    current = at;
    buttons.forEach((button, place) => button.setAttribute("aria-pressed", place === at));
    chosen(plays[at], byItself);
  };
  choose(0);
  return () => choose((current + 1) % plays.length, true);
}

async function main() {
  const bundle = await readBundle(document.getElementById("bundle").textContent);
  const { header } = bundle;
  const engine = new Engine(bundle);
  const worlds = readWorlds(bundle), plays = readPlays(bundle), recorded = readGames(bundle);
  fill("count", inWords(worlds.length, true));
  fill("counted", inWords(worlds.length));
  fill("latent", header.model.latent);
  fill("actions", header.actions.length);
  fill("seen", header.seen);
  fill("skip", header.frame_skip);
  fill("rate", Number((EMULATED / header.frame_skip).toFixed(1)));
  fill("pixels", PIXELS.toLocaleString("en"));
  document.querySelector("main").hidden = false;
  const stage = new Stage(engine, worlds, plays, header, () => next());
  const truth = new Truth(engine, worlds, header);
  const games = new Games(recorded, worlds, EMULATED / header.frame_skip);
  const paint = new Paint(engine, worlds, stage);
  const next = buildStarts(plays, (play, byItself) => {
    stage.begin(play);
    const watched = truth.playing || truth.step > 0; // a reader is looking at it
    if (!(byItself && watched)) truth.begin(play);
  });
  paint.take(0, plays[0].frames[plays[0].seen - 1].slice());
  Object.assign(window, { stage, truth, games, paint, engine }); // for the console, and for tests
  document.getElementById("loading").remove();
  document.documentElement.dataset.ready = Math.round(performance.now()); // ms since the start
  const tick = (now) => {
    stage.tick(now);
    truth.tick(now);
    games.tick(now);
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
}

main().catch((error) => {
  const place = document.getElementById("loading");
  if (place) place.textContent = `The models cannot be unpacked in this browser: ${error.message}`;
  throw error;
});
