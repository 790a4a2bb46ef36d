/* Moving the diagram: wheel, drag, pinch, buttons and keys. The window onto it scrolls as any other does. */

const [SMALLEST, LARGEST, STEP] = [0.25, 3, 1.2];

class View {
  constructor(port, stage, tools) {
    this.port = port;
    this.stage = stage;
    this.zoom = 1;
    this.level = tools.querySelector("output");
    const acts = { in: () => this.by(STEP), out: () => this.by(1 / STEP), fit: () => this.fit() };
    for (const [name, act] of Object.entries(acts)) tools.querySelector(`[data-act="${name}"]`).addEventListener("click", act);
    port.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    port.addEventListener("keydown", (event) => this.key(event));
    port.addEventListener("pointerdown", (event) => this.grab(event));
    port.addEventListener("touchstart", (event) => this.pinch(event), { passive: true });
    port.addEventListener("touchmove", (event) => this.pinching(event), { passive: false });
    new ResizeObserver(() => this.measure()).observe(port);
    this.measure();
  }

  measure() {
    const room = this.port.clientWidth;
    if (room) this.stage.style.width = `${Math.max(300, Math.min(room, 1120))}px`;
  }

  set(zoom, x = null, y = null) {
    const before = this.zoom;
    const box = this.port.getBoundingClientRect();
    const [left, top] = [x === null ? box.width / 2 : x - box.left, y === null ? box.height / 2 : y - box.top];
    this.zoom = Math.min(LARGEST, Math.max(SMALLEST, zoom));
    this.stage.style.zoom = this.zoom;
    const grown = this.zoom / before;
    this.port.scrollLeft = (this.port.scrollLeft + left) * grown - left;
    this.port.scrollTop = (this.port.scrollTop + top) * grown - top;
    this.level.value = `${Math.round(this.zoom * 100)} %`;
  }

  by(factor, x, y) {
    this.set(this.zoom * factor, x, y);
  }

  /* As wide as the window; a second time, all of it in the window. */
  fit() {
    const whole = (this.port.clientHeight - 8) / (this.stage.getBoundingClientRect().height / this.zoom);
    this.set(this.zoom === 1 ? Math.min(1, whole) : 1);
    if (this.zoom === 1) this.port.scrollLeft = 0;
  }

  wheel(event) {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    this.by(Math.exp(-Math.max(-60, Math.min(60, event.deltaY)) / 150), event.clientX, event.clientY);
  }

  key(event) {
    if (event.target !== this.port || event.altKey || event.ctrlKey || event.metaKey) return;
    const far = { ArrowLeft: [-80, 0], ArrowRight: [80, 0], ArrowUp: [0, -80], ArrowDown: [0, 80] }[event.key];
    if (far) this.port.scrollBy(...far);
    else if (event.key === "+" || event.key === "=") this.by(STEP);
    else if (event.key === "-") this.by(1 / STEP);
    else if (event.key === "0") this.set(1);
    else return;
    event.preventDefault();
  }

  grab(event) {
    if (event.pointerType === "touch" || event.button !== 0 || event.target.closest("button, table, .lines")) return;
    const from = [event.clientX, event.clientY, this.port.scrollLeft, this.port.scrollTop];
    const move = (next) => {
      this.port.classList.add("held");
      this.port.scrollLeft = from[2] - (next.clientX - from[0]);
      this.port.scrollTop = from[3] - (next.clientY - from[1]);
      next.preventDefault();
    };
    const drop = () => {
      this.port.classList.remove("held");
      removeEventListener("pointermove", move);
    };
    addEventListener("pointermove", move);
    addEventListener("pointerup", drop, { once: true });
    addEventListener("pointercancel", drop, { once: true });
  }

  spread(touches) {
    return Math.hypot(touches[0].clientX - touches[1].clientX, touches[0].clientY - touches[1].clientY);
  }

  pinch(event) {
    this.held = event.touches.length === 2 ? { spread: this.spread(event.touches), zoom: this.zoom } : null;
  }

  pinching(event) {
    if (event.touches.length !== 2 || !this.held) return;
    event.preventDefault();
    const middle = [0, 1].map((n) => event.touches[n]).reduce(([x, y], each) => [x + each.clientX / 2, y + each.clientY / 2], [0, 0]);
    this.set((this.held.zoom * this.spread(event.touches)) / this.held.spread, ...middle);
  }

  /* Bring a box into the middle of the window. */
  bring(box) {
    const [port, at] = [this.port.getBoundingClientRect(), box.getBoundingClientRect()];
    const high = Math.min(at.height, port.height * 0.6);
    this.port.scrollBy({
      left: at.left < port.left || at.right > port.right ? at.left - port.left - Math.max(8, (port.width - at.width) / 2) : 0,
      top: at.top - port.top - (port.height - high) / 2,
      behavior: calm() ? "auto" : "smooth",
    });
  }
}
