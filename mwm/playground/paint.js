// Paint a frame in one world: the others draw what it means to them.

class Paint {
  constructor(engine, worlds, stage) {
    Object.assign(this, { engine, worlds, stage });
    const find = (name) => document.getElementById(name);
    this.pen = makeChoice(find("pen"), { draw: "Pencil", erase: "Eraser" }, "draw", () => {});
    this.size = makeChoice(find("size"), { 1: "1 pixel", 2: "2 × 2", 4: "4 × 4" }, "2", () => {});
    find("paint-dream").addEventListener("click", () => {
      this.take(this.source, drawnBits(this.stage.dream.pictures[this.source]));
    });
    find("paint-on").addEventListener("click", () => this.stage.goOn(this.z));
    find("paint-clear").addEventListener("click", () => {
      this.take(this.source, this.engine.visions[this.source].background.slice());
    });
    this.sheets = worlds.map((world, index) => this.buildSheet(world, index));
    this.cursor = null; // of the keyboard: a pixel
  }

  buildSheet(world, index) {
    const canvas = frameCanvas(`${world.name}: paint here; arrow keys move, Space paints`);
    canvas.tabIndex = 0;
    canvas.dataset.keys = "own";
    canvas.setAttribute("role", "application");
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button || !event.isPrimary) return;
      event.preventDefault();
      canvas.focus({ preventScroll: true, focusVisible: false });
      canvas.setPointerCapture(event.pointerId);
      this.last = null;
      this.cursor = null;
      this.stroke(index, canvas, event);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!event.isPrimary) return; // a touch has the capture by itself: a second finger draws nothing
      if (canvas.hasPointerCapture(event.pointerId)) this.stroke(index, canvas, event);
    });
    canvas.addEventListener("keydown", (event) => this.key(index, event));
    canvas.addEventListener("blur", () => {
      this.cursor = null;
      this.show();
    });
    const figure = element("figure", { className: "sheet" }, canvas, element("figcaption", {},
      element("b", { textContent: world.name }), ` ${world.words}`));
    document.querySelector(".sheets").append(figure);
    return { figure, canvas, picture: new Float32Array(PIXELS) };
  }

  /** Make `bits` the frame of the world `index`, and let the others read it. */
  take(index, bits) {
    this.source = index;
    this.bits = bits;
    this.z = this.engine.visions[index].encode(bits);
    this.sheets.forEach(({ picture }, at) => this.engine.visions[at].decode(this.z, picture));
    this.show();
  }

  /** The pixel {row, column} of a canvas under a pointer. */
  static pixelAt(canvas, event) {
    const box = canvas.getBoundingClientRect();
    const within = (share) => Math.max(0, Math.min(SIDE - 1, Math.floor(share * SIDE)));
    return {
      row: within((event.clientY - box.top) / box.height),
      column: within((event.clientX - box.left) / box.width),
    };
  }

  /** Paint from where the pointer was to where it is. */
  stroke(index, canvas, event) {
    const to = Paint.pixelAt(canvas, event);
    const from = this.last ?? to;
    this.last = to;
    const steps = Math.max(1, Math.abs(to.row - from.row), Math.abs(to.column - from.column));
    const bits = this.frameOf(index);
    for (let step = 0; step <= steps; step += 1) {
      const along = (a, b) => Math.round(a + ((b - a) * step) / steps);
      this.dab(index, bits, along(from.row, to.row), along(from.column, to.column));
    }
    this.take(index, bits);
  }

  /** What the world `index` shows now, to be painted over. */
  frameOf(index) {
    return index === this.source ? this.bits.slice() : drawnBits(this.sheets[index].picture);
  }

  /** Set a square whose upper left pixel, or one near its middle, is given. */
  dab(index, bits, row, column) {
    const size = Number(this.size.value), before = (size - 1) >> 1;
    const { background } = this.engine.visions[index];
    const on = this.pen.value === "draw" ? 1 : 0; // an object differs from the background
    for (let y = row - before; y < row - before + size; y += 1) {
      for (let x = column - before; x < column - before + size; x += 1) {
        if (y < 0 || y >= SIDE || x < 0 || x >= SIDE) continue;
        bits[y * SIDE + x] = background[y * SIDE + x] ^ on;
      }
    }
  }

  key(index, event) {
    const moves = {
      ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], Space: [0, 0],
    };
    if (!(event.code in moves) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const { pixel } = this.cursor ?? { pixel: PIXELS / 2 + SIDE / 2 };
    const [down, right] = moves[event.code];
    const within = (place) => Math.max(0, Math.min(SIDE - 1, place));
    const row = within((pixel >> 6) + down), column = within((pixel % SIDE) + right);
    this.cursor = { index, pixel: row * SIDE + column };
    if (event.code !== "Space") {
      this.show();
      return;
    }
    const bits = this.frameOf(index);
    this.dab(index, bits, pixel >> 6, pixel % SIDE);
    this.take(index, bits);
  }

  show() {
    if (!this.bits) return;
    this.sheets.forEach(({ figure, canvas, picture }, at) => {
      figure.classList.toggle("source", at === this.source);
      const marks = this.cursor?.index === at ? new Float32Array(PIXELS) : null;
      if (marks) marks[this.cursor.pixel] = 1;
      paintFrame(canvas, at === this.source ? this.bits : picture, marks);
    });
    const own = drawnBits(this.sheets[this.source].picture);
    const missed = countDifferent(own, this.bits);
    const { name } = this.worlds[this.source];
    const again = missed
      ? `with ${missed} of ${PIXELS.toLocaleString("en")} pixels different` : "without an error";
    const brush = this.cursor
      ? ` The brush is at row ${(this.cursor.pixel >> 6) + 1}, column ${(this.cursor.pixel % SIDE) + 1}.` : "";
    const words = `You paint in ${name}. Its V draws your frame again ${again}.${brush}`;
    const told = document.getElementById("paint-told");
    if (told.textContent !== words) told.textContent = words; // what is live is told once
  }
}
