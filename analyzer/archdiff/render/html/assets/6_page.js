/* The page: theme, print, the report as a file, and the parts above. */

const PRINTED = 4000;

const themes = () => {
  const button = document.getElementById("theme");
  const dark = () => (document.documentElement.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const told = () => button.setAttribute("aria-pressed", String(dark()));
  button.addEventListener("click", () => { document.documentElement.dataset.theme = dark() ? "light" : "dark"; told(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", told);
  told();
};

/* The embedded JSON has `<` escaped, so that no text in it ends the element; the file has it as it was. */
const download = () => {
  const button = document.getElementById("download");
  button?.addEventListener("click", () => {
    const text = document.getElementById("report-json").textContent.replace(/\\(u003c|[\s\S])/g, (all, escaped) => (escaped === "u003c" ? "<" : all));
    const link = make("a", { href: URL.createObjectURL(new Blob([text], { type: "application/json" })), download: button.dataset.name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
};

const printing = (benches, lists) => {
  let before = null;
  const expand = () => {
    if (before) return;
    before = [...document.querySelectorAll("details:not([open])")];
    for (const each of before) each.open = true;
    for (const list of lists) list.draw(PRINTED);
    for (const bench of benches) {
      bench.kept = bench.diagram.data.rows.map((row) => row.open);
      bench.keptTensors = new Set(bench.diagram.openTensors);
      bench.diagram.show(PRINTED);
      const many = bench.diagram.places().size > PRINTED;
      bench.diagram.setAll(true, !many, true);
    }
  };
  const restore = () => {
    for (const each of before || []) each.open = false;
    for (const bench of benches) {
      bench.diagram.openTensors = bench.keptTensors;
      bench.kept?.forEach((open, number) => { bench.diagram.data.rows[number].open = open; bench.diagram.redraw(number); });
    }
    before = null;
  };
  addEventListener("beforeprint", expand);
  addEventListener("afterprint", restore);
};

const start = () => {
  const data = jsonOf("page-data") || { benches: [], lists: [] };
  themes();
  download();
  const benches = [...document.querySelectorAll(".bench")].map((root) => new Bench(root, data.benches[Number(root.dataset.bench)]));
  const lists = [...document.querySelectorAll("details.long")].map((root) => new LongList(root, data.lists[Number(root.dataset.list)]));
  printing(benches, lists);
  document.documentElement.dataset.ready = "yes";
};

start();
