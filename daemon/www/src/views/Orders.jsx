// SPDX-License-Identifier: Apache-2.0
// Work orders: how far each is, and for engineers opening, closing and the lists of serial numbers.
import { useState } from 'preact/hooks';
import { CloseOrder } from '../parts/CloseOrder.jsx';
import { Busy } from '../parts/fields.jsx';
import { ImportList } from '../parts/ImportList.jsx';
import { OpenOrder } from '../parts/OpenOrder.jsx';
import { Refused } from '../parts/Refused.jsx';
import { SignIn } from '../parts/SignIn.jsx';
import { get_json, sign_out, signed_in } from '../state/api.js';
import { tell } from '../state/actions.js';
import { date_time, number, t } from '../state/i18n.js';
import { useQuestion } from '../state/question.js';
import { orders } from '../state/store.js';
import { engineer, who } from '../state/who.js';

const state_of = (o) => (!o.open ? 'closed' : o.quota > 0 && o.passed >= o.quota ? 'complete' : 'open');

/** Which serial numbers it takes. */
function Serials({ o }) {
  if (o.last_serial) {
    return (
      <>
        <span class="mono">{o.first_serial} – {o.last_serial}</span>
        {o.open && <small>{o.next_serial ? t('order.next', { next: o.next_serial }) : t('order.none-left')}</small>}
      </>
    );
  }
  return o.allow_list ? t('order.listed', { count: number(o.listed) }) : t('order.any-serial');
}

const Done = ({ o }) => (
  <>
    <span class="number">{number(o.passed)}{o.quota > 0 && ` / ${number(o.quota)}`}</span>
    {o.quota > 0 && <progress value={Math.min(1, o.passed / o.quota)} max="1" aria-label={t('order.done-of', { done: o.passed, quota: o.quota })} />}
  </>
);

const By = ({ when, by }) => when && <>{date_time(when)}{by && <small>{by}</small>}</>;

const Row = ({ o, act }) => (
  <tr>
    <td data-name={t('field.order')}><b>{o.order}</b></td>
    <td data-name={t('field.product')}>{o.product}</td>
    <td data-name={t('order.state')}><span class={`order-state order-state--${state_of(o)}`}>{t(`order.state-${state_of(o)}`)}</span></td>
    <td data-name={t('order.done')} class="order-done"><Done o={o} /></td>
    <td data-name={t('order.serials')} class="stacked"><Serials o={o} /></td>
    <td data-name={t('order.opened')} class="stacked"><By when={o.opened_at} by={o.opened_by} /></td>
    <td data-name={t('order.closed')} class="stacked"><By when={o.closed_at} by={o.closed_by} /></td>
    {engineer.value && (
      <td><div class="row-actions">
        {o.open && o.allow_list && (
          <button type="button" class="button" aria-label={t('import.title', { order: o.order })} onClick={() => act('import', o)}>{t('import.open')}</button>
        )}
        {o.open && (
          <button type="button" class="button" aria-label={t('order.close-title', { order: o.order })} onClick={() => act('close', o)}>{t('order.close-open')}</button>
        )}
      </div></td>
    )}
  </tr>
);

const columns = ['field.order', 'field.product', 'order.state', 'order.done', 'order.serials', 'order.opened', 'order.closed'];

const Table = ({ list, act }) => (
  <table class="list list--orders">
    <thead>
      <tr>
        {columns.map((key) => <th key={key} scope="col">{t(key)}</th>)}
        {engineer.value && <th scope="col"><span class="unseen">{t('order.actions')}</span></th>}
      </tr>
    </thead>
    <tbody>{list.map((o) => <Row key={`${o.order} ${o.opened_at}`} o={o} act={act} />)}</tbody>
  </table>
);

/** Who is signed in in this tab, and the way out: a token stays until then. */
const Signed = () =>
  who.value.role !== '' && signed_in() && (
    <p class="signed">
      {t('sign-in.as', { name: who.value.name, role: t(`role.${who.value.role}`) })}{' '}
      <button type="button" class="button" onClick={sign_out}>{t('sign-in.out')}</button>
    </p>
  );

export function Orders() {
  const [doing, set_doing] = useState(null);
  const [changes, set_changes] = useState(0);
  const { answer, problem, busy } = useQuestion((signal) => get_json('/orders', { signal }), `${changes} ${JSON.stringify(orders.value)}`);
  const list = answer?.orders ?? [];
  const close = () => set_doing(null);
  const changed = (text) => {
    tell(true, text);
    set_changes(changes + 1);
  };
  const opened = (asked) => {
    changed(t('order.is-open', { order: asked.order }));
    set_doing(asked.allow_list ? { what: 'import', order: { order: asked.order } } : null);
  };
  const closed = () => {
    changed(t('order.is-closed', { order: doing.order.order }));
    close();
  };
  return (
    <main class="view">
      <div class="view-head">
        <h1>{t('nav.orders')}</h1>
        {engineer.value && <button type="button" class="button button--main" onClick={() => set_doing({ what: 'open' })}>{t('order.open-title')}</button>}
        <Signed />
      </div>
      <Busy busy={busy && !answer} />
      {problem && <Refused problem={problem} />}
      {answer && list.length === 0 && <p class="none">{t('orders.none')}</p>}
      {list.length > 0 && <Table list={list} act={(what, order) => set_doing({ what, order })} />}
      {who.value.role !== '' && !engineer.value && <SignIn why={t('orders.engineers')} />}
      {doing?.what === 'open' && <OpenOrder on_close={close} on_opened={opened} />}
      {doing?.what === 'import' && (
        <ImportList key={doing.order.order} order={doing.order.order} on_close={close} on_imported={() => set_changes(changes + 1)} />
      )}
      {doing?.what === 'close' && <CloseOrder order={doing.order} on_close={close} on_closed={closed} />}
    </main>
  );
}
