/* Elements are made with textContent alone: nothing that comes from a file is ever read as HTML. */

const make = (name, attributes = {}, ...content) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "class") made.className = value;
    else if (key === "on") for (const [event, handler] of Object.entries(value)) made.addEventListener(event, handler);
    else made.setAttribute(key, value === true ? "" : String(value));
  }
  for (const part of content.flat()) {
    if (part !== null && part !== undefined && part !== false) made.append(part);
  }
  return made;
};

const unseen = (text) => make("span", { class: "unseen" }, text);
const counted = (number, one, many = `${one}s`) => `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
const jsonOf = (id) => JSON.parse(document.getElementById(id)?.textContent || "null");
const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/* Rows of a long list, made as they are asked for. */
const PAGE = 100;
