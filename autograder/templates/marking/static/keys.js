// Keys: one for everything that is done more than once in an answer.

const TYPING = "textarea, input[type=text]";
const OWN = "button, summary, a"; // Enter and space are theirs

export function listen(does, enabled) {
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector("dialog[open]")) return;
    const typing = event.target.closest(TYPING);
    const action = typing ? inText(event, does) : elsewhere(event, does, enabled());
    if (!action) return;
    event.preventDefault();
    if (!event.repeat) action(); // a key that is held does nothing twice
  });
}

function inText(event, does) {
  if (event.key === "Escape") return does.leave;
  if (event.key === "Enter" && !event.shiftKey) return does.save;
  return null;
}

function elsewhere(event, does, enabled) {
  if (event.key === "Enter") return event.target.closest(OWN) && !event.repeat ? null : does.save;
  if (!enabled) return null;
  const digit = /^(?:Digit|Numpad)([0-9])$/.exec(event.code);
  if (digit) {
    const position = Number(digit[1]) - 1;
    return event.shiftKey ? () => does.reuse(position) : () => does.toggle(position);
  }
  switch (event.key.length === 1 ? event.key.toLowerCase() : event.key) {
    case "f": return () => does.claim(event.shiftKey ? -1 : 1);
    case "c": return does.comment;
    case "u": return does.undo;
    case "m": return does.model;
    case "ArrowLeft": return does.back;
    case "ArrowRight": return does.skip;
    default: return null;
  }
}
