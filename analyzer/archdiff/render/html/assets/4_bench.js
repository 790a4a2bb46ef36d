/* Findings beside the diagram: filters, search, from a finding to its places and back. */

class Bench {
  constructor(root, data) {
    this.root = root;
    this.find = (selector) => root.querySelector(selector);
    this.items = [...root.querySelectorAll("li.finding")];
    this.visible = new Set(this.items.keys());
    this.lit = new Set();
    this.matches = [];
    this.match = -1;
    this.place = null;
    this.filters = this.find("form.filters");
    this.status = this.find(".found");
    this.diagram = new Diagram(this.find(".stage"), data, this);
    this.view = new View(this.find(".viewport"), this.find(".stage"), this.find(".tools"));
    this.keys = data.found;
    this.listen();
    this.apply();
  }

  listen() {
    this.filters.addEventListener("input", () => this.apply());
    this.filters.addEventListener("submit", (event) => { event.preventDefault(); this.next(1); });
    this.filters.addEventListener("reset", () => setTimeout(() => { this.place = null; this.light([]); this.apply(); }));
    this.find('[data-act="next"]').addEventListener("click", () => this.next(1));
    this.find('[data-act="previous"]').addEventListener("click", () => this.next(-1));
    this.find('[data-act="open"]').addEventListener("click", () => this.diagram.setAll(true));
    this.find('[data-act="close"]').addEventListener("click", () => this.diagram.setAll(false));
    this.find(".chip")?.addEventListener("click", () => { this.place = null; this.apply(); this.find('input[type="search"]').focus(); });
    this.items.forEach((item, number) => {
      const button = item.querySelector(".goto");
      button.hidden = !this.keys[number].length;
      button.addEventListener("click", () => this.placesOf(number));
      item.addEventListener("click", (event) => {
        if (!event.target.closest("button, a, details, summary") && !getSelection().toString()) this.placesOf(number);
      });
    });
  }

  wanted() {
    const chosen = new FormData(this.filters);
    return {
      text: String(chosen.get("search") || "").trim().toLowerCase(),
      impacts: new Set(chosen.getAll("impact")),
      area: chosen.get("area") || "",
      confidence: chosen.get("confidence") || "",
    };
  }

  apply() {
    const { text, impacts, area, confidence } = this.wanted();
    const here = this.place === null ? null : new Set(this.diagram.places().get(this.place).cell.found);
    this.visible.clear();
    this.items.forEach((item, number) => {
      const told = item.dataset;
      const fits = impacts.has(told.impact) && (!area || told.area === area) && (!confidence || told.confidence === confidence)
        && (!here || here.has(number)) && (!text || item.textContent.toLowerCase().includes(text));
      item.hidden = !fits;
      if (fits) this.visible.add(number);
    });
    this.search(text);
    this.tell(text);
    this.refresh();
  }

  search(text) {
    this.matches = [];
    this.match = -1;
    if (!text) return;
    for (const [key, { cell }] of this.diagram.places()) {
      cell.words ??= [cell.label, cell.role, cell.class, cell.id, ...(cell.tensors || []).map((tensor) => tensor[0])].join("\n").toLowerCase();
      if (cell.words.includes(text)) this.matches.push(key);
    }
  }

  tell(text) {
    this.count(text ? `${counted(this.matches.length, "place")} in the diagram` : "");
    for (const name of ["next", "previous"]) this.find(`[data-act="${name}"]`).disabled = !this.matches.length;
    const chip = this.find(".chip");
    if (!chip) return;
    chip.hidden = this.place === null;
    if (this.place !== null) {
      const { cell } = this.diagram.places().get(this.place);
      chip.replaceChildren(unseen("Show all findings, not only those at "), `at ${cell.label || cell.id} `, make("span", { "aria-hidden": "true" }, "✕"));
    }
  }

  count(rest) {
    const findings = this.items.length ? `${this.visible.size} of ${counted(this.items.length, "finding")}` : "";
    this.status.textContent = [findings, rest].filter(Boolean).join(" · ");
  }

  next(step) {
    if (!this.matches.length) return;
    this.match = (this.match + step + this.matches.length) % this.matches.length;
    if (this.match < 0) this.match = this.matches.length - 1;
    this.show(this.matches[this.match], [this.matches[this.match]]);
    this.count(`place ${this.match + 1} of ${this.matches.length}`);
  }

  /* From a finding to its places: all of them are lit, the first comes into view. */
  placesOf(number) {
    const keys = this.keys[number];
    if (!keys.length) return;
    this.items.forEach((item, each) => item.toggleAttribute("aria-current", each === number));
    const exact = keys.find((key) => key.includes(".")) || keys[0];
    this.show(exact, keys, true);
  }

  show(key, lit, focus = false) {
    const box = this.diagram.reveal(key);
    this.light(lit);
    if (!box) return;
    const element = this.diagram.reveal(key);
    const port = this.view.port.getBoundingClientRect();
    if (port.top > innerHeight - 120 || port.bottom < 120) this.view.port.scrollIntoView({ block: "start" });
    if (focus) element.focus({ preventScroll: true });
    this.view.bring(element);
  }

  /* From a place to its findings. */
  findingsOf(key) {
    this.filters.querySelectorAll('input[type="search"]').forEach((field) => { field.value = ""; });
    this.place = key;
    this.apply();
    this.light([key]);
    const first = this.items.find((item) => !item.hidden);
    if (!first) return;
    const target = first.querySelector(".goto:not([hidden])") || first;
    this.find(".bench-findings").scrollIntoView({ block: "nearest" });
    target.focus();
    first.scrollIntoView({ block: "center" });
  }

  light(keys) {
    this.lit = new Set(keys);
    this.refresh();
  }

  countOn(badge, cell) {
    const number = cell.found.filter((each) => !this.items.length || this.visible.has(each)).length;
    badge.hidden = !number;
    badge.replaceChildren(counted(number, "finding"), unseen(` at ${cell.label || cell.id}`));
  }

  /* Marks and counts of what is drawn, after a filter or a drawing. */
  refresh(within = null) {
    if (!this.diagram) return;
    const root = within || this.diagram.stage;
    const found = new Set(this.matches);
    for (const box of root.querySelectorAll("[data-key]")) {
      box.classList.toggle("lit", this.lit.has(box.dataset.key));
      box.classList.toggle("match", found.has(box.dataset.key));
    }
    for (const badge of root.querySelectorAll("[data-found]")) this.countOn(badge, this.diagram.places().get(badge.dataset.found).cell);
    if (!this.lit.size && !found.size) {
      for (const row of root.querySelectorAll(".holds")) row.classList.remove("holds");
      return;
    }
    const inside = new Set();
    for (const key of [...this.lit, ...found]) {
      const place = this.diagram.places().get(key);
      if (place && place.item >= 0 && !this.diagram.data.rows[place.row].open) inside.add(place.row);
    }
    const rows = within ? [within] : this.diagram.drawn;
    for (const row of rows) row.classList.toggle("holds", inside.has(Number(row.dataset.row)));
  }
}
