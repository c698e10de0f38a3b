/**
 * Keeps a page up to date: the gateway sends each marked part again when it has changed. A part in which somebody is
 * (keyboard focus) is replaced once they have left it. Without a connection the page says so and keeps its last figures.
 */
import { isSomebodyHere, whenSomebodyIsHere } from './presence.js';

const parts = new Map(
  [...document.querySelectorAll('[data-live]')].map((element) => [element.getAttribute('data-live') ?? '', element]),
);
const state = document.getElementById('live-state');
/** @type {Map<string, string>} */
const late = new Map();

/** @param {string} name @param {string} markup */
function show(name, markup) {
  const part = parts.get(name);
  if (part === undefined) return;
  if (part.contains(document.activeElement)) {
    late.set(name, markup);
    return;
  }
  late.delete(name);
  part.innerHTML = markup;
}

/** @param {string} text @param {boolean} stale */
function say(text, stale) {
  document.documentElement.classList.toggle('stale', stale);
  if (state !== null && state.textContent !== text) state.textContent = text;
}

if (parts.size > 0) {
  document.addEventListener('focusout', () => {
    setTimeout(() => {
      for (const [name, markup] of [...late]) show(name, markup);
    });
  });
  open();
}

function open() {
  const page = document.body.dataset.page ?? '/';
  const events = new EventSource(`/events?page=${encodeURIComponent(page)}`);
  events.addEventListener('open', () => say('Figures are live.', false));
  events.addEventListener('error', () => say('No connection to the gateway: these figures are old.', true));
  events.addEventListener('parts', (event) => {
    /** @type {Record<string, string>} */
    const changed = JSON.parse(event.data);
    for (const [name, markup] of Object.entries(changed)) show(name, markup);
  });
  // The gateway ends a stream after a minute, to look again at who is asking.
  events.addEventListener('end', () => {
    events.close();
    if (!isSomebodyHere()) say('Figures rest until somebody touches a key.', true);
    whenSomebodyIsHere(open);
  });
}
