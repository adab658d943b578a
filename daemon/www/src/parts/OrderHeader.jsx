// SPDX-License-Identifier: Apache-2.0
// What is being made, how far it is, how well it goes: product, done of quota, first-pass yield today, units per hour,
// the last twenty outcomes.
import { number, percent, t } from '../state/i18n.js';
import { production } from '../state/production.js';
import { today } from '../state/figures.js';
import { orders, recent, recent_kept } from '../state/store.js';
import { outcome_word } from './words.js';

const Progress = ({ order }) => {
  const share = order.quota > 0 ? Math.min(1, order.passed / order.quota) : 0;
  return (
    <div class="order__progress">
      <p class="order__count">
        <strong>{number(order.passed)}</strong>
        {order.quota > 0 && <span> / {number(order.quota)}</span>}
        {order.quota > 0 && order.passed >= order.quota && <em class="order__full">{t('order.complete')}</em>}
      </p>
      {order.quota > 0 && (
        <progress value={share} max="1" aria-label={t('order.done-of', { done: order.passed, quota: order.quota })} />
      )}
    </div>
  );
};

/** Of an order that hands out serial numbers: the next free one and the last. */
const Serials = ({ order: { next_serial: next, last_serial: last } }) =>
  last && (
    <p class={`order__serials${next ? '' : ' order__serials--none'}`}>
      {next ? t('order.next-serial', { next, last }) : t('order.no-serial-left', { last })}
    </p>
  );

const Order = ({ order }) => (
  <div class="order">
    <p class="order__product">{order.product}</p>
    <p class="order__name">{t('order.named', { order: order.order })}</p>
    <Progress order={order} />
    <Serials order={order} />
  </div>
);

const NoOrder = () => (
  <div class="order order--none">
    <p class="order__product">{t('order.none')}</p>
  </div>
);

const Figure = ({ name, value }) => (
  <div class="figure">
    <dt>{name}</dt>
    <dd>{value}</dd>
  </div>
);

/** Newest at the right, as one reads. */
const Recent = () => {
  const entries = recent.value.slice().reverse();
  return (
    <div class="recent">
      <p class="recent__title" id="recent-title">{t('recent.title', { count: recent_kept })}</p>
      <ol class="recent__list" aria-labelledby="recent-title">
        {entries.map((e) => {
          const words = `${e.slot} ${e.serial} ${outcome_word(e.outcome)}`;
          return (
            <li key={e.key} class={`mark mark--${e.outcome}`} title={words}>
              {e.attempt && !production.value ? (
                <a href={`#/attempts/${encodeURIComponent(e.attempt)}`} aria-label={words} />
              ) : (
                <span role="img" aria-label={words} />
              )}
            </li>
          );
        })}
        {entries.length === 0 && <li class="recent__none">{t('recent.none')}</li>}
      </ol>
    </div>
  );
};

export const OrderHeader = () => (
  <section class="order-header" aria-label={t('order.title')}>
    <div class="orders">
      {orders.value.length ? orders.value.slice(0, 3).map((o) => <Order key={o.order} order={o} />) : <NoOrder />}
      {orders.value.length > 3 && <p class="orders__more">{t('order.more', { count: orders.value.length - 3 })}</p>}
    </div>
    <dl class="figures">
      <Figure name={t('figure.fpy-today')} value={percent(today.value?.first_pass_yield)} />
      <Figure
        name={t('figure.uph')}
        value={today.value?.units_per_hour == null ? '–' : number(today.value.units_per_hour)}
      />
    </dl>
    <Recent />
  </section>
);
