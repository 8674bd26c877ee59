// The marking page. What a marker gives goes into the queue first, then to the server.

import { call, GONE, NAMELESS, REFUSED, SIGNED_OUT } from "./call.js";
import { listen } from "./keys.js";
import { Queue } from "./queue.js";
import * as view from "./view.js";
import { $, NONE } from "./view.js";

const AGAIN = 1500; // milliseconds until the server is tried again
const GLANCE = 500; // milliseconds in which nobody has read what came up
const HEARTBEAT = 20000; // milliseconds between signs that an answer is still looked at

const page = {
  course: null, // what the server said at the start
  queue: null,
  progress: {},
  question: null,
  settling: false,
  answer: null,
  chosen: new Set(), // positions of criteria, or NONE
  claims: 0,
  since: 0, // when the answer came up; 0 as soon as something was given to it
  trail: [], // keys of answers that were shown, for going back
  undo: [], // what was given here, the last one last
  wanted: null, // what to do as soon as the server answers
  busy: false,
  starting: false,
};

// Talking to the server

async function ask(action, body) {
  const { status, data } = await request(action, body);
  if (status === 200) {
    if (data.progress) showProgress(data.progress);
    return data;
  }
  if (status === REFUSED) page.wanted = null; // to ask again would not help
  trouble(status, data);
  return null;
}

// As who this page is for: another tab may have come in under another name.
async function request(action, body = {}) {
  const asked = () => call(action, action === "start" ? body : { ...body, marker: page.queue.marker });
  const answer = await asked();
  return answer.status === NAMELESS && (await signIn()) ? asked() : answer;
}

function trouble(status, data) {
  const kept = page.queue?.length ?? 0;
  const waits = kept ? ` ${kept === 1 ? "1 mark is" : `${kept} marks are`} kept in this browser and will be sent.` : "";
  const says = {
    [GONE]: `The server does not answer.${waits} If it was stopped, start it again with the same port.`,
    [SIGNED_OUT]: `The server was started again: open the newest link that it printed, in this browser.${waits}`,
    [NAMELESS]: "",
  };
  view.notice(says[status] ?? `${data.error}.${waits}`);
}

// Sends what waits; true if nothing is left. Refused marks are shown, and kept until they were read.
async function send() {
  const stopped = await page.queue.send(request);
  showRefused();
  if (!stopped) return true;
  trouble(stopped.status, stopped.data);
  return false;
}

function showRefused() {
  view.refused(page.queue.entries(page.queue.refused), (key) => {
    localStorage.removeItem(key);
    showRefused();
  });
}

// Does something that needs the server, now or when it answers again. The latest wish counts.
async function want(wish) {
  page.wanted = wish;
  if (page.busy) return;
  page.busy = true;
  try {
    while (page.wanted) {
      const now = page.wanted;
      if (!(await send()) || !(await now())) return;
      if (page.wanted === now) page.wanted = null;
      view.notice("");
    }
  } finally {
    page.busy = false;
  }
}

setInterval(() => {
  if (!page.course) begin();
  else if (page.queue && !$("name").open && (page.wanted || page.queue.length)) {
    want(page.wanted ?? (async () => true));
  }
}, AGAIN);

setInterval(async () => {
  if (!page.answer || page.wanted) return;
  const { key, question } = page.answer;
  if (await ask("hold", { question, key, settling: page.settling })) view.notice("");
}, HEARTBEAT);

// Who is marking

const nameKey = "marker";

async function signIn() {
  const name = localStorage.getItem(nameKey);
  if (!name) {
    askName();
    return false;
  }
  const { status, data } = await call("name", { name });
  if (status === 200) showName(data.me);
  else if (status === 409) askName(data.error);
  else trouble(status, data);
  return status === 200;
}

function showName(name) {
  localStorage.setItem(nameKey, name);
  $("me").textContent = name;
  $("who").hidden = false;
  page.queue = new Queue(page.course.record, name);
  view.said(strangers());
  showRefused();
}

function strangers() {
  const found = page.queue.strangers;
  return found.length ? `Marks of ${found.join(", ")} wait in this browser, to be sent when they come in here.` : "";
}

function askName(problem = "") {
  $("name-problem").textContent = problem;
  $("name-field").value = localStorage.getItem(nameKey) ?? "";
  if (!$("name").open) $("name").showModal();
}

$("name").addEventListener("cancel", (event) => event.preventDefault());
$("rename").addEventListener("click", () => askName());
$("name-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { status, data } = await call("name", { name: $("name-field").value });
  if (status !== 200) {
    $("name-problem").textContent = data.error;
    return;
  }
  showName(data.me);
  $("name").close();
  page.undo = [];
  openFirst();
});

