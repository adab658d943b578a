// SPDX-License-Identifier: Apache-2.0
// A modal dialog: the browser's own, with its focus trap and Escape.
import { signal } from '@preact/signals';
import { useEffect, useId, useLayoutEffect, useRef } from 'preact/hooks';
import { t } from '../state/i18n.js';
import { awaited } from '../state/store.js';

/** How many are open. */
export const dialogs = signal(0);

const open = new Set();

/** A label that is being scanned finds the scan field behind nothing. */
export function close_dialogs() {
  for (const box of open) box.close();
}

/** Calls `act` whenever one more slot awaits its label. */
export function useLabelAwaited(act) {
  const before = useRef(awaited.value);
  useEffect(() => {
    const more = awaited.value.some((name) => !before.current.includes(name));
    before.current = awaited.value;
    if (more) act();
  }, [awaited.value]);
}

/**
 * When it has closed the scan field has the focus, where there is one; `back`: whatever had it before. Without `dismiss`
 * what it holds offers the way out.
 */
export function Dialog({ title, on_close, children, kind = '', back = false, dismiss = true }) {
  const box = useRef(null);
  const gone = useRef(false);
  const title_id = useId();
  useLayoutEffect(() => {
    const shown = box.current;
    shown.showModal();
    open.add(shown);
    dialogs.value = dialogs.peek() + 1;
    return () => {
      gone.current = true; // its close event comes later, perhaps when another dialog is open
      open.delete(shown);
      shown.close();
      if (!back) document.getElementById('scan')?.focus();
      dialogs.value = dialogs.peek() - 1;
    };
  }, []);
  return (
    <dialog ref={box} class={`dialog ${kind}`} aria-labelledby={title_id} onClose={() => gone.current || on_close()}
      onClick={(e) => e.target === box.current && box.current.close()}>
      <div class="dialog__inner">
        <div class="dialog__head">
          <h2 id={title_id}>{title}</h2>
          {dismiss && <button type="button" class="button button--quiet" onClick={() => box.current.close()}>{t('dialog.close')}</button>}
        </div>
        {children}
      </div>
    </dialog>
  );
}
