// A fixed time step: how many steps are due, whatever the display's rate.

const LONGEST = 250; // ms between two looks; if longer, the page was hidden, and nothing is due

class Clock {
  /** @param rate steps per second */
  constructor(rate) {
    this.rate = rate;
    this.stop();
  }

  /** Forget the time: the next look starts anew. */
  stop() {
    this.last = null;
    this.due = 0;
  }

  /** How many steps are due at the time `now`, in ms, since the look before. */
  look(now) {
    const passed = this.last === null ? 0 : now - this.last;
    this.last = now;
    if (passed < 0 || passed > LONGEST) {
      this.due = 0;
      return 0;
    }
    this.due += (passed * this.rate) / 1000;
    const steps = Math.floor(this.due + 1e-9); // sums of displays' periods miss whole numbers
    this.due -= steps;
    return steps;
  }
}
