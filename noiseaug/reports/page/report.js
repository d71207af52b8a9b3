"use strict";
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // Theme: as the system has it, or as chosen; remembered where the browser allows that for files.
  const root = document.documentElement, toggle = document.getElementById("theme");
  const themes = ["auto", "light", "dark"];
  const remembered = (value) => {
    try {
      if (value === undefined) return localStorage.getItem("noiseaug-theme");
      localStorage.setItem("noiseaug-theme", value);
    } catch { /* storage may be switched off */ }
    return null;
  };
  const setTheme = (theme) => {
    if (theme === "auto") delete root.dataset.theme; else root.dataset.theme = theme;
    toggle.textContent = `Theme: ${theme}`;
  };
  setTheme(themes.includes(remembered()) ? remembered() : "auto");
  toggle.addEventListener("click", () => {
    const next = themes[(themes.indexOf(root.dataset.theme ?? "auto") + 1) % themes.length];
    remembered(next);
    setTheme(next);
  });

  // The line between clean and noisy. The range lies over the picture: pointers drag it, arrow keys move it.
  for (const split of all(".split")) {
    const move = () => {
      split.parentElement.style.setProperty("--at", `${split.value}%`);
      split.setAttribute("aria-valuetext", `${split.value} % clean`);
    };
    split.addEventListener("input", move);
    move();
  }

  // Zoom: the whole picture, or a part of it pixel for pixel.
  for (const group of all(".zooms")) {
    const stage = group.previousElementSibling, views = all(".view", stage), buttons = all("button", group);
    group.addEventListener("click", (event) => {
      const chosen = event.target.closest("button");
      if (!chosen) return;
      stage.dataset.zoom = chosen.dataset.zoom;
      const shown = chosen.dataset.zoom === "fit" ? views[0] : views[views.length - 1];
      for (const view of views) view.classList.toggle("away", view !== shown);
      for (const button of buttons) button.setAttribute("aria-pressed", String(button === chosen));
    });
  }

  // One sound at a time.
  const players = all("audio");
  for (const player of players) {
    player.addEventListener("play", () => {
      for (const other of players) if (other !== player) other.pause();
    });
  }

  // Filters apply to the gallery and to the table.
  const form = document.getElementById("filter");
  if (form) {
    for (const row of all("tr[data-item]")) {
      ["name", "kind", "role", "label", "level"].forEach((key, column) => { row.dataset[key] = row.cells[column].textContent; });
    }
    const items = all("[data-item]"), status = document.getElementById("matching");
    const filter = () => {
      const wanted = new FormData(form), name = wanted.get("name").toLowerCase();
      const counts = { LI: [0, 0], TR: [0, 0] };
      for (const item of items) {
        const fits = ["level", "label", "kind", "role"].every((key) => !wanted.get(key) || item.dataset[key] === wanted.get(key));
        item.hidden = !(fits && item.dataset.name.toLowerCase().includes(name));
        counts[item.tagName][0] += !item.hidden;
        counts[item.tagName][1] += 1;
      }
      const part = ([shown, whole], noun) => `${shown} of ${whole} ${noun}`;
      status.textContent = `Showing ${part(counts.LI, "in the gallery")}, ${part(counts.TR, "in the table")}.`;
    };
    for (const event of ["input", "change"]) form.addEventListener(event, filter);
    form.addEventListener("reset", () => setTimeout(filter));
    form.addEventListener("submit", (event) => event.preventDefault());
    filter();
  }

  // A heading of the table sorts: upwards, then downwards. Empty cells come last.
  for (const table of all(".sortable")) {
    const heads = all("thead th", table), body = table.tBodies[0];
    heads.forEach((head, column) => head.firstElementChild.addEventListener("click", () => {
      const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
      const numeric = head.classList.contains("n");
      const value = (row) => {
        const cell = row.cells[column];
        if (!numeric) return cell.textContent;
        return "v" in cell.dataset ? Number(cell.dataset.v) : null;
      };
      const compared = (one, other) => numeric ? one - other : one.localeCompare(other, undefined, { numeric: true });
      const rows = [...body.rows].map((row) => [value(row), row]);
      const empty = (found) => found === null || found === "";
      rows.sort(([one, first], [other, second]) => {
        if (empty(one) || empty(other)) return empty(one) - empty(other);
        return sign * compared(one, other) || first.dataset.place - second.dataset.place;
      });
      body.append(...rows.map(([, row]) => row));
    }));
  }
})();
