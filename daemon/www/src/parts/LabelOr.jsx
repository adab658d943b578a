// SPDX-License-Identifier: Apache-2.0
// Scanned into a form while a board waits for its label: nobody but the operator knows which of the two it is.
import { useLayoutEffect, useRef } from 'preact/hooks';
import { t } from '../state/i18n.js';
import { awaited } from '../state/store.js';

/** The label is the first choice: the scanner's next Enter takes it. */
export function LabelOr({ text, question, other, on_label, on_other }) {
  const first = useRef(null);
  useLayoutEffect(() => first.current?.focus(), []);
  return (
    <div role="alert">
      <p>{t(question, { text, slots: awaited.value.slice(0, 6).join(', ') })}</p>
      <div class="dialog__actions">
        <button ref={first} type="button" class="button button--main" onClick={on_label}>{t('operator.is-label')}</button>
        <button type="button" class="button" onClick={on_other}>{t(other)}</button>
      </div>
    </div>
  );
}
