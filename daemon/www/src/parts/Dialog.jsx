// SPDX-License-Identifier: Apache-2.0
// A modal dialog: the browser's own, with its focus trap and Escape.
import { signal } from '@preact/signals';
import { useEffect, useId, useRef } from 'preact/hooks';
import { t } from '../state/i18n.js';

/** How many are open. */
export const dialogs = signal(0);

export function Dialog({ title, on_close, children, kind = '' }) {
  const box = useRef(null);
  const title_id = useId();
  useEffect(() => {
    const shown = box.current;
    shown.showModal();
    dialogs.value = dialogs.peek() + 1;
    return () => {
      shown.close();
      dialogs.value = dialogs.peek() - 1;
    };
  }, []);
  return (
    <dialog ref={box} class={`dialog ${kind}`} aria-labelledby={title_id} onClose={on_close}
      onClick={(e) => e.target === box.current && box.current.close()}>
      <div class="dialog__inner">
        <div class="dialog__head">
          <h2 id={title_id}>{title}</h2>
          <button type="button" class="button button--quiet" onClick={() => box.current.close()}>{t('dialog.close')}</button>
        </div>
        {children}
      </div>
    </dialog>
  );
}
