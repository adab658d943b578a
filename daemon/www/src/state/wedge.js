// SPDX-License-Identifier: Apache-2.0
// A scanner types a label faster than hands do and ends with Enter. Where a scan must not become what is written in a
// dialog, and where there is no scan field, it is told from typing here.
const pause_ms = 150;
const longest_mean_ms = 50;
const fewest_letters = 4;
const modifiers = new Set(['Shift', 'CapsLock', 'AltGraph']);

let burst = null;
const takers = [];

/** `taker({ text, field, before })` → true: it was taken, and Enter does nothing else. The newest taker is asked alone. */
export function on_wedge(taker) {
  takers.push(taker);
  return () => takers.splice(takers.indexOf(taker), 1);
}

function add(event) {
  const field = document.activeElement;
  if (!burst || burst.field !== field || event.timeStamp - burst.last > pause_ms)
    burst = { text: '', field, before: field?.value ?? '', first: event.timeStamp, last: event.timeStamp };
  burst.text += event.key;
  burst.last = event.timeStamp;
}

const is_scan = (b, now) =>
  b && b.text.length >= fewest_letters && now - b.last <= pause_ms && (b.last - b.first) / (b.text.length - 1) <= longest_mean_ms;

function on_key(event) {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key.length === 1) add(event);
  else if (event.key !== 'Enter' && !modifiers.has(event.key)) burst = null;
  if (event.key !== 'Enter') return;
  const done = burst;
  burst = null;
  if (!is_scan(done, event.timeStamp) || !takers.at(-1)?.(done)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}

addEventListener('keydown', on_key, { capture: true });
