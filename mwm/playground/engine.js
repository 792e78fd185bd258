// V, M and the player's policy, as the Python package computes them. Weights stay int8: a row is
// multiplied by whole numbers, and its sum by the row's scale.

const SIDE = 64;
const PIXELS = SIDE * SIDE;

const sigmoid = (x) => 1 / (1 + Math.exp(-x));

/** The arrays whose names start with `prefix`, by the rest of their names. */
function within(arrays, prefix) {
  const parts = Object.entries(arrays).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(parts.map(([name, array]) => [name.slice(prefix.length), array]));
}

/** A matrix (rows, columns) of int8 with a scale per row: products with vectors. */
class Matrix {
  constructor(arrays, name) {
    [this.rows, this.columns] = arrays[name].shape;
    this.scales = arrays[`${name}.scale`].data;
    const { rows, columns } = this;
    const codes = arrays[name].data;
    // Column by column, so that those of zeros, of which a ReLU gives many, cost nothing.
    this.turned = new Int8Array(rows * columns);
    for (let row = 0, at = 0; row < rows; row += 1) {
      for (let column = 0; column < columns; column += 1, at += 1) {
        this.turned[column * rows + row] = codes[at];
      }
    }
    this.sums = new Float64Array(rows);
    this.places = new Int32Array(columns + 3);
    this.values = new Float64Array(columns + 3);
  }

  /** Adds the product with `x` (n,) Float64Array to `out`, from the column `from` on. */
  addProduct(x, out, from = 0) {
    const { rows, turned, scales, sums, places, values } = this;
    let count = 0;
    for (let i = 0; i < x.length; i += 1) {
      if (x[i] === 0) continue;
      places[count] = (from + i) * rows;
      values[count] = x[i];
      count += 1;
    }
    places.fill(0, count, count + 3); // four columns at a time
    values.fill(0, count, count + 3);
    sums.fill(0);
    for (let i = 0; i < count; i += 4) {
      const p = places[i], q = places[i + 1], r = places[i + 2], s = places[i + 3];
      const a = values[i], b = values[i + 1], c = values[i + 2], d = values[i + 3];
      for (let row = 0; row < rows; row += 1) {
        sums[row] += turned[p + row] * a + turned[q + row] * b + turned[r + row] * c
          + turned[s + row] * d;
      }
    }
    for (let row = 0; row < rows; row += 1) out[row] += sums[row] * scales[row];
  }

  /** Adds one column to `out`: the product with a one-hot vector. */
  addColumn(column, out) {
    const { rows, turned, scales } = this;
    const start = column * rows;
    for (let row = 0; row < rows; row += 1) out[row] += turned[start + row] * scales[row];
  }
}

/** A linear layer, as PyTorch's nn.Linear. */
class Linear {
  constructor(arrays, name) {
    this.matrix = new Matrix(arrays, `${name}.weight`);
    this.bias = arrays[`${name}.bias`].data;
  }

  /** Float64Array (rows,) of x (columns,), a Float64Array too. */
  apply(x) {
    const out = new Float64Array(this.bias);
    this.matrix.addProduct(x, out);
    return out;
  }
}

/** Layers with the function `between` after each but the last. */
class Layers {
  constructor(arrays, names, between) {
    this.layers = names.map((name) => new Linear(arrays, name));
    this.between = between;
  }

  apply(x) {
    const last = this.layers.length - 1;
    this.layers.forEach((layer, index) => {
      x = layer.apply(x);
      if (index === last) return;
      for (let i = 0; i < x.length; i += 1) x[i] = this.between(x[i]);
    });
    return x;
  }
}

const relu = (x) => (x > 0 ? x : 0);

/** V of one world: frames to latents and back. */
class Vision {
  constructor(arrays, model) {
    this.latent = model.latent;
    this.hidden = model.hidden;
    this.rank = model.rank;
    this.embedding = arrays.embedding.data;
    this.embeddingScales = arrays["embedding.scale"].data;
    this.embeddingBias = arrays.embedding_bias.data;
    this.encoder = new Layers(arrays, ["encoder.1", "encoder.3"], relu);
    this.decoder = new Layers(arrays, ["decoder.0", "decoder.2", "decoder.4"], relu);
    const scales = arrays["canvas.scale"].data;
    this.canvas = Float64Array.from(arrays.canvas.data, (code, at) => code * scales[at >> 6]);
    this.sign = arrays.sign.data;
    this.background = unpackBits(arrays.background.data);
  }

  /** Latent (latent,) of a frame of bits (4096,): the mean of what V makes of it. */
  encode(bits) {
    const { hidden, embedding, background } = this;
    const sums = new Float64Array(hidden); // whole numbers, so that their sum is exact
    for (let pixel = 0; pixel < PIXELS; pixel += 1) {
      if (bits[pixel] === background[pixel]) continue;
      const start = pixel * hidden;
      for (let unit = 0; unit < hidden; unit += 1) sums[unit] += embedding[start + unit];
    }
    for (let unit = 0; unit < hidden; unit += 1) {
      sums[unit] = relu(sums[unit] * this.embeddingScales[unit] + this.embeddingBias[unit]);
    }
    return new Float32Array(this.encoder.apply(sums).subarray(0, this.latent));
  }

