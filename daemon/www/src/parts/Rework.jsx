// SPDX-License-Identifier: Apache-2.0
// An engineer has a board that has passed done again, or releases one that failed too often, and says why. What is scanned
// meanwhile is a label and no reason: it closes the dialog.
import { signal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { retry_slot, tell } from '../state/actions.js';
import { post } from '../state/api.js';
import { t } from '../state/i18n.js';
import { ended, slot_names, slot_signal } from '../state/store.js';
import { on_wedge } from '../state/wedge.js';
import { engineer } from '../state/who.js';
import { Dialog, useLabelAwaited } from './Dialog.jsx';
import { Refused } from './Refused.jsx';
import { take_scan } from './ScanBox.jsx';
import { needs_engineer } from './words.js';

// 1000 bytes as the API counts; a Japanese character has three.
const longest_reason = 330;

/** What is to be released: { serial, thing, code, slot }, or null. */
const wanted = signal(null);

const words_for = (code) => (code === 'order-retest-limit' ? 'release' : 'rework');

/** The way in for engineers; for others the words that send them to one. */
export function ReworkWay({ serial, thing = '', code, slot = '', kind = 'button', before }) {
  if (!serial) return null;
  if (!engineer.value) return kind === 'button' ? <p class="ask-engineer">{t(`${words_for(code)}.ask`)}</p> : null;
  const open = () => {
    before?.();
    wanted.value = { serial, thing, code, slot };
  };
  return (
    <button type="button" class={kind} onClick={open} aria-label={slot ? t(`${words_for(code)}.named`, { slot }) : undefined}>
      {t(`${words_for(code)}.open`)}
    </button>
  );
}

/** On a tile and in the list beside the tiles: for engineers alone. */
export const ReworkOfSlot = ({ status, ...rest }) =>
  status.state === 'refused' && needs_engineer(status.failure_code) && (
    <ReworkWay serial={status.serial} thing={status.thing_name} code={status.failure_code} slot={status.slot} {...rest} />
  );

/** The slot in which the board still sits. */
function seat_of({ serial, slot }) {
  const names = slot ? [slot] : slot_names.value;
  return names.find((name) => {
    const s = slot_signal(name).value;
    return s.plugged && s.serial === serial && ended.has(s.state);
  });
}

function Done({ asked, on_close }) {
  const next = useRef(null);
  useLayoutEffect(() => next.current?.focus(), []);
  const seat = seat_of(asked);
  const retry = () => {
    on_close();
    retry_slot(seat);
  };
  return (
    <>
      <p role="status"><strong>✓ {t('rework.done', { serial: asked.serial })}</strong> {seat ? t('rework.done-seat', { slot: seat }) : t('rework.done-plug')}</p>
      <div class="dialog__actions">
        {seat
          ? <button ref={next} type="button" class="button button--main" onClick={retry}>{t('slot.retry-named', { slot: seat })}</button>
          : <button ref={next} type="button" class="button button--main" onClick={on_close}>{t('dialog.close')}</button>}
      </div>
    </>
  );
}

function Asking({ asked, on_close }) {
  const [reason, set_reason] = useState('');
  const [state, set_state] = useState({ wrong: false, busy: false, problem: null, done: false });
  const field = useRef(null);
  const kind = words_for(asked.code);
  useEffect(() => field.current?.focus(), []);
  useLabelAwaited(() => reason || on_close());
  useEffect(() => on_wedge(({ text }) => {
    take_scan(text);
    return true;
  }), []);
  const send = async () => {
    const why = reason.normalize('NFC').replace(/\s+/g, ' ').trim();
    if (!why) {
      set_state({ ...state, wrong: true });
      field.current?.focus();
      return;
    }
    set_state({ wrong: false, busy: true, problem: null, done: false });
    try {
      await post('/rework', { serial: asked.serial, reason: why });
      tell(true, t('rework.done', { serial: asked.serial }));
      set_state({ wrong: false, busy: false, problem: null, done: true });
    } catch (problem) {
      set_state({ wrong: false, busy: false, problem, done: false });
    }
  };
  return (
    <Dialog title={t(`${kind}.title`)} on_close={on_close}>
      <p class="rework__board"><strong class="mono">{asked.serial}</strong>{asked.thing && <span class="mono"> {asked.thing}</span>}</p>
      {state.done ? <Done asked={asked} on_close={on_close} /> : (
        <>
          <p>{t(`${kind}.explain`)}</p>
          <label class="field">
            <span>{t('rework.reason')}</span>
            <textarea ref={field} rows={3} maxLength={longest_reason} required aria-invalid={state.wrong} aria-describedby="rework-wrong"
              value={reason} onInput={(e) => set_reason(e.currentTarget.value)}
              onKeyDown={(e) => e.key === 'Enter' && !e.isComposing && e.preventDefault()} />
          </label>
          <p class="hint">{t('rework.reason-hint')}</p>
          <p class="wrong" role="alert" id="rework-wrong">{state.wrong ? t('rework.reason-missing') : ''}</p>
          {state.problem && <Refused problem={state.problem} />}
          <div class="dialog__actions">
            <button type="button" class="button button--main" disabled={state.busy} onClick={send}>{t(`${kind}.send`)}</button>
            <button type="button" class="button" onClick={on_close}>{t('dialog.cancel')}</button>
          </div>
        </>
      )}
    </Dialog>
  );
}

/** Wherever in the page it was asked for. */
export function Rework() {
  const asked = wanted.value;
  return asked && <Asking key={asked.serial} asked={asked} on_close={() => (wanted.value = null)} />;
}
