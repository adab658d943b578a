// SPDX-License-Identifier: Apache-2.0
// Who works at the station, and signing on and off: a badge is scanned or a name typed, Enter does the rest. In production
// mode too: it changes nobody's rights, and a line without badges would need the PIN at every change of shift. While a board
// waits for its label nobody knows whether a label or a name was scanned into the form: it asks.
import { useEffect, useRef, useState } from 'preact/hooks';
import { scan, sign_on } from '../state/actions.js';
import { t } from '../state/i18n.js';
import { awaited, slot_names, station } from '../state/store.js';
import { Dialog, useLabelAwaited } from './Dialog.jsx';
import { LabelOr } from './LabelOr.jsx';
import { Refused } from './Refused.jsx';
import { Sign } from './Shape.jsx';

const patience_ms = 60000;

/** A form that somebody left open must not take the next label for a name. */
function useLeaving(name, on_close) {
  useLabelAwaited(() => name || on_close());
  useEffect(() => {
    const timer = setTimeout(on_close, patience_ms);
    return () => clearTimeout(timer);
  }, [name]);
}

function SignOn({ on_close }) {
  const [name, set_name] = useState('');
  const [problem, set_problem] = useState(null);
  const [doubtful, set_doubtful] = useState('');
  const field = useRef(null);
  useEffect(() => field.current?.focus(), []);
  useLeaving(name, on_close);
  const send = async (who) => {
    set_problem(null);
    set_doubtful('');
    try {
      await sign_on(who);
      on_close();
    } catch (trouble) {
      set_problem(trouble);
      set_name('');
      field.current?.focus();
    }
  };
  const submit = (event) => {
    event.preventDefault();
    const text = name.trim();
    if (text && awaited.value.length > 0) set_doubtful(text);
    else if (text) send(text);
  };
  const take_label = () => {
    on_close();
    scan(doubtful, slot_names.value);
  };
  if (doubtful)
    return (
      <Dialog title={t('operator.title')} on_close={on_close}>
        <LabelOr text={doubtful} question="operator.label-or-name" other="operator.is-name" on_label={take_label}
          on_other={() => send(doubtful)} />
      </Dialog>
    );
  return (
    <Dialog title={t('operator.title')} on_close={on_close}>
      <form onSubmit={submit}>
        <p>{t('operator.explain')}</p>
        <label class="field">
          <span>{t('operator.name')}</span>
          <input ref={field} type="text" autocomplete="off" autocapitalize="off" spellcheck={false} maxLength={64} enterkeyhint="go"
            value={name} onInput={(e) => set_name(e.currentTarget.value)} />
        </label>
        <div class="dialog__actions">
          <button type="submit" class="button button--main">{t('operator.sign-on')}</button>
          {station.value.operator && (
            <button type="button" class="button" onClick={() => send('')}>
              {t('operator.sign-off', { name: station.value.operator })}
            </button>
          )}
        </div>
      </form>
      {problem && <Refused problem={problem} />}
    </Dialog>
  );
}

export function Operator() {
  const [asking, set_asking] = useState(false);
  const name = station.value.operator;
  return (
    <>
      <button type="button" class="bar-button bar-button--named" data-operator={name} onClick={() => set_asking(true)}>
        <Sign name="person" />
        <span>{name || t('operator.nobody')}</span>
      </button>
      {asking && <SignOn on_close={() => set_asking(false)} />}
    </>
  );
}
