"use strict";
(() => {
  const script = document.currentScript;
  const holder = script.parentElement.querySelector(".widget");
  const data = JSON.parse(script.parentElement.querySelector(".widget-data").textContent);
  // Of each film: x, y, title, ratings, place of its genre among those with a colour, all genres.
  const films = data.films.map(([x, y, title, ratings, genre, genres]) =>
    ({ x, y, title, ratings, genre, genres: genres.map((at) => data.genres[at]) }));
  const most = Math.log(1 + Math.max(...films.map((film) => film.ratings)));
  const colours = ["--blue", "--vermilion", "--green", "--orange", "--purple", "--sky", "--yellow"];
  const grey = "--muted";

  const make = (tag, text, parent, attributes = {}) => {
    const element = document.createElement(tag);
    if (text) element.textContent = text;
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    parent.append(element);
    return element;
  };

  const tools = make("div", "", holder, { class: "map-tools" });
  const find = make("input", "", tools, {
    type: "search", placeholder: "find a film", "aria-label": "find a film on the map" });
  const choice = make("select", "", tools, { "aria-label": "show one genre alone" });
  make("option", "all genres", choice, { value: "" });
  for (const genre of [...data.genres].sort()) make("option", genre, choice, { value: genre });
  const button = (sign, label, act) => {
    const made = make("button", sign, tools, { type: "button", "aria-label": label, title: label });
    made.addEventListener("click", act);
  };
  button("+", "zoom in", () => zoom(1.5, canvas.clientWidth / 2, canvas.clientHeight / 2));
  button("\u2212", "zoom out", () => zoom(1 / 1.5, canvas.clientWidth / 2, canvas.clientHeight / 2));
  button("reset", "show the whole map", () => { zoom(1 / scale, 0, 0); });

  const frame = make("div", "", holder, { class: "map-frame" });
  const canvas = make("canvas", "", frame, {
    role: "img", tabindex: "0", "aria-label": holder.dataset.alt });
  const tip = make("div", "", frame, { class: "map-tip", role: "status" });
  const legend = make("div", "", holder, { class: "map-legend" });
  data.coloured.forEach((genre, at) => {
    const key = make("button", "", legend, { type: "button", title: `show ${genre} alone` });
    make("span", "", key, { class: "dot", style: `background: var(${colours[at]})` });
    key.append(genre);
    key.addEventListener("click", () => {
      choice.value = choice.value === genre ? "" : genre;
      draw();
    });
  });
  make("span", "", make("span", "", legend, { class: "rest" }), {
    class: "dot", style: `background: var(${grey})` }).after("another, or none");

  let scale = 1, left = 0, top = 0, hovered = -1;

  const margin = 24;
  const side = () => [canvas.clientWidth, canvas.clientHeight];
  const place = (film) => {
    const [width, height] = side();
    return [
      ((film.x + 1) / 2 * (width - 2 * margin) + margin) * scale + left,
      ((1 - film.y) / 2 * (height - 2 * margin) + margin) * scale + top,
    ];
  };
  const radius = (film) =>
    (1.6 + 3.4 * Math.log(1 + film.ratings) / most) * Math.min(3, Math.sqrt(scale));
  const wanted = (film) => {
    const text = find.value.trim().toLowerCase();
    return (!choice.value || film.genres.includes(choice.value)) &&
      (!text || film.title.toLowerCase().includes(text));
  };

  const draw = () => {
    const [width, height] = side();
    const ratio = window.devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const style = getComputedStyle(document.documentElement);
    const paint = [...colours, grey].map((name) => style.getPropertyValue(name).trim());
    const ink = style.getPropertyValue("--ink").trim();
    const paper = style.getPropertyValue("--paper").trim();
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const chosen = films.map(wanted);
    const some = chosen.includes(false);
    // The best known come last, on top; what was not asked for stays as a faint ground.
    for (let at = films.length - 1; at >= 0; at--) {
      const film = films[at], [x, y] = place(film);
      if (x < -20 || y < -20 || x > width + 20 || y > height + 20) continue;
      context.globalAlpha = chosen[at] ? 0.85 : 0.1;
      context.fillStyle = paint[film.genre < 0 ? colours.length : film.genre];
      context.beginPath();
      context.arc(x, y, radius(film), 0, 2 * Math.PI);
      context.fill();
      context.lineWidth = 0.5;
      context.strokeStyle = ink;
      context.globalAlpha *= 0.5;
      context.stroke();
    }
    context.globalAlpha = 1;
    context.font = "12px system-ui, 'DejaVu Sans', sans-serif";
    context.textBaseline = "middle";
    context.lineJoin = "round";
    const taken = [];
    const label = (film) => {
      const letters = [...film.title];
      const title = letters.length > 36 ? letters.slice(0, 34).join("") + "\u2026" : film.title;
      const [x, y] = place(film), length = context.measureText(title).width;
      if (x < 0 || y < 8 || x > width || y > height - 8) return;
      const start = x + radius(film) + 3 + length > width
        ? x - radius(film) - 3 - length : x + radius(film) + 3;
      if (start < 2 || taken.some(([a, b, c, d]) =>
        start < c + 6 && start + length > a - 6 && y - 8 < d && y + 8 > b)) return;
      taken.push([start, y - 8, start + length, y + 8]);
      context.lineWidth = 3;
      context.strokeStyle = paper;
      context.strokeText(title, start, y);
      context.fillStyle = ink;
      context.fillText(title, start, y);
    };
    const room = width < 500 ? 8 : 16;
    for (let at = 0; at < films.length && taken.length < room * (some ? 2 : 1); at++) {
      if (chosen[at]) label(films[at]);
    }
    if (hovered >= 0) {
      const [x, y] = place(films[hovered]);
      context.lineWidth = 2;
      context.strokeStyle = ink;
      context.beginPath();
      context.arc(x, y, radius(films[hovered]) + 2, 0, 2 * Math.PI);
      context.stroke();
    }
    setTip();
  };

  const zoom = (factor, x, y) => {
    const next = Math.min(40, Math.max(1, scale * factor));
    left = x - (x - left) * next / scale;
    top = y - (y - top) * next / scale;
    scale = next;
    canvas.style.touchAction = scale > 1 ? "none" : "pan-y";
    const [width, height] = side();
    left = Math.min(0, Math.max(width * (1 - scale), left));
    top = Math.min(0, Math.max(height * (1 - scale), top));
    draw();
  };

  const show = (x, y) => {
    let best = 14 * 14, found = -1;
    films.forEach((film, at) => {
      if (!wanted(film)) return;
      const [fx, fy] = place(film), distance = (fx - x) ** 2 + (fy - y) ** 2;
      if (distance < best) { best = distance; found = at; }
    });
    if (found === hovered) return;
    hovered = found;
    tip.replaceChildren();
    if (found >= 0) {
      const film = films[found];
      make("b", film.title, tip);
      make("span", `${film.ratings.toLocaleString("en")} ratings`, tip);
      make("span", film.genres.join(", ") || "no genre", tip);
    }
    draw();
  };

  // The title goes with its film, wherever zooming and dragging take that.
  const setTip = () => {
    const [width, height] = side();
    const [x, y] = hovered < 0 ? [-1, -1] : place(films[hovered]);
    const isSeen = x >= 0 && y >= 0 && x <= width && y <= height;
    tip.style.display = isSeen ? "block" : "none";
    if (!isSeen) return;
    const wide = tip.offsetWidth;
    tip.style.left = `${Math.max(4, Math.min(width - wide - 4, x - wide / 2))}px`;
    tip.style.top = y > 90 ? `${y - tip.offsetHeight - 12}px` : `${y + 14}px`;
  };

  const pointers = new Map();
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  canvas.addEventListener("wheel", (event) => {
    // Whoever scrolls by is not to be caught by the map.
    if (!event.ctrlKey && document.activeElement !== canvas) return;
    event.preventDefault();
    zoom(Math.exp(-event.deltaY / 300), ...at(event));
  }, { passive: false });
  canvas.addEventListener("pointerdown", (event) => {
    canvas.focus({ preventScroll: true });
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, at(event));
    show(...at(event));
  });
  canvas.addEventListener("pointermove", (event) => {
    const now = at(event), before = pointers.get(event.pointerId);
    if (!before) { show(...now); return; }
    const others = [...pointers].filter(([id]) => id !== event.pointerId).map(([, spot]) => spot);
    pointers.set(event.pointerId, now);
    if (others.length) {
      const [other] = others;
      const was = Math.hypot(before[0] - other[0], before[1] - other[1]);
      const is = Math.hypot(now[0] - other[0], now[1] - other[1]);
      if (was > 0) zoom(is / was, (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
      return;
    }
    left += now[0] - before[0];
    top += now[1] - before[1];
    zoom(1, 0, 0);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, (event) => pointers.delete(event.pointerId));
  }
  canvas.addEventListener("pointerleave", (event) => {
    // A finger leaves whenever it is lifted, and had covered the title until then.
    if (event.pointerType !== "touch") show(-99, -99);
  });
  canvas.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] };
    const middle = side().map((length) => length / 2);
    if (event.key in steps) {
      left += steps[event.key][0];
      top += steps[event.key][1];
      zoom(1, 0, 0);
    } else if (event.key === "+" || event.key === "-") {
      zoom(event.key === "+" ? 1.5 : 1 / 1.5, ...middle);
    } else {
      return;
    }
    event.preventDefault();
  });
  find.addEventListener("input", draw);
  choice.addEventListener("change", draw);
  window.addEventListener("resize", draw);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  draw();
})();
