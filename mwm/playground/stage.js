// The dream that the reader steers.

const EMULATED = 60; // frames per second of the original
const SPEEDS = { slow: 1 / 3, real: 1, fast: 2 };
const MOST_STEPS = 4; // between two pictures; a machine that is too slow for more dreams slower
const PATIENCE = 12; // steps for which a player's dream may be lost before the next one starts
const NOTES = {
  you: "Your keys mean what they mean in Pong itself. Under each world stands what up looks like there.",
  player: "A network that learned, in the original alone, which key to press at which numbers. It hits many more "
    + "balls than the random play that M has seen. M loses its way within seconds; then the next moment starts. "
    + "Press a key to take over.",
};
const LEVELS = {
  known: "Yes. This looks like the game that it has seen.",
  doubtful: "Hardly. Real play seldom looks like this to it.",
  lost: "No. The dream has left what the networks have seen: start again.",
};

class Stage {
  /**
   * It shows nothing until a dream begins.
   * @param next starts a dream from the next moment
   */
  constructor(engine, worlds, plays, header, next) {
    Object.assign(this, { engine, worlds, plays, header, next });
    this.dream = new Dream(engine, worlds);
    this.rate = EMULATED / header.frame_skip; // steps per second
    this.clock = new Clock(this.rate);
    this.section = document.getElementById("dream");
    this.large = 0;
    this.pace = null; // ms per step, on average
    this.visible = true;
    this.keys = new Keys(engine.actions, () => this.visible, () => this.takeOver());
    this.section.querySelectorAll("[data-pad]").forEach((pad) =>
      this.keys.addPad(pad, pad.dataset.pad));
    this.buildWorlds();
    this.buildControls();
    watch(this.section.querySelector(".worlds"), (visible) => { this.visible = visible; });
    this.section.addEventListener("click", (event) => { // a mouse's leaves the keys to the game
      if (event.detail) setTimeout(() => this.section.querySelector("button:focus, input:focus")?.blur());
    });
    window.addEventListener("resize", () => this.show());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.show());
    this.setPlaying(!matchMedia("(prefers-reduced-motion: reduce)").matches);
  }

  buildWorlds() {
    const { agent } = this.header.objects;
    this.views = this.worlds.map((world, index) => {
      const { arrow, where, cut } = world.up(agent);
      const way = cut ? ", its way in two halves" : "";
      const canvas = frameCanvas(`The dream in the world ${world.name}: ${world.words}`);
      const button = element("button", { type: "button" }, canvas);
      button.setAttribute("aria-label", `Look at ${world.name}`);
      button.addEventListener("click", () => this.look(index));
      const name = element("span", { className: "name" }, element("b", { textContent: world.name }),
        element("span", { className: "up", textContent: `up is ${arrow}` }));
      const caption = element("figcaption", {}, name,
        element("span", { textContent: world.words }),
        element("span", { className: "bat", textContent: `your bat is ${where}${way}` }));
      const figure = element("figure", { className: "world" }, button, caption);
      this.section.querySelector(".worlds").append(figure);
      return { figure, canvas, button };
    });
    this.look(0);
  }

  buildControls() {
    const find = (name) => document.getElementById(name);
    this.button = find("play");
    this.button.addEventListener("click", () => this.setPlaying(!this.playing));
    find("step").addEventListener("click", () => {
      this.setPlaying(false);
      this.advance();
      this.show();
    });
    find("again").addEventListener("click", () => this.begin());
    makeChoice(find("speed"), { slow: "Slow", real: "Real", fast: "Fast" }, "real", (speed) => {
      this.clock.rate = this.rate * SPEEDS[speed];
    });
    const drivers = this.engine.policy ? { you: "You", player: "The player" } : { you: "You" };
    const first = this.engine.policy ? "player" : "you";
    this.driver = makeChoice(find("driver"), drivers, first, () => this.tellDriver());
    this.tellDriver();
    this.mirror = find("mirror").checked; // which a browser may restore
    find("mirror").addEventListener("change", (event) => {
      this.mirror = event.target.checked;
      this.show();
    });
    const { usual, strange, foreign } = this.header.familiar;
    this.scale = 2 * foreign - usual / 2; // of the meter, so that its marks lie apart
    this.section.querySelectorAll(".meter u").forEach((mark, at) => {
      mark.style.left = `${(100 * [strange, foreign][at]) / this.scale}%`;
    });
  }

  /** Make one world the large one. */
  look(index) {
    this.large = index;
    this.views.forEach(({ figure, button }, at) => {
      figure.classList.toggle("large", at === index);
      button.setAttribute("aria-pressed", at === index);
    });
  }

  tellDriver() {
    document.getElementById("driver-note").textContent = NOTES[this.driver.value];
    // What the player dreams is not read out: readers did not ask for it, and it changes by the second.
    document.getElementById("familiar").ariaLive = this.driver.value === "you" ? "polite" : "off";
  }

  /** The reader steers from now on; while paused, each press is a step. */
  takeOver() {
    if (this.driver.value !== "you") {
      this.driver.set("you");
      this.tellDriver();
    }
    if (this.playing) return;
    this.advance();
    this.show();
  }

  setPlaying(playing) {
    this.playing = playing;
    this.button.textContent = playing ? "Pause" : "Play";
    this.clock.stop();
  }

  /** Dream anew from a play, by default the one before, read as the large world shows it. */
  begin(play = this.play) {
    this.play = play;
    this.dream.begin(play, this.large);
    this.wake();
  }

  /** Dream on from another latent; M still remembers what came before. */
  goOn(z) {
    this.dream.z = z;
    this.setPlaying(true);
    this.wake();
    this.section.scrollIntoView();
  }

  /** Show the first picture of a dream. */
  wake() {
    const { span, usual } = this.header.familiar;
    this.strange = new Array(span).fill(usual); // as if before: one strange picture is none yet
    this.lostFor = 0;
    this.assess();
    this.show();
  }

  /** One step, with the time that it takes. */
  advance() {
    const start = performance.now();
    const action = this.driver.value === "you" ? this.keys.action : this.dream.playersAction();
    this.dream.step(action);
    this.assess();
    const took = performance.now() - start;
    this.pace = this.pace === null ? took : this.pace + 0.05 * (took - this.pace);
  }

  /** Draw z in all worlds, and note how strange it is, and for how many steps it has been lost. */
  assess() {
    const { span, strange, foreign } = this.header.familiar;
    this.dream.draw();
    this.strange.push(this.dream.strangeness());
    this.strange.shift();
    this.mean = this.strange.reduce((sum, value) => sum + value, 0) / span;
    this.level = this.mean > foreign ? "lost" : this.mean > strange ? "doubtful" : "known";
    this.lostFor = this.level === "lost" ? this.lostFor + 1 : 0;
  }

  /** Show what is due at the time `now`, in ms. */
  tick(now) {
    if (!this.playing || !this.visible || document.hidden) {
      this.clock.stop();
      return;
    }
    const steps = Math.min(MOST_STEPS, this.clock.look(now));
    for (let step = 0; step < steps; step += 1) this.advance();
    if (this.driver.value === "player" && this.lostFor > PATIENCE) this.next();
    else if (steps) this.show();
  }

  show() {
    const { dream } = this;
    const marks = this.mirror ? dream.movement() : null;
    this.views.forEach(({ canvas }, at) => paintFrame(canvas, dream.pictures[at], marks?.[at]));
    drawBars(document.getElementById("numbers"), this.engine.memory.scaled(dream.z));
    this.showStrangeness();
    if (dream.steps % 5 === 0 || !this.playing) this.showPace();
  }

  showStrangeness() {
    const share = Math.min(100, (100 * this.mean) / this.scale);
    const meter = this.section.querySelector(".meter");
    meter.className = `meter ${this.level}`;
    meter.firstElementChild.style.width = `${share}%`;
    meter.setAttribute("aria-valuenow", Math.round(share));
    const told = document.getElementById("familiar");
    if (told.textContent === LEVELS[this.level]) return; // what is live is told once
    told.textContent = LEVELS[this.level];
    meter.setAttribute("aria-valuetext", LEVELS[this.level]);
  }

  showPace() {
    const { steps } = this.dream;
    const seconds = (steps / this.rate).toFixed(1);
    const pace = this.pace === null ? ""
      : ` · ${this.pace.toFixed(1)} ms a step for ${inWords(this.worlds.length)} worlds`;
    document.getElementById("pace").textContent = `${steps} steps, ${seconds} s dreamt${pace}`;
  }
}
