// Recorded games of the player: the real game in each world, side by side.

/** The games of a bundle, by world: {frames, points, score, games}; none without a player's. */
function readGames({ header, arrays }) {
  const { data, shape: [worlds, length, bytes] } = arrays["games.frames"];
  const points = arrays["games.points"].data;
  return Array.from({ length: worlds }, (_, world) => ({
    frames: Array.from({ length }, (_, frame) => {
      const start = (world * length + frame) * bytes;
      return data.subarray(start, start + bytes);
    }),
    points: points.subarray(world * length, (world + 1) * length),
    ...header.games[world],
  }));
}

/** Points that the player and its opponent have made in each step: pairs, of their difference. */
function countPoints(points) {
  let won = 0, lost = 0, before = 0;
  return Array.from(points, (now) => {
    if (now > before) won += now - before;
    else lost += before - now;
    before = now;
    return [won, lost];
  });
}

class Games extends Replay {
  constructor(games, worlds, rate) {
    super("games", rate);
    this.games = games;
    this.section.hidden = !games.length;
    this.views = games.map((game, at) => this.view(game, worlds[at]));
    this.setSteps(games.length ? games[0].frames.length - 1 : 0);
    this.show();
  }

  /** A world's picture, with the points made so far and the mean of all its games. */
  view(game, world) {
    const canvas = frameCanvas(`The player's game in the world ${world.name}`);
    const told = element("b", {});
    const mean = `${game.score < 0 ? "−" : "+"}${Math.abs(game.score).toFixed(2)}`;
    const caption = element("figcaption", {},
      element("span", { className: "name" }, element("b", { textContent: world.name }), told),
      element("span", { textContent: `${mean} points, mean of ${game.games} games` }));
    this.section.querySelector(".rows").append(element("figure", { className: "world" }, canvas, caption));
    return { canvas, told, counted: countPoints(game.points) };
  }

  show() {
    const { step, parts } = this;
    this.views.forEach(({ canvas, told, counted }, at) => {
      paintFrame(canvas, unpackBits(this.games[at].frames[step]));
      told.textContent = counted[step].join(" : ");
    });
    parts.slider.value = step;
    parts.time.textContent = `${(step / this.rate).toFixed(1)} of ${(this.steps / this.rate).toFixed(0)} s`;
  }
}
