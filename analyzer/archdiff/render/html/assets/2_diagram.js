/* The diagram: rows of blocks, OLD and NEW side by side; what is closed is not in the page. */

const ITEMS = 300;
const SIDES = ["OLD", "NEW"];

class Diagram {
  constructor(stage, data, bench) {
    this.stage = stage;
    this.data = data;
    this.bench = bench;
    this.pair = data.names.length > 1;
    this.list = make("ol", { class: `rows ${this.pair ? "two" : "one"}` });
    this.more = make("button", { type: "button", class: "more", on: { click: () => this.show(this.shown + PAGE) } });
    this.shown = 0;
    this.drawn = [];
    this.limits = new Map();
    this.openTensors = new Set();
    this.index = null;
    stage.append(this.heads(), this.list, this.more);
    this.show(PAGE);
  }

  heads() {
    const names = this.data.names.map((name, side) =>
      make("div", { class: `column-name side-${side}` }, this.pair && make("span", { class: "tag" }, SIDES[side]), name));
    return make("div", { class: `column-names ${this.pair ? "two" : "one"}` }, names);
  }

  show(count) {
    const rows = this.data.rows;
    const end = Math.min(count, rows.length);
    for (; this.shown < end; this.shown += 1) {
      this.drawn.push(this.row(this.shown));
      this.list.append(this.drawn[this.shown]);
    }
    this.more.hidden = this.shown >= rows.length;
    this.more.textContent = `Show more: ${counted(rows.length - this.shown, "block")} below`;
    this.bench.refresh();
  }

  /* Where every box is: its row and, inside that, its item. */
  places() {
    if (this.index) return this.index;
    this.index = new Map();
    this.data.rows.forEach((row, number) => {
      row.cells.forEach((cell) => cell && this.index.set(cell.key, { row: number, item: -1, cell }));
      (row.body || []).forEach((item, position) => {
        if (item.cell) this.index.set(item.cell.key, { row: number, item: position, cell: item.cell });
      });
    });
    return this.index;
  }

  row(number) {
    const row = this.data.rows[number];
    const grid = make("div", { class: "grid" });
    const stops = row.cells.map((_, side) => (this.passes(number, side, false) ? "" : ` stops-${side}`)).join("");
    const item = make("li", { class: `row${stops}`, "data-row": number }, grid);
    const body = row.open && row.body ? this.body(row, number) : [];
    const end = row.open && row.body ? row.body.reduce((most, each) => Math.max(most, each.cell ? each.end : each[3]), 2) + 2 : 2;
    row.cells.forEach((cell, side) => {
      if (!cell) {
        if (this.passes(number, side)) grid.append(this.through(side, end));
        return;
      }
      const frame = make("div", { class: `block status-${cell.status} side-${side}`, "aria-hidden": "true" });
      frame.style.gridArea = `1 / ${side ? 15 : 1} / ${end} / ${side ? 28 : this.pair ? 14 : 15}`;
      grid.append(frame, this.head(row, number, cell, side));
    });
    if (row.cells.length > 1 && row.cells[0] && row.cells[1]) grid.append(make("div", { class: "link", "aria-hidden": "true" }));
    grid.append(...body);
    return item;
  }

  /* Whether the model on this side goes on above and below a row, in which it may have nothing. */
  passes(number, side, above = true) {
    this.ends ??= this.data.names.map((_, each) => {
      const filled = this.data.rows.map((row, position) => (row.cells[each] ? position : -1)).filter((position) => position >= 0);
      return [filled[0] ?? Infinity, filled.at(-1) ?? -1];
    });
    return (!above || number > this.ends[side][0]) && number >= this.ends[side][0] && number < this.ends[side][1];
  }

  through(side, end) {
    const made = make("div", { class: `through side-${side}`, "aria-hidden": "true" });
    made.style.gridArea = `1 / ${side ? 15 : 1} / ${end} / ${side ? 28 : 14}`;
    return made;
  }

