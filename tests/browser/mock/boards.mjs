// SPDX-License-Identifier: Apache-2.0
// What happens to boards, in the station's words: one function for each thing a test wants to see.
import { now } from './station.mjs';

let count = 0;

export const code_texts = {
  'device-no-answer': ['The board does not answer.', 'Check that the board sits well and has power, then plug it again.'],
  'device-write-failed': ['The board did not take its certificate.', 'Plug the board again. If it happens twice, put it aside.'],
  'already-provisioned': ['This board has passed already.', 'Put it with the finished boards. To do it again an engineer must authorise a rework.'],
  'order-retest-limit': ['This board has failed too often.', 'Put the board aside: an engineer must release it.'],
  'order-quota-reached': ['The work order is complete.', 'Ask for the next work order.'],
  'order-serial-mismatch': ['The label is not this board\'s.', 'Scan the right label, or put the board aside.'],
  'port-gone': ['The board was unplugged before it was done.', 'Plug the board again.'],
};

const clean = { failure_code: '', failure_text: '', failure_reason: '', next_action: '', label_serial: '', board_serial: '', duration_ms: null, thing_name: '', certificate_id: '' };

export function plug(station, slot, serial = `SN-${String(240001 + count).padStart(6, '0')}`) {
  count += 1;
  station.put(slot, {
    ...clean, plugged: true, state: 'working', step: 'identify', serial: '', since: now(),
    attempt_id: `01930000-0000-7000-8000-${String(100000000000 + count)}`,
  });
  station.put(slot, { step: 'admit', serial });
  return serial;
}

export const at_step = (station, slot, step) => station.put(slot, { state: 'working', step });

export function pass(station, slot) {
  const { serial } = station.slot(slot);
  station.put(slot, { state: 'passed', step: 'finish', thing_name: `fleetline-${serial}`, certificate_id: 'ab'.repeat(32), duration_ms: 6230 });
  const [order, ...others] = station.status.orders;
  if (order) station.put_station({ orders: [{ ...order, passed: order.passed + 1 }, ...others] });
}

function ended(state) {
  return (station, slot, code, reason = '') => {
    const [failure_text, next_action] = code_texts[code];
    station.put(slot, { state, failure_code: code, failure_text, next_action, failure_reason: reason, duration_ms: 4100 });
  };
}

export const fail = ended('failed');
export const refuse = ended('refused');
/** The label says one number, the board another. */
export function mismatch(station, slot, label_serial, board_serial) {
  station.put(slot, { label_serial, board_serial });
  refuse(station, slot, 'order-serial-mismatch',
    `Admitting the board, serial ${board_serial}: the label says ${label_serial}, the board says ${board_serial} [order-serial-mismatch]`);
}
export const abandon = (station, slot) => {
  ended('abandoned')(station, slot, 'port-gone');
  station.put(slot, { plugged: false });
};
export const unplug = (station, slot) => station.put(slot, { plugged: false });
export const wait_for_cloud = (station, slot) => station.put(slot, { state: 'waiting-for-cloud', step: 'issue', since: now() });
export const wait_for_scan = (station, slot) =>
  station.put(slot, { ...clean, plugged: true, state: 'waiting-for-scan', step: 'identify', serial: '', since: now(), attempt_id: '' });