// Opening a question and an answer

async function begin() {
  if (page.starting) return;
  page.starting = true;
  const found = await ask("start");
  page.starting = false;
  if (!found) return;
  page.course = found;
  if (found.me) showName(found.me);
  else if (!(await signIn())) return;
  view.notice("");
  showProgress(found.progress);
  openFirst();
}

function openFirst() {
  const { questions, progress } = page.course;
  const named = questions.find((q) => q.name === decodeURIComponent(location.hash.slice(1)));
  const first = named ?? questions.find((q) => progress[q.name].open > 0) ?? questions[0];
  open(first.name, false, strangers());
}

function open(name, settling, told = "") {
  page.question = page.course.questions.find((question) => question.name === name);
  page.settling = settling;
  page.answer = null;
  history.replaceState(null, "", `#${encodeURIComponent(name)}`);
  view.question(page.question);
  showProgress(page.progress);
  want(said(told, async () => {
    const known = await ask("mine", { question: name });
    if (!known) return false;
    page.trail = settling ? [] : known.mine;
    return next("");
  }));
}

function showProgress(progress) {
  page.progress = progress;
  if (!page.course) return;
  page.course.progress = progress;
  view.questions(page.course.questions, progress, page.question?.name, page.settling, open);
}

const next = async (after) =>
  shown(await ask("next", { question: page.question.name, after, settling: page.settling }));

const again = (key) => async () => {
  const { status, data } = await request("answer", { question: page.question.name, key, settling: page.settling });
  if (status !== REFUSED) {
    if (status !== 200) trouble(status, data);
    return shown(status === 200 ? data : null);
  }
  page.trail = page.trail.filter((known) => known !== key);
  view.said(data.error);
  return next("");
};

function shown(found) {
  if (!found) return false;
  if (found.progress) showProgress(found.progress);
  if (found.answer) showAnswer(found.answer, found.comments);
  else showFinished();
  return true;
}

function showAnswer(answer, comments) {
  page.answer = answer;
  const draft = JSON.parse(localStorage.getItem(draftKey()) ?? "null");
  start(draft ?? answer.mine);
  page.since = performance.now();
  view.show("work");
  const { open: left, disputed } = page.progress[answer.question];
  view.answer(answer, page.settling, page.settling ? disputed : left);
  view.comments(comments, reuse);
  view.others(page.question, answer.marks, (mark) => {
    start(mark);
    changed();
  });
  if (!page.trail.includes(answer.key)) page.trail.push(answer.key);
  $("back").disabled = page.trail.indexOf(answer.key) <= 0;
  window.scrollTo(0, 0);
  $("answer").focus({ preventScroll: true });
}

// The form as a mark says, or a draft, or empty. Points without criteria are from a sheet: no box says them.
function start(mark) {
  const none = mark?.points === 0 && mark.criteria.length === 0;
  page.chosen = new Set(none ? [NONE] : mark?.criteria);
  page.claims = mark?.false_claims ?? 0;
  $("comment").value = mark?.comment ?? "";
  view.criteria(page.question, choose);
  view.given(page.question, page.chosen, page.claims);
  $("undo").disabled = page.undo.length === 0;
}

function showFinished() {
  page.answer = null;
  view.show("finished");
  const { open: left, disputed } = page.progress[page.question.name];
  const other = page.course.questions.find(({ name }) => page.progress[name].open && name !== page.question.name);
  $("finished-title").textContent = page.settling
    ? `${page.question.name}: nothing to settle`
    : `${page.question.name}: no answer is left for you`;
  const busy = left ? `${left} are with other markers, or wait for a second one.` : "All answers are marked.";
  const differ = disputed && !page.settling ? ` On ${disputed} of them markers disagree.` : "";
  $("finished-text").textContent = (page.settling ? "" : busy) + differ;
  $("onward").hidden = !other;
  $("onward").textContent = other ? `Go on with ${other.name}` : "";
  $("onward").onclick = () => open(other.name, false);
  $("review").hidden = page.trail.length === 0;
  $("finished").focus();
}

// Giving a mark

const draftKey = ({ key, settling } = { key: page.answer.key, settling: page.settling }) =>
  `draft:${page.course.record}:${page.queue.marker}:${settling ? "s" : "m"}:${key}`;

function changed() {
  page.since = 0;
  localStorage.setItem(draftKey(), JSON.stringify(form()));
}

const form = () => ({
  criteria: [...page.chosen].sort((one, two) => one - two),
  false_claims: page.claims,
  comment: $("comment").value.trim(),
});

