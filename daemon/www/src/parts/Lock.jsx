// SPDX-License-Identifier: Apache-2.0
// Into production mode with a PIN of one's choice (or none), and out of it with the same. Whatever else is scanned here:
// it becomes no PIN (that is typed twice), and a label that is awaited is taken for one.
import { useRef, useState } from 'preact/hooks';
import { scan } from '../state/actions.js';
import { t } from '../state/i18n.js';
import { is_pin, lock, pin_needed, production, unlock } from '../state/production.js';
import { awaited, slot_names } from '../state/store.js';
import { Dialog, useLabelAwaited } from './Dialog.jsx';

const Pin = ({ name, value, on_value, wrong, field }) => (
  <label class="field">
    <span>{name}</span>
    <input ref={field} type="password" inputMode="numeric" autocomplete="off" maxLength={256} value={value} aria-invalid={wrong}
      onInput={(e) => on_value(e.currentTarget.value)} />
  </label>
);

/** True when `text` was no PIN but a label that a board waits for. */
function was_label(text, on_close) {
  if (is_pin(text) || awaited.value.length === 0) return false;
  on_close();
  scan(text, slot_names.value);
  return true;
}

function Locking({ on_close }) {
  const [pin, set_pin] = useState('');
  const [again, set_again] = useState('');
  const [wrong, set_wrong] = useState('');
  const first = useRef(null);
  const second = useRef(null);
  useLabelAwaited(() => pin || on_close());
  const start_again = (why) => {
    set_wrong(why);
    set_pin('');
    set_again('');
    first.current?.focus();
  };
  const submit = (event) => {
    event.preventDefault();
    const last = again || pin;
    if (last && was_label(last, on_close)) return;
    if (pin && !is_pin(pin)) start_again(t('lock.no-pin'));
    else if (pin && !again) second.current?.focus();
    else if (pin !== again) start_again(t('lock.not-the-same'));
    else {
      on_close();
      lock(pin);
    }
  };
  return (
    <Dialog title={t('lock.title')} on_close={on_close}>
      <form onSubmit={submit}>
        <p>{t('lock.explain')}</p>
        <Pin name={t('lock.pin')} value={pin} on_value={set_pin} wrong={wrong !== ''} field={first} />
        <Pin name={t('lock.pin-again')} value={again} on_value={set_again} wrong={wrong !== ''} field={second} />
        <p class="hint">{t('lock.pin-hint')}</p>
        <p class="wrong" role="alert">{wrong}</p>
        <button type="submit" class="button button--main">{t('lock.lock')}</button>
      </form>
    </Dialog>
  );
}

function Unlocking({ on_close }) {
  const [pin, set_pin] = useState('');
  const [wrong, set_wrong] = useState(false);
  useLabelAwaited(() => pin || on_close());
  const submit = (event) => {
    event.preventDefault();
    if (unlock(pin)) on_close();
    else if (!was_label(pin, on_close)) {
      set_wrong(true);
      set_pin('');
    }
  };
  return (
    <Dialog title={t('lock.unlock')} on_close={on_close}>
      <form onSubmit={submit}>
        <p>{t('lock.unlock-explain')}</p>
        {pin_needed() && <Pin name={t('lock.pin')} value={pin} on_value={set_pin} wrong={wrong} />}
        <p class="wrong" role="alert">{wrong ? t('lock.wrong-pin') : ''}</p>
        <button type="submit" class="button button--main">{t('lock.unlock')}</button>
      </form>
    </Dialog>
  );
}

export const Lock = (props) => (production.value ? <Unlocking {...props} /> : <Locking {...props} />);