  /** Probabilities (4096,) that pixels are on, of a latent; written to `out`. */
  decode(z, out = new Float32Array(PIXELS)) {
    const factors = this.decoder.apply(new Float64Array(z));
    const { rank, sign, canvas } = this;
    const line = new Float64Array(SIDE);
    for (let row = 0; row < SIDE; row += 1) {
      line.set(canvas.subarray(row * SIDE, row * SIDE + SIDE));
      for (let part = 0; part < rank; part += 1) {
        const factor = factors[part * SIDE + row];
        const columns = (rank + part) * SIDE;
        for (let column = 0; column < SIDE; column += 1) {
          line[column] += factor * factors[columns + column];
        }
      }
      for (let column = 0; column < SIDE; column += 1) {
        const pixel = row * SIDE + column;
        out[pixel] = sigmoid(line[column] * sign[pixel]);
      }
    }
    return out;
  }
}

/** Numbers in spreads from their centre; 0 where the spread is 0: those are not read. */
function inSpreads(numbers, centre, spread) {
  return numbers.map((value, i) => spread[i] && (value - centre[i]) / spread[i]);
}

/** M, which predicts the next latent. A state is {hidden, cell}; none is changed in place. */
class Memory {
  constructor(arrays, model) {
    this.latent = model.latent;
    this.size = model.memory;
    this.byInput = new Matrix(arrays, "lstm.weight_ih_l0");
    this.byState = new Matrix(arrays, "lstm.weight_hh_l0");
    const second = arrays["lstm.bias_hh_l0"].data;
    this.bias = Float64Array.from(arrays["lstm.bias_ih_l0"].data, (x, i) => x + second[i]);
    this.head = new Layers(arrays, ["head.0", "head.2"], relu);
    this.centre = arrays.centre.data;
    this.spread = arrays.spread.data;
  }

  /** The state before anything was read. */
  fresh() {
    return { hidden: new Float64Array(this.size), cell: new Float64Array(this.size) };
  }

  /** The state after z (latent,) and the action that was taken then. */
  remember(z, action, state) {
    return this.after(this.gates(z, state), action, state);
  }

  /** Mean (latent,) of the latent after z, in the state that has read z and the action. */
  predict(z, state) {
    const x = new Float64Array(this.size + this.latent);
    x.set(state.hidden);
    x.set(this.scaled(z), this.size);
    const change = this.head.apply(x);
    return z.map((value, i) => value + this.spread[i] * change[i]);
  }

  /** What each of `count` actions would lead to: latents, of which nothing is remembered. */
  foresee(z, state, count) {
    const gates = this.gates(z, state); // the same for all actions
    return Array.from({ length: count }, (_, action) =>
      this.predict(z, this.after(gates, action, state)));
  }

  scaled(z) {
    return inSpreads(Float64Array.from(z), this.centre, this.spread);
  }

  gates(z, state) {
    const gates = this.bias.slice();
    this.byInput.addProduct(this.scaled(z), gates);
    this.byState.addProduct(state.hidden, gates);
    return gates;
  }

  after(before, action, state) {
    const gates = before.slice();
    this.byInput.addColumn(this.latent + action, gates);
    const { size } = this;
    const hidden = new Float64Array(size);
    const cell = new Float64Array(size);
    for (let i = 0; i < size; i += 1) { // PyTorch's order: input, forget, cell, output
      const input = sigmoid(gates[i]);
      const forget = sigmoid(gates[size + i]);
      cell[i] = forget * state.cell[i] + input * Math.tanh(gates[2 * size + i]);
      hidden[i] = sigmoid(gates[3 * size + i]) * Math.tanh(cell[i]);
    }
    return { hidden, cell };
  }
}

/** The player's policy: from z, and M's hidden state before it reads z, to an action. */
class Policy {
  constructor(arrays, most) {
    this.actor = new Layers(arrays, ["actor.0", "actor.2", "actor.4"], Math.tanh);
    this.mean = arrays.mean.data;
    this.spread = arrays.spread.data;
    this.most = most; // spreads from the mean at which a number is cut
  }

  /** The likeliest action. */
  best(z, state) {
    const code = new Float64Array(z.length + state.hidden.length);
    code.set(z);
    code.set(state.hidden, z.length);
    const x = inSpreads(code, this.mean, this.spread)
      .map((value) => Math.min(this.most, Math.max(-this.most, value)));
    const likely = this.actor.apply(x);
    return likely.indexOf(Math.max(...likely));
  }
}

/** All models of a bundle. */
class Engine {
  constructor({ header, arrays }) {
    this.worlds = header.worlds.map((world) => world.name);
    this.actions = header.actions;
    this.visions = this.worlds.map((world) =>
      new Vision(within(arrays, `visions.${world}.`), header.model));
    this.memory = new Memory(within(arrays, "memory."), header.model);
    this.policy = header.player
      ? new Policy(within(arrays, "policy."), header.player.most) : null;
  }
}
