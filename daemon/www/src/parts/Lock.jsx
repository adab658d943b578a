// SPDX-License-Identifier: Apache-2.0
// Into production mode with a PIN of one's choice (or none), and out of it with the same.
import { useState } from 'preact/hooks';
import { t } from '../state/i18n.js';
import { lock, pin_needed, production, unlock } from '../state/production.js';
import { Dialog } from './Dialog.jsx';

const Pin = ({ value, on_value, wrong }) => (
  <label class="field">
    <span>{t('lock.pin')}</span>
    <input type="password" inputMode="numeric" autocomplete="off" maxLength={12} value={value} aria-invalid={wrong}
      onInput={(e) => on_value(e.currentTarget.value)} />
  </label>
);

function Locking({ on_close }) {
  const [pin, set_pin] = useState('');
  const submit = (event) => {
    event.preventDefault();
    on_close();
    lock(pin);
  };
  return (
    <Dialog title={t('lock.title')} on_close={on_close}>
      <form onSubmit={submit}>
        <p>{t('lock.explain')}</p>
        <Pin value={pin} on_value={set_pin} />
        <p class="hint">{t('lock.pin-hint')}</p>
        <button type="submit" class="button button--main">{t('lock.lock')}</button>
      </form>
    </Dialog>
  );
}

function Unlocking({ on_close }) {
  const [pin, set_pin] = useState('');
  const [wrong, set_wrong] = useState(false);
  const submit = (event) => {
    event.preventDefault();
    if (unlock(pin)) on_close();
    else {
      set_wrong(true);
      set_pin('');
    }
  };
  return (
    <Dialog title={t('lock.unlock')} on_close={on_close}>
      <form onSubmit={submit}>
        <p>{t('lock.unlock-explain')}</p>
        {pin_needed() && <Pin value={pin} on_value={set_pin} wrong={wrong} />}
        <p class="wrong" role="alert">{wrong ? t('lock.wrong-pin') : ''}</p>
        <button type="submit" class="button button--main">{t('lock.unlock')}</button>
      </form>
    </Dialog>
  );
}

export const Lock = (props) => (production.value ? <Unlocking {...props} /> : <Locking {...props} />);
