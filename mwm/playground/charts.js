// Small pictures of numbers: the latent as bars, distances as lines; and small parts of the page.

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const COUNTS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

/** A number as a word where there is one, perhaps to open a line. */
function inWords(count, opens = false) {
  const word = COUNTS[count] ?? String(count);
  return opens ? word[0].toUpperCase() + word.slice(1) : word;
}

/** An element with properties and children. */
function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** A canvas for one frame. */
function frameCanvas(label) {
  const canvas = element("canvas", { width: SIDE, height: SIDE, className: "frame" });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", label);
  return canvas;
}

/** Tell `seen` whether a part of the page is in sight, whenever that changes. */
function watch(part, seen) {
  new IntersectionObserver((entries) => seen(entries.at(-1).isIntersecting)).observe(part);
}

/** Buttons of which one is pressed: fills `group`; {value: label}; `chosen(value)` on a press. */
function makeChoice(group, labels, first, chosen) {
  const buttons = Object.entries(labels).map(([value, label]) => {
    const button = element("button", { type: "button", textContent: label });
    button.addEventListener("click", () => {
      choice.set(value);
      chosen(value);
    });
    return [value, button];
  });
  const choice = {
    set(value) {
      choice.value = value;
      buttons.forEach(([name, button]) => button.setAttribute("aria-pressed", name === value));
    },
  };
  group.append(...buttons.map(([, button]) => button));
  choice.set(first);
  return choice;
}

/** Bars of numbers (n,), each from -3 to 3, on a canvas as wide as it is shown. */
function drawBars(canvas, numbers) {
  const ratio = window.devicePixelRatio || 1;
  const width = Math.round(canvas.clientWidth * ratio);
  const height = Math.round(canvas.clientHeight * ratio);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, width, height);
  const room = width / numbers.length;
  numbers.forEach((number, at) => {
    const size = (Math.max(-3, Math.min(3, number)) / 6) * height;
    context.fillStyle = color(number < 0 ? "--bad" : "--good");
    context.fillRect(at * room + room * 0.15, height / 2, room * 0.7, -size);
  });
  context.fillStyle = color("--edge");
  context.fillRect(0, Math.round(height / 2), width, Math.max(1, Math.round(ratio)));
}

/** Lines over steps: {name: numbers}, each a class of the style; `now` is marked. */
class LineChart {
  constructor(svg) {
    this.svg = svg;
  }

  /** @param rate steps per second, to label the axis in seconds */
  show(lines, now, rate) {
    const { svg } = this;
    const width = svg.clientWidth || 400, height = svg.clientHeight || 176;
    const [left, right, top, bottom] = [28, 4, 8, 20];
    const steps = Math.max(...Object.values(lines).map((line) => line.length)) - 1;
    const most = Math.max(10, ...Object.values(lines).flatMap((line) => [...line]));
    const x = (step) => left + ((width - left - right) * step) / Math.max(1, steps);
    const y = (value) => height - bottom - ((height - top - bottom) * value) / most;
    const parts = [0, most / 2, most].map((value) =>
      `<line class="grid" x1="${left}" x2="${width - right}" y1="${y(value)}" y2="${y(value)}"/>` +
      `<text x="${left - 6}" y="${y(value) + 4}" text-anchor="end">${Math.round(value)}</text>`);
    for (let second = 0; second * rate <= steps; second += 1) {
      const anchor = second ? "middle" : "start";
      parts.push(`<text x="${x(second * rate)}" y="${height - 4}" text-anchor="${anchor}">${second} s</text>`);
    }
    for (const [name, line] of Object.entries(lines)) {
      const points = Array.from(line, (value, step) => `${x(step)},${y(value)}`);
      parts.push(`<polyline class="${name}" points="${points.join(" ")}"/>`);
    }
    parts.push(`<line class="now" x1="${x(now)}" x2="${x(now)}" y1="${top}" y2="${height - bottom}"/>`);
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.innerHTML = parts.join("");
  }
}
