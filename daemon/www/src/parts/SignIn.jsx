// SPDX-License-Identifier: Apache-2.0
// Asks for a token where the station wants one: everything beyond loopback, the engineer's view everywhere.
import { useState } from 'preact/hooks';
import { sign_in } from '../state/api.js';
import { t } from '../state/i18n.js';

export function SignIn({ why }) {
  const [token, set_token] = useState('');
  const submit = (event) => {
    event.preventDefault();
    sign_in(token);
  };
  return (
    <form class="sign-in card" onSubmit={submit}>
      <h2>{t('sign-in.title')}</h2>
      <p>{why}</p>
      <label class="field">
        <span>{t('sign-in.token')}</span>
        <input type="password" autocomplete="off" required value={token} onInput={(e) => set_token(e.currentTarget.value)} />
      </label>
      <p class="hint">{t('sign-in.hint')}</p>
      <button type="submit" class="button button--main">{t('sign-in.send')}</button>
    </form>
  );
}
