// SPDX-License-Identifier: Apache-2.0
// In place of an answer that the API did not give: a sign-in where that helps, else the words of the problem.
import { failure_text, next_action, t } from '../state/i18n.js';
import { SignIn } from './SignIn.jsx';

export function Refused({ problem }) {
  if (problem.status === 401 || problem.status === 403) return <SignIn why={t('sign-in.needed')} />;
  if (problem.status === 0) return <p class="trouble-note" role="alert">{t('action.not-reached')}</p>;
  const text = failure_text(problem.code, problem.title || problem.message);
  return (
    <p class="trouble-note" role="alert">
      <strong>{text}</strong>{' '}
      {next_action(problem.code, problem.next_action)} {problem.message !== text && <small>{problem.message}</small>}
    </p>
  );
}
