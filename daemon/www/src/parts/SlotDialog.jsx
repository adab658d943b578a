// SPDX-License-Identifier: Apache-2.0
// Everything known of one slot at this moment, for whoever stands in front of it. In production mode: the words and the
// retry alone.
import { date_time, duration, t } from '../state/i18n.js';
import { production } from '../state/production.js';
import { slot_signal } from '../state/store.js';
import { Dialog, useLabelAwaited } from './Dialog.jsx';
import { ReworkOfSlot } from './Rework.jsx';
import { Shape } from './Shape.jsx';
import { Retry, Steps } from './Tile.jsx';
import { look_of, may_retry, state_word, step_word, what_happened, what_to_do } from './words.js';

const Row = ({ name, value, mono }) =>
  value ? (
    <>
      <dt>{name}</dt>
      <dd class={mono ? 'mono' : ''}>{value}</dd>
    </>
  ) : null;

const Facts = ({ s }) => (
  <dl class="facts">
    <Row name={t('field.serial')} value={s.serial} mono />
    <Row name={t('field.product')} value={s.product} />
    <Row name={t('field.thing')} value={s.thing_name} mono />
    <Row name={t('field.certificate')} value={s.certificate_id} mono />
    <Row name={t('field.since')} value={s.state === 'empty' ? '' : date_time(s.since)} />
    <Row name={t('field.duration')} value={s.duration_ms == null ? '' : duration(s.duration_ms)} />
    <Row name={t('field.failure-code')} value={s.failure_code} mono />
    <Row name={t('field.reason')} value={s.failure_reason} />
    <Row name={t('field.port')} value={s.port} mono />
    <Row name={t('field.plugged')} value={s.plugged ? t('yes') : t('no')} />
  </dl>
);

export function SlotDialog({ name, on_close }) {
  const s = slot_signal(name).value;
  const look = look_of(s);
  useLabelAwaited(on_close);
  return (
    <Dialog title={t('slot.title', { slot: name })} on_close={on_close} kind="dialog--slot" back>
      <p class={`plate plate--${look}`}><Shape state={look} /> {state_word(look)}</p>
      {s.state === 'working' && <p class="plate-step">{step_word(s.step)} <Steps step={s.step} /></p>}
      {s.failure_code && (
        <div class="advice">
          <p><strong>{what_happened(s)}</strong></p>
          <p>{what_to_do(s)}</p>
        </div>
      )}
      {production.value ? <dl class="facts"><Row name={t('field.serial')} value={s.serial} mono /></dl> : <Facts s={s} />}
      <div class="actions">
        {may_retry(s) && <Retry slot={name} />}
        <ReworkOfSlot status={s} before={on_close} />
        {s.attempt_id && !production.value && (
          <a class="button" href={`#/attempts/${encodeURIComponent(s.attempt_id)}`} onClick={on_close}>{t('slot.open-attempt')}</a>
        )}
      </div>
    </Dialog>
  );
}
