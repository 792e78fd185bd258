// A dream: M reads the frames of a recorded play, and goes on alone.

/** A recorded play: `frames`, bits of the original, and the `actions` after each. */
class Play {
  constructor(frames, actions, seen) {
    this.frames = frames;
    this.actions = actions;
    this.seen = seen; // frames that M reads before it dreams
    this.steps = frames.length - seen; // that follow
  }
}

/** The plays of a bundle. */
function readPlays({ header, arrays }) {
  const { data, shape: [count, length, bytes] } = arrays["plays.frames"];
  const actions = arrays["plays.actions"].data;
  return Array.from({ length: count }, (_, play) => {
    const frames = Array.from({ length }, (_, frame) => {
      const start = (play * length + frame) * bytes;
      return unpackBits(data.subarray(start, start + bytes));
    });
    return new Play(frames, actions.subarray(play * length, (play + 1) * length), header.seen);
  });
}

/** The worlds of a bundle. */
function readWorlds({ header, arrays }) {
  return header.worlds.map((world, index) => new World(
    world,
    arrays["worlds.map"].data.subarray(index * PIXELS, (index + 1) * PIXELS),
    unpackBits(arrays["worlds.inverted"].data.subarray(index * PIXELS / 8, (index + 1) * PIXELS / 8)),
  ));
}

class Dream {
  constructor(engine, worlds) {
    this.engine = engine;
    this.worlds = worlds;
    this.pictures = worlds.map(() => new Float32Array(PIXELS));
  }

  /** Read the frames of a play as the world of that index shows them; the last is now. */
  begin(play, source) {
    const { memory, visions } = this.engine;
    this.state = memory.fresh();
    for (let frame = 0; frame < play.seen; frame += 1) {
      if (frame) this.state = memory.remember(this.z, play.actions[frame - 1], this.state);
      this.z = visions[source].encode(this.worlds[source].show(play.frames[frame]));
    }
    this.steps = 0;
  }

  /** Take an action: z becomes what M predicts. */
  step(action) {
    const { memory } = this.engine;
    this.state = memory.remember(this.z, action, this.state);
    this.z = memory.predict(this.z, this.state);
    this.steps += 1;
  }

  /** The action that the player would take. */
  playersAction() {
    return this.engine.policy.best(this.z, this.state);
  }

  /** Let all worlds draw z: `pictures`, probabilities by world. */
  draw() {
    this.engine.visions.forEach((vision, at) => vision.decode(this.z, this.pictures[at]));
  }

  /**
   * How far all worlds are, on average, from reading z in their own pictures of it, in spreads.
   *
   * V was trained on frames of the game. Of a z that stands for such a frame it makes a picture in
   * which it finds about that z again; of other z it does not.
   */
  strangeness() {
    const { memory, visions } = this.engine;
    const told = memory.spread.reduce((count, spread) => count + (spread > 0), 0);
    let sum = 0;
    visions.forEach((vision, at) => {
      const again = vision.encode(drawnBits(this.pictures[at]));
      const apart = inSpreads(Float64Array.from(again), this.z, memory.spread);
      sum += Math.sqrt(apart.reduce((squares, each) => squares + each ** 2, 0) / told);
    });
    return sum / visions.length;
  }

  /** By how much each pixel's probability depends on the next action: (4096,) by world. */
  movement() {
    const { memory, visions, actions } = this.engine;
    const next = memory.foresee(this.z, this.state, actions.length);
    const picture = new Float32Array(PIXELS);
    return visions.map((vision) => {
      const low = new Float32Array(PIXELS).fill(1), high = new Float32Array(PIXELS);
      for (const z of next) {
        vision.decode(z, picture);
        for (let pixel = 0; pixel < PIXELS; pixel += 1) {
          if (picture[pixel] < low[pixel]) low[pixel] = picture[pixel];
          if (picture[pixel] > high[pixel]) high[pixel] = picture[pixel];
        }
      }
      return high.map((value, pixel) => value - low[pixel]);
    });
  }
}
