// SPDX-License-Identifier: Apache-2.0
// Two sounds that cannot be mistaken for each other in noise: PASS rises, anything else is a low double buzz.
// Browsers keep quiet until the page was touched once; `blocked` says so.
import { signal } from '@preact/signals';
import { on_outcome } from './store.js';
import { read_setting, write_setting } from './settings.js';

export const muted = signal(read_setting('muted') === 'yes');
export const blocked = signal(false);
const gather_ms = 120;
const between_ms = 800;
let context = null;
let gathered = null;
let next_allowed = 0;

export function toggle_mute() {
  muted.value = !muted.value;
  write_setting('muted', muted.value ? 'yes' : null);
}

/** One tone; the ramps keep the loudspeaker from clicking. */
function tone(start, length, hertz, shape, loudness) {
  const source = context.createOscillator();
  const gain = context.createGain();
  source.type = shape;
  source.frequency.value = hertz;
  gain.gain.setValueAtTime(0, start);
  gain.gain.linearRampToValueAtTime(loudness, start + 0.01);
  gain.gain.setValueAtTime(loudness, start + length - 0.03);
  gain.gain.linearRampToValueAtTime(0, start + length);
  source.connect(gain).connect(context.destination);
  source.start(start);
  source.stop(start + length);
}

function play(what) {
  context ??= new AudioContext();
  if (context.state === 'suspended') context.resume();
  blocked.value = context.state === 'suspended';
  const now = context.currentTime + 0.02;
  if (what === 'pass') {
    tone(now, 0.12, 880, 'triangle', 0.5);
    tone(now + 0.12, 0.22, 1320, 'triangle', 0.5);
  } else {
    tone(now, 0.25, 165, 'square', 0.4);
    tone(now + 0.33, 0.35, 131, 'square', 0.4);
  }
}

/** Sixteen boards at once make one sound; the worst one is heard. */
function outcome(status) {
  if (muted.value) return;
  const what = status.state === 'passed' ? 'pass' : 'fail';
  if (gathered) {
    if (what === 'fail') gathered = 'fail';
    return;
  }
  gathered = what;
  setTimeout(() => {
    const loudest = gathered;
    gathered = null;
    next_allowed = performance.now() + between_ms;
    play(loudest);
  }, Math.max(gather_ms, next_allowed - performance.now()));
}

function touched() {
  if (context?.state === 'suspended') context.resume().then(() => (blocked.value = false));
  else if (!context) context = new AudioContext();
}

export function start() {
  on_outcome(outcome);
  for (const kind of ['pointerdown', 'keydown']) addEventListener(kind, touched, { passive: true });
}
