// SPDX-License-Identifier: Apache-2.0
// Opening a work order. Its number may be scanned from paper: Enter goes on to the next field and never sends. While a board
// waits for its label nobody knows whether a label or a number was scanned: it asks.
import { useEffect, useRef, useState } from 'preact/hooks';
import { label_of } from '../state/actions.js';
import { post } from '../state/api.js';
import { t } from '../state/i18n.js';
import { awaited, slot_names, slot_signal } from '../state/store.js';
import { on_wedge } from '../state/wedge.js';
import { Dialog } from './Dialog.jsx';
import { Choice, Text } from './fields.jsx';
import { LabelOr } from './LabelOr.jsx';
import { Refused } from './Refused.jsx';
import { is_text_field, take_scan } from './ScanBox.jsx';

const serials_from = ['board', 'list', 'range'];

/** What the slots make. */
const products = () => [...new Set(slot_names.value.map((name) => slot_signal(name).value.product).filter(Boolean))].sort();

/** To the next field, as Tab does; the last one gives way to the button. */
function go_on(event) {
  if (event.key !== 'Enter' || event.isComposing || event.target.tagName === 'BUTTON') return;
  event.preventDefault();
  const all = [...event.currentTarget.querySelectorAll('input, select, button')];
  all[all.indexOf(event.target) + 1]?.focus();
}

/** What the API is asked; an empty quota is none. */
function request_of(f) {
  const asked = { order: f.order.normalize('NFKC').trim(), product: f.product };
  if (f.quota) asked.quota = Number(f.quota);
  if (f.serials === 'list') asked.allow_list = true;
  if (f.serials === 'range') Object.assign(asked, { first_serial: label_of(f.first), last_serial: label_of(f.last) });
  return asked;
}

function wrong_with(f) {
  if (!f.order.trim()) return ['order', 'order.number-missing'];
  if (!/^\d{0,9}$/.test(f.quota)) return ['quota', 'order.quota-wrong'];
  if (f.serials === 'range' && !f.first.trim()) return ['first', 'order.range-missing'];
  if (f.serials === 'range' && !f.last.trim()) return ['last', 'order.range-missing'];
  return null;
}

/** `on_opened(order)` with what was asked. */
export function OpenOrder({ on_close, on_opened }) {
  const makes = products();
  const [f, set_f] = useState({ order: '', product: makes[0] ?? '', quota: '', serials: 'board', first: '', last: '' });
  const [state, set_state] = useState({ wrong: null, busy: false, problem: null });
  const [doubtful, set_doubtful] = useState(null);
  const form = useRef(null);
  const put = (name) => (value) => set_f((old) => ({ ...old, [name]: value }));
  const field = (name) => form.current?.querySelector(`[data-field="${name}"]`);
  useEffect(() => field('order')?.focus(), [doubtful === null]);
  useEffect(() => on_wedge(({ text, field: where, before }) => {
    if (!is_text_field(where)) {
      take_scan(text);
      return true;
    }
    if (awaited.peek().length === 0 || !form.current?.contains(where)) return false;
    put(where.dataset.field)(before);
    set_doubtful({ text, name: where.dataset.field });
    return true;
  }), []);
  const submit = async (event) => {
    event.preventDefault();
    const wrong = wrong_with(f);
    if (wrong) {
      set_state({ wrong, busy: false, problem: null });
      field(wrong[0])?.focus();
      return;
    }
    set_state({ wrong: null, busy: true, problem: null });
    const asked = request_of(f);
    try {
      await post('/orders', asked);
      on_opened(asked);
    } catch (problem) {
      set_state({ wrong: null, busy: false, problem });
    }
  };
  if (doubtful) {
    const keep = () => {
      put(doubtful.name)(doubtful.text);
      set_doubtful(null);
    };
    return (
      <Dialog title={t('order.open-title')} on_close={on_close}>
        <LabelOr text={doubtful.text} question="order.label-or-this" other="order.is-this" on_label={() => take_scan(doubtful.text)} on_other={keep} />
      </Dialog>
    );
  }
  const invalid = (name) => state.wrong?.[0] === name;
  return (
    <Dialog title={t('order.open-title')} on_close={on_close}>
      <form ref={form} onSubmit={submit} onKeyDown={go_on} noValidate>
        <Text name={t('order.number')} value={f.order} on_value={put('order')} maxLength={128} required aria-invalid={invalid('order')} data-field="order" />
        {makes.length > 1 && <Choice name={t('field.product')} value={f.product} on_value={put('product')} options={makes.map((p) => [p, p])} />}
        <Text name={t('order.quota')} value={f.quota} on_value={put('quota')} inputMode="numeric" maxLength={9} aria-invalid={invalid('quota')} data-field="quota" />
        <Choice name={t('order.serials')} value={f.serials} on_value={put('serials')} options={serials_from.map((s) => [s, t(`order.serials-${s}`)])} />
        {f.serials === 'list' && <p class="hint">{t('order.list-hint')}</p>}
        {f.serials === 'range' && (
          <div class="fields-row">
            <Text name={t('order.first')} value={f.first} on_value={put('first')} maxLength={64} aria-invalid={invalid('first')} data-field="first" />
            <Text name={t('order.last')} value={f.last} on_value={put('last')} maxLength={64} aria-invalid={invalid('last')} data-field="last" />
          </div>
        )}
        <p class="wrong" role="alert">{state.wrong ? t(state.wrong[1]) : ''}</p>
        <div class="dialog__actions">
          <button type="submit" class="button button--main" disabled={state.busy}>{t('order.open')}</button>
          <button type="button" class="button" onClick={on_close}>{t('dialog.cancel')}</button>
        </div>
      </form>
      {state.problem && <Refused problem={state.problem} />}
    </Dialog>
  );
}
