// What is on the page: no requests here, and no storage.

export const $ = (id) => document.getElementById(id);

export function element(tag, text = "", classes = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  if (classes) made.className = classes;
  return made;
}

export const NONE = -1; // stands for a criterion where it is said that none is met

export const number = (points) => String(Math.round(points * 1e6) / 1e6);
const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

export function earned(question, criteria, claims) {
  const met = [...criteria].reduce((sum, position) => sum + (question.criteria[position]?.points ?? 0), 0);
  return Math.max(0, met - question.false_claim * claims);
}

export function questions(all, progress, current, settling, open) {
  const buttons = all.flatMap((question) => {
    const { students, marked, disputed } = progress[question.name];
    const button = element("button");
    button.type = "button";
    const bar = element("i");
    bar.style.setProperty("--done", students ? (100 * marked) / students : 100);
    button.append(element("b", question.name), element("span", `${marked}/${students}`), bar);
    button.setAttribute("aria-label", `${question.name}: ${marked} of ${students} marked`);
    if (question.name === current && !settling) button.setAttribute("aria-current", "true");
    button.addEventListener("click", () => open(question.name, false));
    if (!disputed && !(settling && question.name === current)) return [button];
    const settle = element("button", "", "settle");
    settle.type = "button";
    settle.append(element("b", `${question.name} ≠`), element("span", String(disputed)));
    settle.setAttribute("aria-label", `${question.name}: ${plural(disputed, "disagreement")} to settle`);
    if (question.name === current && settling) settle.setAttribute("aria-current", "true");
    settle.addEventListener("click", () => open(question.name, true));
    return [button, settle];
  });
  const place = [...$("questions").children].indexOf(document.activeElement);
  $("questions").replaceChildren(...buttons);
  $("questions").children[place]?.focus();
}

// The server has made harmless what students wrote; the page's policy lets nothing in it run or load.
export function question(asked) {
  document.querySelector("#asked .name").textContent = `${asked.name}, ${plural(asked.points, "point")}`;
  $("prompt").innerHTML = asked.prompt;
  $("solution").innerHTML = asked.model_answer;
  $("cost").textContent = asked.false_claim ? `−${number(asked.false_claim)} each` : "";
  $("claims").hidden = !asked.false_claim;
}

export function answer(found, settling, left) {
  $("answer").dataset.key = found.key;
  if (found.blank) $("text").replaceChildren(element("p", "Left blank.", "blank"));
  else $("text").innerHTML = found.html;
  $("title").textContent = settling ? "Answer on which markers disagree" : "Answer";
  const notes = [];
  if (found.students > 1) notes.push(`the same from ${found.students} students: one mark for all`);
  if (!settling && found.marks.length) notes.push("some of them have a mark already");
  if (found.mine) notes.push(settling ? "settled by you" : "marked by you");
  notes.push(`${left} to go`);
  $("whose").textContent = notes.join(" · ");
}

export function criteria(asked, changed) {
  const rows = asked.criteria.map(({ text, points }, position) => criterion(text, points, position, changed));
  $("criteria").replaceChildren(...rows, criterion("None of these", 0, NONE, changed));
}

function criterion(text, points, position, changed) {
  const row = element("label", "", "criterion");
  const box = element("input");
  box.type = "checkbox";
  box.value = String(position);
  box.addEventListener("change", () => changed(position, box.checked));
  row.append(box, element("kbd", position < 9 ? String(position + 1) : ""));
  row.append(element("span", text), element("span", number(points), "worth"));
  row.querySelector("kbd").setAttribute("aria-hidden", "true");
  return row;
}

// What is ticked, and the points; a hint in their place as long as nothing is.
export function given(asked, chosen, claims) {
  for (const box of $("criteria").querySelectorAll("input")) box.checked = chosen.has(Number(box.value));
  const sum = element("span", number(earned(asked, chosen, claims)));
  const hint = element("small", "Tick what is met, or none of these");
  $("points").replaceChildren(...(chosen.size ? [sum, element("small", ` of ${number(asked.points)}`)] : [hint]));
  $("points").classList.remove("bad");
  $("save").setAttribute("aria-disabled", String(!chosen.size));
  $("count").textContent = String(claims);
  $("fewer").disabled = claims === 0;
}

// Somebody wants to save, and nothing is ticked.
export function lacking() {
  said("Not saved yet: tick what is met, or “None of these”.");
  $("points").classList.add("bad");
}

export function comments(offered, use) {
  $("earlier").hidden = offered.length === 0;
  const rows = offered.map((comment, position) => {
    const button = element("button");
    button.type = "button";
    button.append(element("kbd", `⇧${position + 1}`), element("span", comment));
    button.querySelector("kbd").setAttribute("aria-hidden", "true");
    button.addEventListener("click", () => use(comment));
    const row = element("li");
    row.append(button);
    return row;
  });
  $("comments").replaceChildren(...rows);
}

export function others(asked, marks, take) {
  $("others").hidden = marks.length === 0;
  const cards = marks.map((mark) => {
    const card = element("div", "", "one");
    const claims = mark.false_claims ? `, ${plural(mark.false_claims, "false claim")}` : "";
    card.append(element("strong", `${mark.marker}: ${number(mark.points)} of ${number(asked.points)}${claims}`));
    const met = element("ul");
    met.append(...mark.criteria.map((position) => element("li", asked.criteria[position]?.text ?? "")));
    if (mark.criteria.length) card.append(met);
    if (mark.comment) card.append(element("p", `“${mark.comment}”`));
    const button = element("button", "Start from this mark");
    button.type = "button";
    button.addEventListener("click", () => take(mark));
    card.append(button);
    return card;
  });
  $("given").replaceChildren(...cards);
}

export function notice(text) {
  $("notice").hidden = !text;
  if ($("notice").textContent !== text) $("notice").textContent = text;
}

export function said(text) {
  $("said").textContent = text;
}

// Marks that could not be taken, with all that was in them, until somebody has read that.
export function refused(entries, dismiss) {
  const cards = entries.map((entry) => {
    const card = element("div", "", "notice");
    card.append(element("strong", `A mark was not taken: ${entry.reason}`), element("p", entry.told));
    const button = element("button", "I have read this");
    button.type = "button";
    button.addEventListener("click", () => dismiss(entry.key));
    card.append(button);
    return card;
  });
  $("refused").hidden = cards.length === 0;
  $("refused").replaceChildren(...cards);
}

export function show(part) {
  $("work").hidden = part !== "work";
  $("finished").hidden = part !== "finished";
}
