// What the reader holds down: keys and pads, as an action of the game.

const KEYS = {
  ArrowUp: "up", KeyW: "up", ArrowDown: "down", KeyS: "down", Space: "fire",
  ArrowLeft: null, ArrowRight: null, // mean nothing in Pong, but would scroll
};
const LETTERS = { w: "up", s: "down" }; // wherever a keyboard has them
const TAP = 150; // ms that a pad is held by a click without a pointer: two steps

class Keys {
  /**
   * @param actions names of the game's actions
   * @param wanted tells whether keys steer now: not where the reader looks at something else
   * @param used is called after a steering key or pad goes down
   */
  constructor(actions, wanted, used) {
    this.actions = actions;
    this.wanted = wanted;
    this.used = used;
    this.held = new Map(); // what is held down, by the key or pointer that holds it
    window.addEventListener("keydown", (event) => this.down(event));
    window.addEventListener("keyup", (event) => this.release(event.code));
    window.addEventListener("blur", () => this.releaseAll());
    document.addEventListener("visibilitychange", () => this.releaseAll());
  }

  /** Let a button steer in the direction `name` while it is pressed. */
  addPad(button, name) {
    const letGo = (event) => this.release(`pointer ${event.pointerId}`);
    button.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      event.preventDefault();
      button.setPointerCapture(event.pointerId);
      this.hold(`pointer ${event.pointerId}`, name, button);
    });
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
      button.addEventListener(end, letGo);
    }
    button.addEventListener("click", (event) => { // assistive technology sends nothing else
      if (event.detail) return; // a pointer's, which held the pad already
      this.hold("click", name, button);
      setTimeout(() => this.release("click"), TAP);
    });
    button.addEventListener("contextmenu", (event) => event.preventDefault());
    button.addEventListener("keydown", (event) => {
      if (event.code !== "Enter" && event.code !== "Space") return;
      event.preventDefault();
      event.stopPropagation();
      this.hold(event.code, name, button, event.repeat);
    });
  }

  down(event) {
    if (event.metaKey) this.releaseAll(); // macOS tells of no key that goes up meanwhile
    const name = event.code in KEYS ? KEYS[event.code] : LETTERS[event.key?.toLowerCase()];
    if (name === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const own = event.target.closest?.("input[type=range], select, [data-keys]"); // use arrows
    const presses = event.code === "Space" && event.target.closest?.("button, input, summary, a");
    if (own || presses || !this.wanted()) return;
    event.preventDefault();
    if (name) this.hold(event.code, name, null, event.repeat);
  }

  hold(by, name, button = null, repeated = false) {
    if (repeated && !this.held.has(by)) return; // it was let go while the page looked away
    button?.classList.add("held");
    this.held.set(by, { name, button });
    if (!repeated) this.used();
  }

  release(by) {
    this.held.get(by)?.button?.classList.remove("held");
    this.held.delete(by);
  }

  releaseAll() {
    [...this.held.keys()].forEach((by) => this.release(by));
  }

  /** The index of the action that is held now. */
  get action() {
    const held = new Set([...this.held.values()].map(({ name }) => name));
    const up = held.has("up"), down = held.has("down");
    const way = up === down ? "" : up ? "RIGHT" : "LEFT"; // Pong's names for up and down
    const both = this.actions.indexOf(way + (held.has("fire") ? "FIRE" : ""));
    if (both >= 0) return both;
    return Math.max(0, this.actions.indexOf(way || "NOOP"));
  }
}
