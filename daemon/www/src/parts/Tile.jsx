// SPDX-License-Identifier: Apache-2.0
// One slot. Draws again when its own status changes, and at no other time.
import { clock, duration, t, time_of_day } from '../state/i18n.js';
import { tick } from '../state/clock.js';
import { ended, slot_signal, station_now } from '../state/store.js';
import { retry_slot, retrying } from '../state/actions.js';
import { ReworkOfSlot } from './Rework.jsx';
import { Sign } from './Shape.jsx';
import { is_wordy, look_of, may_retry, size_of_mismatch, state_word, step_word, steps, what_happened, what_to_do } from './words.js';

/** The only thing on a tile that moves by itself. */
const Elapsed = ({ since }) => {
  tick.value;
  return clock((station_now() - Date.parse(since)) / 1000);
};

/** How far the procedure is: eight boxes, drawn by the style sheet. */
export const Steps = ({ step }) => {
  const now = steps.indexOf(step);
  return <span class={`steps steps--${now}`} role="img" aria-label={t('slot.step-of', { step: now + 1, steps: steps.length })} />;
};

export const Retry = ({ slot }) => (
  <button
    type="button"
    class="retry"
    disabled={retrying.value.has(slot)}
    aria-label={t('slot.retry-named', { slot })}
    onClick={() => retry_slot(slot)}
  >
    <Sign name="retry" />
    {t('slot.retry')}
  </button>
);

/** The two lines below the word, by state: { what, next }. */
function lines_of(status, look) {
  if (look === 'passed') {
    const took = status.duration_ms == null ? '' : ` · ${duration(status.duration_ms)}`;
    return { thing: `${status.thing_name}${took}`, next: what_to_do(status) };
  }
  if (look.startsWith('waiting')) {
    return { next: [t('slot.since', { time: time_of_day(status.since) }), ' · ', <Elapsed key="for" since={status.since} />] };
  }
  if (!ended.has(look)) return {};
  return { what: what_happened(status), next: what_to_do(status) };
}

function class_of(status, look) {
  let text = `tile tile--${look}`;
  if (!status.plugged && look !== 'empty') text += ' tile--gone';
  const numbers = ended.has(look) && size_of_mismatch(status);
  if (numbers) text += ` tile--numbers tile--${numbers}`;
  else if (ended.has(look) && look !== 'passed' && is_wordy(status)) text += ' tile--wordy';
  return text;
}

/**
 * The same elements in every state, the empty ones not shown: a change costs a few texts and class names, no matter how
 * many slots change at once. `reachable`: this tile is the grid's one tab stop; arrow keys move it.
 */
export function Tile({ name, reachable, on_open }) {
  const status = slot_signal(name).value;
  const look = look_of(status);
  const lines = lines_of(status, look);
  return (
    <li class={class_of(status, look)} data-slot={name} data-state={status.state}>
      <div class="tile__head">
        <button type="button" class="tile__name" tabIndex={reachable ? 0 : -1} aria-describedby={`about-${name}`}
          onClick={() => on_open(name)}>
          {name}
        </button>
        <span class="tile__serial">{look === 'empty' ? '' : status.serial}</span>
      </div>
      <div class="tile__body" id={`about-${name}`}>
        <div class="tile__line">
          <span class="tile__shape" />
          <span class="tile__word">{look === 'working' ? step_word(status.step) : state_word(status.state)}</span>
          <span class="tile__seconds">{look === 'working' ? <Elapsed since={status.since} /> : ''}</span>
          {may_retry(status) && <Retry slot={name} />}
          <ReworkOfSlot status={status} kind="retry" />
        </div>
        <span class={look === 'working' ? `steps steps--${steps.indexOf(status.step)}` : 'steps'} />
        <p class="tile__thing">{lines.thing}</p>
        <p class="tile__what">{lines.what}</p>
        <p class="tile__next">{lines.next}</p>
      </div>
    </li>
  );
}
