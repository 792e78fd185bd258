// A recorded play beside the dream of it: the same start, the same keys.

const MEANINGS = { // of Pong's actions
  NOOP: "none", FIRE: "fire", RIGHT: "up", LEFT: "down", RIGHTFIRE: "up and fire", LEFTFIRE: "down and fire",
};

class Truth extends Replay {
  constructor(engine, worlds, header) {
    super("truth", EMULATED / header.frame_skip);
    Object.assign(this, { engine, worlds, header });
    const find = (name) => document.getElementById(name);
    Object.assign(this.parts, { real: find("real"), dreamt: find("dreamt"), told: find("truth-told") });
    this.chart = new LineChart(find("chart"));
    this.world = 0;
    const select = find("truth-world");
    select.append(...worlds.map(({ name }, value) => element("option", { value, textContent: name })));
    select.addEventListener("change", () => {
      this.world = Number(select.value);
      this.begin(this.play);
    });
    window.addEventListener("resize", () => this.show());
  }

  /** Dream all of a play: what really happened and what is dreamt, from the last frame seen on. */
  begin(play) {
    this.play = play;
    const world = this.worlds[this.world];
    const dream = new Dream(this.engine, this.worlds);
    const vision = this.engine.visions[this.world];
    dream.begin(play, this.world);
    const last = world.show(play.frames[play.seen - 1]);
    this.truth = [last];
    this.pictures = [vision.decode(dream.z)];
    for (let step = 0; step < play.steps; step += 1) {
      const at = play.seen + step;
      dream.step(play.actions[at - 1]);
      this.truth.push(world.show(play.frames[at]));
      this.pictures.push(vision.decode(dream.z));
    }
    this.lines = {
      still: this.truth.map((bits) => countDifferent(bits, last)),
      dream: this.truth.map((bits, at) => countDifferent(bits, drawnBits(this.pictures[at]))),
    };
    this.setSteps(play.steps);
    this.show();
  }

  show() {
    if (!this.truth) return;
    const { step, parts } = this;
    paintFrame(parts.real, this.truth[step]);
    paintFrame(parts.dreamt, this.pictures[step]);
    parts.slider.value = step;
    parts.time.textContent = `${step} of ${this.steps}, ${(step / this.rate).toFixed(1)} s`;
    this.chart.show(this.lines, step, this.rate);
    parts.told.textContent = this.distances();
  }

  /** How far off objects are dreamt, in words, in the original's pixels. */
  distances() {
    const { step } = this;
    if (!step) return "The moment at which M closes its eyes.";
    const world = this.worlds[this.world];
    const truth = world.unshow(this.truth[step]);
    const dreamt = world.unshow(drawnBits(this.pictures[step]));
    const names = { ball: "ball", agent: "your bat", opponent: "opponent’s bat" };
    const said = Object.entries(names).filter(([name]) => name in this.header.objects)
      .map(([name, words]) => {
        const one = findObject(truth, this.header.objects[name]);
        const other = findObject(dreamt, this.header.objects[name]);
        if (!one && !other) return `${words} away in both`;
        if (!one) return `${words} dreamt, but away`;
        if (!other) return `${words} not dreamt`;
        return `${words} ${Math.hypot(one.row - other.row, one.column - other.column).toFixed(1)}`;
      });
    const action = this.engine.actions[this.play.actions[this.play.seen - 2 + step]];
    const key = MEANINGS[action] ?? action.toLowerCase();
    return `How far off, in pixels: ${said.join(", ")}. Key: ${key}.`;
  }
}
