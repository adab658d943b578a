// SPDX-License-Identifier: Apache-2.0
// Small form parts that the engineer's views share.
import { t } from '../state/i18n.js';

export const Field = ({ name, children }) => (
  <label class="field">
    <span>{name}</span>
    {children}
  </label>
);

export const Text = ({ name, value, on_value, ...rest }) => (
  <Field name={name}>
    <input type="text" spellcheck={false} autocomplete="off" value={value} onInput={(e) => on_value(e.currentTarget.value)} {...rest} />
  </Field>
);

export const Choice = ({ name, value, on_value, options }) => (
  <Field name={name}>
    <select value={value} onChange={(e) => on_value(e.currentTarget.value)}>
      {options.map(([option, text]) => <option key={option} value={option} selected={option === value}>{text}</option>)}
    </select>
  </Field>
);

/** A local date and time; the API gets it in UTC. */
export const When = ({ name, value, on_value }) => (
  <Field name={name}>
    <input type="datetime-local" value={value} onChange={(e) => on_value(e.currentTarget.value)} />
  </Field>
);

export const to_utc = (local) => (local ? new Date(local).toISOString() : '');

/** The other way, for a field's start value. */
export function to_local(when) {
  const shifted = new Date(when.getTime() - when.getTimezoneOffset() * 60000);
  return shifted.toISOString().slice(0, 16);
}

export const Busy = ({ busy }) => <p class="busy" role="status">{busy ? t('busy') : ''}</p>;