  head(row, number, cell, side) {
    const opens = row.body && row.body.length > 0;
    const head = make("div", { class: `head status-${cell.status} side-${side}`, "data-key": cell.key, tabindex: "-1" });
    head.style.gridArea = `1 / ${side ? 15 : 1} / 2 / ${side ? 28 : this.pair ? 14 : 15}`;
    const toggle = opens && (() => this.toggle(number, cell.key));
    head.append(...this.content(cell, side, toggle, opens ? row.open : null));
    return head;
  }

  /* What stands in a box: its name, which opens it where there is something to open; its facts; its findings. */
  content(cell, side, toggle, open) {
    const look = this.data.looks[cell.status];
    const mark = look[0] ? make("span", { class: "mark", "aria-hidden": "true" }, look[0]) : null;
    const spoken = unseen(`${this.pair ? `${SIDES[side]}, ` : ""}${cell.status === "unchanged" ? "" : `${cell.status}: `}`);
    const name = [mark, spoken, make("strong", {}, cell.label || cell.id), cell.times ? make("b", { class: "times" }, cell.times) : null];
    const tensors = cell.tensors && open === null;
    const opened = tensors ? this.openTensors.has(cell.key) : open;
    const act = tensors ? () => this.toggleTensors(cell.key) : toggle;
    const title = act
      ? make("button", { type: "button", class: "name", "aria-expanded": String(Boolean(opened)), on: { click: act } }, make("span", { class: "caret", "aria-hidden": "true" }), name)
      : make("span", { class: "name" }, name);
    const size = cell.size ? make("span", { class: "size" }, cell.size) : null;
    const lines = [...(cell.notes || []).map((note) => [[note, 1]]), ...(cell.lines || [])];
    const told = lines.length ? make("ul", { class: "lines" }, lines.map((line) => this.line(line))) : null;
    const table = tensors && opened ? this.tensors(cell) : null;
    return [make("div", { class: "title" }, title, size), told, table, this.badge(cell)].filter(Boolean);
  }

  line(line) {
    return make("li", {}, line.map(([text, bold]) => (bold ? make("b", {}, text) : text)));
  }

  badge(cell) {
    if (!cell.found) return null;
    const badge = make("button", { type: "button", class: "badge", "data-found": cell.key, on: { click: () => this.bench.findingsOf(cell.key) } });
    this.bench.countOn(badge, cell);
    return badge;
  }

  tensors(cell) {
    const alone = { added: "+", removed: "−" }[cell.status];
    const shown = cell.tensors.slice(0, this.limits.get(cell.key) || ITEMS);
    const rows = shown.map(([name, shape, dtype, mark]) => {
      const sign = mark || alone || "";
      const spoken = { "+": "added: ", "−": "removed: ", "~": "changed: " }[sign];
      return make("li", { class: sign ? "differs" : null },
        make("span", { class: "mark", "aria-hidden": "true" }, sign), spoken && unseen(spoken), make("span", { class: "tensor-name" }, name),
        make("span", { class: "shape" }, shape), " ", make("span", { class: "dtype" }, dtype));
    });
    const left = cell.tensors.length - shown.length;
    const more = left ? make("button", { type: "button", class: "more", on: { click: () => this.widen(cell.key, shown.length) } }, counted(left, "more tensor")) : null;
    return make("div", { class: "tensors" }, make("ul", { "aria-label": `Tensors of ${cell.label || cell.id}` }, rows), more);
  }

  widen(key, from) {
    this.limits.set(key, from + ITEMS * 4);
    this.redraw(this.places().get(key).row, key);
  }

  body(row, number) {
    const limit = this.limits.get(number) || ITEMS;
    const boxes = row.body.filter((item) => item.cell);
    const shown = boxes.slice(0, limit);
    const last = shown.reduce((most, item) => Math.max(most, item.top), 0);
    const found = shown.flatMap((item) => (item.kind === "frame" ? [this.frame(item), this.box(item)] : [this.box(item)]));
    for (const item of row.body) if (!item.cell && (boxes.length === shown.length || item[3] <= last)) found.push(this.wire(item));
    if (boxes.length > shown.length) {
      const more = make("button", { type: "button", class: "more", on: { click: () => { this.limits.set(number, limit + ITEMS * 2); this.redraw(number); } } }, `${counted(boxes.length - shown.length, "more part")}`);
      more.style.gridArea = `${last + 2} / 1 / ${last + 3} / -1`;
      found.push(more);
    }
    return found;
  }