function choose(position, met) {
  if (position === NONE) page.chosen.clear();
  else page.chosen.delete(NONE);
  if (met) page.chosen.add(position);
  else page.chosen.delete(position);
  view.given(page.question, page.chosen, page.claims);
  changed();
}

function toggle(position) {
  if (!page.answer || position >= page.question.criteria.length) return;
  choose(position, !page.chosen.has(position));
}

function claim(step) {
  if (!page.answer || !page.question.false_claim) return;
  page.claims = Math.min(99, Math.max(0, page.claims + step));
  view.given(page.question, page.chosen, page.claims);
  changed();
}

function reuse(comment) {
  if (!page.answer || !comment) return;
  const before = $("comment").value.trim();
  if (!before.split("\n").includes(comment)) $("comment").value = before ? `${before}\n${comment}` : comment;
  changed();
}

// Nothing that nobody gave: a second Enter meets an answer that nobody has read.
function save() {
  if (!page.answer) return;
  if (!page.chosen.size) {
    view.lacking();
    return;
  }
  if (page.since && performance.now() - page.since < GLANCE) return;
  const { key, mine, question } = page.answer;
  const mark = { ...form(), criteria: form().criteria.filter((position) => position !== NONE) };
  const points = `${view.number(view.earned(page.question, page.chosen, page.claims))} of ${view.number(page.question.points)}`;
  const which = { question, key, settling: page.settling };
  const told = `${question}: ${points} points. ${mark.comment}`;
  if (!kept(() => page.queue.add("mark", { ...which, ...mark }, told))) return;
  page.undo.push({ which, before: mine, form: form() });
  localStorage.removeItem(draftKey());
  leave(said(`Saved: ${points} points.`, () => next(key)));
}

// Written to the browser's storage; false if there is no room, and then the form stays as it is.
function kept(write) {
  try {
    write();
    return true;
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    view.notice("This browser has no room to keep the mark: close private windows, or free some space.");
    return false;
  }
}

function undo() {
  const last = page.undo.at(-1);
  if (!last) {
    view.said("Nothing to undo: ← goes back to earlier answers.");
    return;
  }
  const { which, before, form } = last;
  const { points, criteria, false_claims, comment } = before ?? {};
  const back = before && { points, criteria, false_claims, comment };
  const told = `${which.question}: a mark was to be taken back.`;
  const put = () => {
    localStorage.setItem(draftKey(which), JSON.stringify(form)); // the form comes back as it was
    page.queue.add(back ? "mark" : "unmark", { ...which, ...back }, told);
  };
  if (!kept(put)) return;
  page.undo.pop();
  page.question = page.course.questions.find(({ name }) => name === which.question);
  page.settling = which.settling;
  view.question(page.question);
  leave(said("Taken back, and not saved.", again(which.key)));
}

// A wish that first says that what was put into the queue has arrived, if it has.
function said(text, wish) {
  const count = () => page.queue.entries(page.queue.refused).length;
  const before = count();
  view.said("");
  return () => {
    view.said(count() > before ? "" : text);
    return wish();
  };
}

// From an answer to another one, with nothing to mark in between.
function leave(wish) {
  page.answer = null;
  view.show("");
  want(wish);
}

function skip() {
  if (!page.answer) {
    if (!$("finished").hidden && !$("onward").hidden) $("onward").click();
    return;
  }
  const { key } = page.answer;
  const later = page.trail[page.trail.indexOf(key) + 1];
  leave(later ? again(later) : () => next(key));
}

function back() {
  const place = page.answer ? page.trail.indexOf(page.answer.key) : page.trail.length;
  if (place > 0) leave(again(page.trail[place - 1]));
}

$("form").addEventListener("submit", (event) => {
  event.preventDefault();
  save();
});
$("comment").addEventListener("input", () => page.answer && changed());
$("fewer").addEventListener("click", () => claim(-1));
$("more").addEventListener("click", () => claim(1));
$("back").addEventListener("click", back);
$("skip").addEventListener("click", skip);
$("undo").addEventListener("click", undo);
$("review").addEventListener("click", back);
$("keys-on").checked = localStorage.getItem("keys") !== "off";
$("keys-on").addEventListener("change", (event) => localStorage.setItem("keys", event.target.checked ? "on" : "off"));

listen(
  {
    save, undo, back, skip, toggle, claim,
    comment: () => $("comment").focus(),
    leave: () => $("answer").focus(),
    model: () => ($("model").open = !$("model").open),
    reuse: (position) => $("comments").querySelectorAll("button")[position]?.click(),
  },
  () => $("keys-on").checked,
);
begin();
