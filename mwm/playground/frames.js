// Frames: 64 x 64 bits row by row, one bit a byte in here, and how they are shown and compared.

/** Packed bytes, the highest bit first, to bits: Uint8Array of 0 and 1. */
function unpackBits(packed) {
  const bits = new Uint8Array(packed.length * 8);
  packed.forEach((byte, at) => {
    for (let bit = 0; bit < 8; bit += 1) bits[at * 8 + bit] = (byte >> (7 - bit)) & 1;
  });
  return bits;
}

/** The bits that are drawn where probabilities (4096,) exceed a half. */
function drawnBits(probabilities) {
  const bits = new Uint8Array(PIXELS);
  for (let pixel = 0; pixel < PIXELS; pixel += 1) bits[pixel] = probabilities[pixel] > 0.5 ? 1 : 0;
  return bits;
}

/** In how many pixels two frames of bits differ. */
function countDifferent(one, other) {
  let count = 0;
  for (let pixel = 0; pixel < PIXELS; pixel += 1) count += one[pixel] === other[pixel] ? 0 : 1;
  return count;
}

/** A world: how it shows the original's pixels. */
class World {
  constructor({ name, words }, map, inverted) {
    this.name = name;
    this.words = words;
    this.map = map; // its pixel p shows the original's pixel map[p] ...
    this.inverted = inverted; // ... with its colour inverted where this is 1
    this.place = new Uint16Array(PIXELS); // where it shows each of the original's pixels
    map.forEach((from, pixel) => { this.place[from] = pixel; });
  }

  /** The original's bits as this world shows them. */
  show(bits) {
    return this.inverted.map((inverted, pixel) => bits[this.map[pixel]] ^ inverted);
  }

  /** This world's bits as the original would show them. */
  unshow(bits) {
    return bits.map((_, from) => bits[this.place[from]] ^ this.inverted[this.place[from]]);
  }

  /**
   * How the agent moves in here when it goes up, and where it is: {arrow, where, cut}.
   *
   * The pixels of its `box` [top, left, bottom, right] tell: where each is shown, and in which
   * direction the one above it. Where most agree that is the arrow; pixels that do not agree tell
   * that its way is cut in two.
   */
  up(box) {
    const [top, left, bottom, right] = box;
    const votes = { "↑": 0, "↓": 0, "←": 0, "→": 0 };
    const arrows = { [-SIDE]: "↑", [SIDE]: "↓", [-1]: "←", [1]: "→" };
    let row = 0, column = 0, count = 0, moves = 0;
    for (let y = top; y < bottom; y += 1) {
      for (let x = left; x < right; x += 1) {
        const here = this.place[y * SIDE + x];
        row += here >> 6;
        column += here % SIDE;
        count += 1;
        if (y === top) continue;
        moves += 1;
        const arrow = arrows[this.place[(y - 1) * SIDE + x] - here];
        if (arrow) votes[arrow] += 1;
      }
    }
    const [arrow, most] = Object.entries(votes).sort((a, b) => b[1] - a[1])[0];
    if (most < moves / 2) return { arrow: "anywhere", where: "all over the frame", cut: false };
    return { arrow, where: World.side(row / count, column / count), cut: most < moves };
  }

  /** In words, where a place (row, column) is in the frame. */
  static side(row, column) {
    const down = row - SIDE / 2, across = column - SIDE / 2;
    const [far, name] = Math.abs(across) > Math.abs(down)
      ? [Math.abs(across), across < 0 ? "left" : "right"]
      : [Math.abs(down), down < 0 ? "top" : "bottom"];
    if (far >= SIDE / 4) return `${["left", "right"].includes(name) ? "on" : "at"} the ${name}`;
    const beside = { left: "left of", right: "right of", top: "above", bottom: "below" };
    return far < 2 ? "in the middle" : `just ${beside[name]} the middle`;
  }
}

/** Where an object is in the original's bits: {row, column} of its centroid, or null. */
function findObject(bits, [top, left, bottom, right]) {
  let rows = 0, columns = 0, count = 0;
  for (let row = top; row < bottom; row += 1) {
    for (let column = left; column < right; column += 1) {
      if (!bits[row * SIDE + column]) continue;
      rows += row;
      columns += column;
      count += 1;
    }
  }
  return count ? { row: rows / count, column: columns / count } : null;
}

const DARK = [13, 17, 23], BRIGHT = [240, 243, 247], MARK = [255, 122, 26];

/** Draws probabilities or bits (4096,) on a canvas of 64 x 64; `marks` (4096,) 0..1 on top. */
function paintFrame(canvas, values, marks = null) {
  const context = canvas.getContext("2d");
  const image = context.createImageData(SIDE, SIDE);
  const { data } = image;
  for (let pixel = 0, at = 0; pixel < PIXELS; pixel += 1, at += 4) {
    const share = values[pixel], mark = marks ? marks[pixel] : 0;
    for (let channel = 0; channel < 3; channel += 1) {
      const shade = DARK[channel] + share * (BRIGHT[channel] - DARK[channel]);
      data[at + channel] = shade + mark * (MARK[channel] - shade);
    }
    data[at + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}
