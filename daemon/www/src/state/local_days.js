// SPDX-License-Identifier: Apache-2.0
// Figures by the plant's days. The station groups by the days of UTC, which end in the middle of a shift in most of the
// world, and yields cannot be added up: each local day is asked for by itself.
import { get_json, query } from './api.js';

const at_once = 3;
const most_groups = 92;

const midnight_after = (when, days) => new Date(when.getFullYear(), when.getMonth(), when.getDate() + days);

/** From midnight to midnight, whatever the clock does between; a long time in groups of several days. → [[from, until]…] */
export function local_days(since, until) {
  const days = Math.ceil((until - midnight_after(since, 0)) / 86400000);
  const step = Math.max(1, Math.ceil(days / most_groups));
  const found = [];
  for (let from = since; from < until;) {
    const next = midnight_after(from, step);
    found.push([from, next < until ? next : until]);
    from = next;
  }
  return found;
}

/** As the station's `/stats` answers, with its groups by local day; days without a board are left out. */
export async function stats_by_local_day({ since, until, ...wanted }, options) {
  const total = await get_json(`/stats${query({ since: since.toISOString(), until: until.toISOString(), ...wanted })}`, options);
  const days = local_days(since, until);
  const groups = new Array(days.length);
  let next = 0;
  const ask = async () => {
    while (next < days.length) {
      const at = next++;
      const [from, to] = days[at];
      const one = await get_json(`/stats${query({ since: from.toISOString(), until: to.toISOString(), ...wanted })}`, options);
      groups[at] = { ...one.total, from: from.toISOString() };
    }
  };
  await Promise.all(Array.from({ length: at_once }, ask));
  return { ...total, by: 'day', groups: groups.filter((g) => g.attempts + g.refused > 0) };
}
