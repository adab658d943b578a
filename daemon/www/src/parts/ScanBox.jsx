// SPDX-License-Identifier: Apache-2.0
// Where a label's serial number arrives. A scanner types like a keyboard and ends with Enter; whatever is typed while
// no text field has the focus lands here, so that a scan is never lost; a dialog that stands in its way is closed. When a
// slot awaits a scan it says which.
import { effect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { said, scan, scan_target } from '../state/actions.js';
import { t } from '../state/i18n.js';
import { go } from '../state/route.js';
import { awaited, slot_names } from '../state/store.js';
import { on_wedge } from '../state/wedge.js';
import { close_dialogs, dialogs } from './Dialog.jsx';
import { Sign } from './Shape.jsx';

/** A list is none: what is typed is a label far more often than the beginning of a language's name. */
export const is_text_field = (element) =>
  element instanceof HTMLElement &&
  (element.isContentEditable || element instanceof HTMLTextAreaElement ||
    (element instanceof HTMLInputElement && !['checkbox', 'radio', 'button', 'file'].includes(element.type)));

/** A label that was scanned where there is no scan field: what became of it is told beside one. */
export function take_scan(text) {
  close_dialogs();
  if (!document.getElementById('scan')) go('#/');
  scan(text, slot_names.peek());
}

on_wedge(({ text, field }) => {
  if (document.getElementById('scan') || is_text_field(field)) return false;
  take_scan(text);
  return true;
});

/** Space is left to the buttons: no serial number begins with one. */
const starts_a_scan = (event) =>
  event.key.length === 1 && event.key !== ' ' && !event.ctrlKey && !event.metaKey && !event.altKey && !event.isComposing;

function useScanner(field) {
  useEffect(() => {
    const on_key = (event) => {
      if (!starts_a_scan(event) || is_text_field(document.activeElement)) return;
      close_dialogs();
      field.current?.focus();
    };
    addEventListener('keydown', on_key, { capture: true });
    const stop = effect(() => {
      if (awaited.value.length > 0 && dialogs.value === 0 && !is_text_field(document.activeElement)) field.current?.focus();
    });
    return () => {
      removeEventListener('keydown', on_key, { capture: true });
      stop();
    };
  }, []);
}

function hint() {
  if (scan_target.value) return t('scan.for-slot', { slot: scan_target.value });
  const waiting = awaited.value;
  if (waiting.length === 1) return t('scan.awaited-one', { slot: waiting[0] });
  if (waiting.length > 1) return t('scan.awaited-many', { slots: waiting.slice(0, 6).join(', ') });
  return t('scan.label');
}

export function ScanBox() {
  const field = useRef(null);
  useScanner(field);
  useEffect(() => field.current?.focus(), []);
  const send = () => {
    const text = field.current.value;
    field.current.value = '';
    scan(text, slot_names.value);
  };
  const submit = (event) => {
    event.preventDefault();
    send();
  };
  // An input method takes the scanner's Enter for itself: the label is complete all the same.
  const entered = useRef(false);
  const on_key = (event) => {
    entered.current = event.isComposing && event.code === 'Enter';
  };
  const on_composed = () => {
    if (entered.current) send();
    entered.current = false;
  };
  const message = said.value;
  return (
    <form class={`scan${awaited.value.length ? ' scan--awaited' : ''}`} onSubmit={submit}>
      <label class="scan__label" for="scan">
        <Sign name="scan" /> <span>{hint()}</span>
      </label>
      <div class="scan__row">
        <input
          id="scan"
          ref={field}
          class="scan__field"
          type="text"
          onKeyDown={on_key}
          onCompositionEnd={on_composed}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          maxLength={256}
          enterkeyhint="go"
          placeholder={t('scan.placeholder')}
        />
        <button type="submit" class="button">{t('scan.send')}</button>
      </div>
      <p class={`scan__said ${message ? (message.good ? 'good' : 'bad') : ''}`} role="status">
        {message && (
          <>
            <strong>{message.good ? '✓' : '✕'} {message.text}</strong> {message.next}
            {message.detail && <small> {message.detail}</small>}
          </>
        )}
      </p>
    </form>
  );
}
