"use strict";
// Sorting and filtering of the table of students. It only moves and hides rows that are there.
(() => {
  const table = document.getElementById("students");
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const form = document.querySelector(".filters");
  const { words, status, mistake } = form.elements;
  const told = form.querySelector("output");
  const order = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const lines = [...body.rows].map((row) => ({
    row,
    text: row.textContent.toLowerCase(),
    is: row.dataset.is.split(" "),
    mistakes: row.dataset.mistakes.split(" "),
  }));

  function filter() {
    const wanted = words.value.toLowerCase().split(/\s+/);
    let shown = 0;
    for (const { row, text, is, mistakes } of lines) {
      const fits = wanted.every((word) => text.includes(word))
        && (!status.value || is.includes(status.value))
        && (!mistake || !mistake.value || mistakes.includes(mistake.value));
      row.hidden = !fits;
      shown += fits;
    }
    const all = `${lines.length} submission${lines.length === 1 ? "" : "s"}`;
    told.value = shown === lines.length ? all : `${shown} of ${all}`;
  }

  function sort(head) {
    const place = heads.indexOf(head);
    const down = head.getAttribute("aria-sort") === "ascending";
    const numbers = head.hasAttribute("data-numbers");
    const value = ({ row }) => {
      const cell = row.cells[place];
      if (!numbers) return cell.textContent.trim();
      return cell.dataset.number === "" ? null : Number(cell.dataset.number);
    };
    const keyed = lines.map((line) => [value(line), line]);
    keyed.sort(([a], [b]) => {
      const missing = (a === null || a === "") - (b === null || b === ""); // last, either way
      if (missing || a === b) return missing;
      const rising = numbers ? a - b : order.compare(a, b);
      return down ? -rising : rising;
    });
    for (const other of heads) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    body.append(...keyed.map(([, { row }]) => row));
  }

  for (const head of heads) head.querySelector("button").addEventListener("click", () => sort(head));
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const button of document.querySelectorAll("[data-show]")) {
    button.addEventListener("click", () => {
      form.reset();
      mistake.value = button.dataset.show;
      filter();
      mistake.scrollIntoView({ block: "center" });
      mistake.focus();
    });
  }
  form.hidden = false;
  filter();
})();
