// SPDX-License-Identifier: Apache-2.0
// What the operator can do: scan a label, try a board again, sign on. All say in words what became of it.
import { signal } from '@preact/signals';
import { post } from './api.js';
import { failure_text, next_action, t } from './i18n.js';

/** Slots whose retry is on its way. */
export const retrying = signal(new Set());
/** The last scan or retry: { good, text, next }, or null. */
export const said = signal(null);
/** The slot the next scan is for; empty: the station decides. */
export const scan_target = signal('');
const choice_life_ms = 30000;
let forgetting = 0;

/** For one label, and not for long: a fixture's label that was read by mistake must not take all that come. */
function choose(slot) {
  clearTimeout(forgetting);
  scan_target.value = slot;
  if (slot) forgetting = setTimeout(choose, choice_life_ms, '');
}

export function tell(good, text, next = '') {
  said.value = { good, text, next, at: Date.now() };
}

function tell_problem(problem) {
  if (problem.status === 0) tell(false, t('action.not-reached'), t('action.not-reached-next'));
  else if (problem.status === 401 || problem.status === 403) tell(false, t('action.not-permitted'), t('action.call-engineer'));
  else tell(false, failure_text(problem.code, problem.title || problem.message), next_action(problem.code, problem.next_action));
  if (problem.message && problem.message !== said.value.text) said.value = { ...said.value, detail: problem.message };
}

/** As the label says it: an input method that is on makes full-width letters, and long vowels of its dashes. */
export function label_of(typed) {
  const text = typed.normalize('NFKC').trim();
  const plain = text.replace(/[ー―‐‑–—−]/g, '-');
  return /^[\x20-\x7e]*$/.test(plain) ? plain : text;
}

/** A slot's own name read from a label on the fixture chooses that slot for the next scan. */
export async function scan(text, slot_names) {
  const serial = label_of(text);
  if (!serial) return;
  if (slot_names.includes(serial)) {
    choose(serial);
    tell(true, t('scan.for-slot', { slot: serial }));
    return;
  }
  // Used up when it is sent: a fixture's label that is read before the answer comes is for the scan after this one.
  const slot = scan_target.value;
  choose('');
  try {
    const answer = await post('/scan', slot ? { serial, slot } : { serial });
    if (answer.operator) tell(true, t('operator.works', { name: answer.operator }));
    else tell(true, answer.slot ? t('scan.taken-by', { serial, slot: answer.slot }) : t('scan.taken', { serial }));
  } catch (problem) {
    if (problem.status === 0 && !scan_target.value) choose(slot);
    tell_problem(problem);
  }
}

/** Empty: signs off. A refusal is the caller's to show. */
export async function sign_on(name) {
  const { operator = name } = await post('/operator', { name: name.normalize('NFKC') });
  tell(true, operator ? t('operator.works', { name: operator }) : t('operator.nobody'));
}

export async function retry_slot(slot) {
  retrying.value = new Set(retrying.value).add(slot);
  try {
    await post(`/slots/${encodeURIComponent(slot)}/retry`);
    tell(true, t('action.retrying', { slot }));
  } catch (problem) {
    tell_problem(problem);
  } finally {
    const left = new Set(retrying.value);
    left.delete(slot);
    retrying.value = left;
  }
}
