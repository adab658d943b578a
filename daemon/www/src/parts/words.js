// SPDX-License-Identifier: Apache-2.0
// What a slot's status is called, and what the operator is to do about it.
import { failure_text, has_text, language, next_action, retry_can_help, t } from '../state/i18n.js';

export const steps = ['identify', 'admit', 'csr', 'issue', 'register', 'deliver', 'prove', 'finish'];

const known = new Set(['working', 'passed', 'failed', 'refused', 'abandoned', 'waiting-for-cloud', 'waiting-for-scan', 'empty']);

/** The states that are drawn; a state that this page does not know yet is shown by its name. */
export const look_of = (status) => (known.has(status.state) ? status.state : 'empty');

export const state_word = (state) => (has_text(`state.${state}`) ? t(`state.${state}`) : state);
export const step_word = (step) => (has_text(`step.${step}`) ? t(`step.${step}`) : step);
export const outcome_word = state_word;

/** A label that is not the board's: both numbers, or nothing. */
export const mismatch = (status) =>
  status.failure_code === 'order-serial-mismatch' && status.label_serial && status.board_serial
    ? t('slot.mismatch', { label: status.label_serial, board: status.board_serial })
    : '';

export const what_happened = (status) => mismatch(status) || failure_text(status.failure_code, status.failure_text);

/** The catalogue's advice; after a PASS: what to do with the board. */
export function what_to_do(status) {
  if (status.state === 'passed') return status.plugged ? t('slot.take-out') : t('slot.ready');
  return next_action(status.failure_code, status.next_action);
}

/** Long words get smaller letters; a Chinese character is as wide as two Latin ones. */
export function is_wordy(status) {
  const lines = (text, per_line) => Math.ceil((text.length * (language.value === 'en' ? 1 : 1.9)) / per_line);
  return lines(what_happened(status), 32) + lines(what_to_do(status), 37) > 3;
}

/** How large both numbers can be: the longer, the smaller, never cut. */
export function size_of_mismatch(status) {
  const width = [...mismatch(status)].reduce((sum, letter) => sum + (letter > '\u2e7f' ? 1.9 : 1), 0);
  if (width === 0) return '';
  return width <= 52 ? 'numbers' : width <= 96 ? 'numbers-long' : 'numbers-longest';
}

export function may_retry(status) {
  if (!status.plugged) return false;
  return /^(failed|refused|abandoned)$/.test(status.state) && retry_can_help(status.failure_code);
}

/** Refused until an engineer has it done again, or releases it. */
export const needs_engineer = (code) => code === 'already-provisioned' || code === 'order-retest-limit';

/** One sentence for those who listen. */
export function spoken(status) {
  const parts = [`${status.slot}: ${state_word(look_of(status))}`];
  if (status.state === 'working') parts.push(step_word(status.step));
  if (status.serial) parts.push(status.serial);
  if (status.failure_code && status.state !== 'working') parts.push(what_happened(status), what_to_do(status));
  return parts.join('. ');
}
