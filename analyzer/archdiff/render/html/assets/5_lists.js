/* Long lists: rows are made when the list is opened, a page at a time, filtered by what is typed. */

class LongList {
  constructor(root, data) {
    this.root = root;
    this.data = data;
    this.body = root.querySelector("tbody");
    this.more = root.querySelector("button.more");
    this.field = root.querySelector('input[type="search"]');
    this.told = root.querySelector("output");
    this.shown = 0;
    this.rows = data.rows;
    this.more.addEventListener("click", () => this.draw(this.shown + PAGE));
    this.field?.addEventListener("input", () => this.filter());
    root.addEventListener("toggle", () => root.open && !this.shown && this.draw(PAGE));
    if (root.open) this.draw(PAGE);
  }

  filter() {
    const text = this.field.value.trim().toLowerCase();
    this.rows = text ? this.data.rows.filter((row) => row.join("\n").toLowerCase().includes(text)) : this.data.rows;
    this.body.replaceChildren();
    this.shown = 0;
    this.draw(PAGE);
  }

  draw(count) {
    const end = Math.min(count, this.rows.length);
    const fresh = this.rows.slice(this.shown, end).map((row) =>
      make("tr", {}, row.map((cell, column) => make(column ? "td" : "th", { scope: column ? null : "row", class: this.data.code.includes(column) ? "code" : null }, cell))));
    this.body.append(...fresh);
    this.shown = Math.max(this.shown, end);
    this.more.hidden = this.shown >= this.rows.length;
    this.more.textContent = `Show more: ${(this.rows.length - this.shown).toLocaleString("en")} below`;
    if (this.told) this.told.value = this.rows.length === this.data.rows.length ? "" : `${this.rows.length.toLocaleString("en")} of ${this.data.rows.length.toLocaleString("en")}`;
  }
}