  column(side, column) {
    return column + (side ? 15 : 2);
  }

  frame({ cell, side, top, end, left, right, depth }) {
    const made = make("div", { class: `frame status-${cell.status} deep-${Math.min(depth, 3)}`, "aria-hidden": "true" });
    made.style.gridArea = `${top} / ${this.column(side, left)} / ${end} / ${this.column(side, right)}`;
    return made;
  }

  box(item) {
    const { cell, side } = item;
    const kind = item.kind === "frame" ? "heading" : item.kind;
    const end = item.kind === "frame" ? item.top + 1 : item.end;
    const made = make("div", { class: `${kind} status-${cell.status} deep-${Math.min(item.depth, 3)} side-${side}`, "data-key": cell.key, tabindex: "-1" });
    made.style.gridArea = `${item.top} / ${this.column(side, item.left)} / ${end} / ${this.column(side, item.right)}`;
    if (kind === "operator") {
      const mark = this.data.looks[cell.status][0];
      made.append(make("span", { class: "sign", role: "img", "aria-label": `${this.pair ? `${SIDES[side]}, ` : ""}${cell.status === "unchanged" ? "" : `${cell.status}: `}${cell.role}`, title: cell.role }, cell.label));
      if (mark) made.append(make("span", { class: "mark", "aria-hidden": "true" }, mark));
    } else made.append(...this.content(cell, side, null, null));
    return made;
  }

  wire([kind, side, top, end, from, to]) {
    const made = make("div", { class: `wire ${kind} side-${side}`, "aria-hidden": "true" });
    const [left, right] = [this.column(side, from), this.column(side, to)];
    if (kind === "lane") {
      made.classList.add(`lane-${Math.min(from, 2)}`);
      made.style.gridArea = `${top} / ${side ? right : 1} / ${end} / ${side ? 28 : right}`;
    } else made.style.gridArea = `${top} / ${left} / ${end} / ${kind === "beam" ? right : left + 1}`;
    return made;
  }

  redraw(number, focus = null) {
    if (number >= this.shown) return;
    const fresh = this.row(number);
    this.drawn[number].replaceWith(fresh);
    this.drawn[number] = fresh;
    this.bench.refresh(fresh);
    if (focus) fresh.querySelector(`[data-key="${focus}"] button.name`)?.focus({ preventScroll: true });
  }

  toggle(number, focus) {
    this.data.rows[number].open = !this.data.rows[number].open;
    this.redraw(number, focus);
  }

  toggleTensors(key) {
    if (!this.openTensors.delete(key)) this.openTensors.add(key);
    this.redraw(this.places().get(key).row, key);
  }

  /* Open or close everything, a few rows for each frame, so that the page stays alive. */
  setAll(open, tensors = false, everything = false) {
    this.wanted = open;
    if (tensors) for (const [key, place] of this.places()) if (place.cell.tensors) this.openTensors.add(key);
    if (!open) this.openTensors.clear();
    const numbers = this.data.rows.map((_, number) => number).filter((number) => everything || number < this.shown);
    const step = (from) => {
      if (this.wanted !== open) return;
      for (const number of numbers.slice(from, from + (everything ? Infinity : 10))) {
        this.data.rows[number].open = open && Boolean(this.data.rows[number].body?.length);
        this.redraw(number);
      }
      if (!everything && from + 10 < numbers.length) requestAnimationFrame(() => step(from + 10));
    };
    step(0);
  }

  /* The element of a box, drawn and opened where it has to be. */
  reveal(key) {
    const place = this.places().get(key);
    if (!place) return null;
    if (place.row >= this.shown) this.show(place.row + 1);
    const row = this.data.rows[place.row];
    if (place.item >= 0) {
      const position = row.body.slice(0, place.item + 1).filter((item) => item.cell).length;
      const hidden = position > (this.limits.get(place.row) || ITEMS);
      if (hidden) this.limits.set(place.row, position);
      if (!row.open || hidden) {
        row.open = true;
        this.redraw(place.row);
      }
    }
    return this.drawn[place.row].querySelector(`[data-key="${key}"]`);
  }
}
