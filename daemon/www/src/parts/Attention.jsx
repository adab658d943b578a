// SPDX-License-Identifier: Apache-2.0
// With many slots a tile has no room for words: the boards that somebody must look after are listed beside them.
import { useEffect, useState } from 'preact/hooks';
import { t } from '../state/i18n.js';
import { slot_names, slot_signal } from '../state/store.js';
import { ReworkOfSlot } from './Rework.jsx';
import { Shape } from './Shape.jsx';
import { Retry } from './Tile.jsx';
import { may_retry, state_word, what_happened, what_to_do } from './words.js';

const troubled = new Set(['failed', 'refused', 'abandoned', 'waiting-for-scan']);
const most_shown = 40;

const look_again_ms = 300;

const find = () =>
  slot_names
    .peek()
    .map((name) => slot_signal(name).peek())
    .filter((s) => troubled.has(s.state))
    .sort((a, b) => Number(b.plugged) - Number(a.plugged));

const same = (a, b) => a.length === b.length && a.every((s, i) => s === b[i]);

/** Looks a few times a second: hundreds of slots that change must not draw the list as often. */
function useTroubled() {
  const [found, set_found] = useState(find);
  useEffect(() => {
    const timer = setInterval(() => set_found((old) => {
      const next = find();
      return same(old, next) ? old : next;
    }), look_again_ms);
    return () => clearInterval(timer);
  }, []);
  return found;
}

const Entry = ({ status }) => (
  <li class={`trouble trouble--${status.state}`}>
    <p class="trouble__head">
      <Shape state={status.state} /> <b>{status.slot}</b> {state_word(status.state)} <span class="mono">{status.serial}</span>
    </p>
    {status.failure_code && <p class="trouble__what">{what_happened(status)}</p>}
    <p>{what_to_do(status)}</p>
    {may_retry(status) && <Retry slot={status.slot} />}
    <ReworkOfSlot status={status} kind="retry" />
  </li>
);

export function Attention() {
  const list = useTroubled();
  return (
    <section class="attention" aria-labelledby="attention-title">
      <h2 id="attention-title">{t('attention.title', { count: list.length })}</h2>
      <ul tabIndex={list.length ? 0 : -1} aria-labelledby="attention-title">
        {list.slice(0, most_shown).map((s) => <Entry key={s.slot} status={s} />)}
      </ul>
      {list.length === 0 && <p class="attention__none">{t('attention.none')}</p>}
    </section>
  );
}
