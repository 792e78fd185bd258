// A recorded play beside the dream of it: the same start, the same keys.

const MEANINGS = { // of Pong's actions
  NOOP: "none", FIRE: "fire", RIGHT: "up", LEFT: "down", RIGHTFIRE: "up and fire", LEFTFIRE: "down and fire",
};

class Truth {
  constructor(engine, worlds, header) {
    Object.assign(this, { engine, worlds, header });
    const find = (name) => document.getElementById(name);
    this.parts = {
      real: find("real"), dreamt: find("dreamt"), play: find("truth-play"),
      slider: find("truth-step"), time: find("truth-time"), told: find("truth-told"),
    };
    this.section = find("truth");
    this.chart = new LineChart(find("chart"));
    this.rate = EMULATED / header.frame_skip;
    this.clock = new Clock(this.rate);
    this.world = 0;
    const select = find("truth-world");
    select.append(...worlds.map(({ name }, value) => element("option", { value, textContent: name })));
    select.addEventListener("change", () => {
      this.world = Number(select.value);
      this.begin(this.play);
    });
    this.parts.play.addEventListener("click", () => {
      if (this.step === this.play.steps) this.step = 0;
      this.setPlaying(!this.playing);
      this.show();
    });
    this.parts.slider.addEventListener("input", () => {
      this.setPlaying(false);
      this.step = Number(this.parts.slider.value);
      this.show();
    });
    this.visible = false;
    new IntersectionObserver(([entry]) => { this.visible = entry.isIntersecting; })
      .observe(this.section);
    window.addEventListener("resize", () => this.show());
    this.setPlaying(false);
  }

  setPlaying(playing) {
    this.playing = playing;
    this.parts.play.textContent = playing ? "Pause" : "Play";
    this.clock.stop();
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
    this.parts.slider.max = play.steps;
    this.step = Math.min(this.step ?? 0, play.steps);
    this.show();
  }

  tick(now) {
    if (!this.playing || !this.visible || document.hidden) {
      this.clock.stop();
      return;
    }
    const due = this.clock.look(now);
    if (!due) return;
    this.step = Math.min(this.play.steps, this.step + due);
    if (this.step === this.play.steps) this.setPlaying(false);
    this.show();
  }

  show() {
    if (!this.truth) return;
    const { step, parts } = this;
    paintFrame(parts.real, this.truth[step]);
    paintFrame(parts.dreamt, this.pictures[step]);
    parts.slider.value = step;
    parts.time.textContent = `${step} of ${this.play.steps}, ${(step / this.rate).toFixed(1)} s`;
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
