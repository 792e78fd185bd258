// What happened before, played again: a button, a slider, and time.

class Replay {
  /**
   * @param name of the section; its button, slider and time are called after it
   * @param rate steps per second
   */
  constructor(name, rate) {
    const find = (part) => document.getElementById(`${name}-${part}`);
    this.section = document.getElementById(name);
    this.parts = { play: find("play"), slider: find("step"), time: find("time") };
    this.rate = rate;
    this.clock = new Clock(rate);
    this.step = this.steps = 0;
    this.parts.play.addEventListener("click", () => {
      if (this.step === this.steps) this.step = 0;
      this.setPlaying(!this.playing);
      this.show();
    });
    this.parts.slider.addEventListener("input", () => {
      this.setPlaying(false);
      this.step = Number(this.parts.slider.value);
      this.show();
    });
    this.visible = false;
    watch(this.section, (visible) => { this.visible = visible; });
    this.setPlaying(false);
  }

  /** Take a recording of so many steps; the place in it stays if there is such a one. */
  setSteps(steps) {
    this.steps = this.parts.slider.max = steps;
    this.step = Math.min(this.step, steps);
  }

  setPlaying(playing) {
    this.playing = playing;
    this.parts.play.textContent = playing ? "Pause" : "Play";
    this.clock.stop();
  }

  /** Show what is due at the time `now`, in ms. */
  tick(now) {
    if (!this.playing || !this.visible || document.hidden) {
      this.clock.stop();
      return;
    }
    const due = this.clock.look(now);
    if (!due) return;
    this.step = Math.min(this.steps, this.step + due);
    if (this.step === this.steps) this.setPlaying(false);
    this.show();
  }
}
