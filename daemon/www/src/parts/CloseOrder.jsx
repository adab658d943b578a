// SPDX-License-Identifier: Apache-2.0
// Closing a work order, after a question whose first button, which has the focus, keeps it.
import { useState } from 'preact/hooks';
import { post } from '../state/api.js';
import { number, t } from '../state/i18n.js';
import { Dialog } from './Dialog.jsx';
import { Refused } from './Refused.jsx';

export function CloseOrder({ order, on_close, on_closed }) {
  const [state, set_state] = useState({ busy: false, problem: null });
  const close = async () => {
    set_state({ busy: true, problem: null });
    try {
      await post(`/orders/${encodeURIComponent(order.order)}/close`);
      on_closed();
    } catch (problem) {
      set_state({ busy: false, problem });
    }
  };
  return (
    <Dialog title={t('order.close-title', { order: order.order })} on_close={on_close} dismiss={false}>
      <p>
        {order.quota > 0
          ? t('order.done-of', { done: number(order.passed), quota: number(order.quota) })
          : t('order.done-so-far', { done: number(order.passed) })}
      </p>
      <p>{t('order.close-explain')}</p>
      {state.problem && <Refused problem={state.problem} />}
      <div class="dialog__actions">
        <button type="button" class="button" onClick={on_close}>{t('order.keep')}</button>
        <button type="button" class="button button--grave" disabled={state.busy} onClick={close}>{t('order.close')}</button>
      </div>
    </Dialog>
  );
}
