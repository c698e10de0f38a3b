/**
 * Whether somebody is at this screen. Pages ask the gateway by themselves now and then; if that counted as somebody being
 * there, nobody would ever be logged off. So on the page of a person who is logged in, nothing is asked while nobody
 * touches keyboard, mouse or screen.
 */
const LONG_MS = 60_000;
const isLoggedIn = document.body.dataset.session === 'yes';
let touchedAt = performance.now();
/** @type {(() => void)[]} */
const waiting = [];

/** Somebody was here within the last minute, or nobody has to be. */
export function isSomebodyHere() {
  return !isLoggedIn || performance.now() - touchedAt < LONG_MS;
}

/** Calls once, as soon as somebody is here. @param {() => void} task */
export function whenSomebodyIsHere(task) {
  if (isSomebodyHere()) task();
  else waiting.push(task);
}

for (const kind of ['pointerdown', 'pointermove', 'keydown', 'scroll']) {
  addEventListener(
    kind,
    () => {
      touchedAt = performance.now();
      for (const task of waiting.splice(0)) task();
    },
    { passive: true },
  );
}
