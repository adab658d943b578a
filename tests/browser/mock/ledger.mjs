// SPDX-License-Identifier: Apache-2.0
// The ledger's answers: attempts, one attempt, its transcript, statistics, a report. A day's work is made up from a
// fixed seed, so that a picture of it is the same every time.
const steps = ['identify', 'admit', 'csr', 'issue', 'register', 'deliver', 'prove', 'finish'];

/** Mulberry32: small, fixed. */
function random(seed) {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const failures = [
  ['device-no-answer', 'identify', 'The board does not answer.'],
  ['device-write-failed', 'deliver', 'The board did not take its certificate.'],
  ['cloud-no-answer', 'register', 'The cloud did not answer in time.'],
  ['device-proof-failed', 'prove', 'The board does not hold what was written to it.'],
];
const hex = (next, digits) => Array.from({ length: digits }, () => Math.floor(next() * 16).toString(16)).join('');

export class Ledger {
  constructor() {
    this.attempts = [];
  }

  /** `count` attempts that ended at about one each 17 seconds, the newest just now. */
  fill(count, { slots = ['A1'], product = 'sensor-7' } = {}) {
    const next = random(7);
    for (let i = 0; i < count; ++i) this.attempts.push(this.#made_up(i, next, slots, product));
    return this;
  }

  #made_up(i, next, slots, product) {
    const serial = `SN-${String(240000 - i).padStart(6, '0')}`;
    const luck = next();
    const outcome = luck < 0.955 ? 'passed' : luck < 0.985 ? 'failed' : luck < 0.995 ? 'refused' : 'abandoned';
    const [code, failed_at] = outcome === 'failed' ? failures[Math.floor(next() * 4)]
      : outcome === 'refused' ? ['already-provisioned', 'admit'] : outcome === 'abandoned' ? ['port-gone', 'deliver'] : ['', ''];
    const last = failed_at ? steps.indexOf(failed_at) : steps.length - 1;
    const usual = [420, 12, 1900, 260, 310, 2400, 650, 240];
    const step_ms = Object.fromEntries(steps.slice(0, last + 1).map((s, k) => [s, Math.round(usual[k] * (0.85 + next() * 0.5))]));
    const duration_ms = Object.values(step_ms).reduce((a, b) => a + b, 0);
    const started = Date.now() - i * 17000 - duration_ms - 4000;
    const issued = last > 3;
    return {
      attempt_id: `01930000-0000-7000-8000-${String(999999999999 - i)}`, station: 'station-1', slot: slots[i % slots.length], serial,
      serial_source: 'usb', product, order: 'WO-1001', operator: 'M. Tanaka', dialect: 'freertos-cli', firmware_version: '1.4.2',
      started_at: new Date(started).toISOString(), finished_at: new Date(started + duration_ms).toISOString(), duration_ms,
      outcome, failure_code: code, failure_step: failed_at, thing_name: issued ? `fleetline-${serial}` : '',
      certificate_id: issued ? hex(next, 64) : '', certificate_sha256: issued ? hex(next, 64) : '',
      certificate_not_after: issued ? '2049-12-31T23:59:59.000Z' : '', public_key_sha256: last >= 2 ? hex(next, 64) : '',
      key_origin: last >= 2 ? 'device' : '', proof: outcome === 'passed' ? 'readback' : '', replaces_certificate_id: '',
      template: 'fleetline-sensor', clock_synchronised: true, event_seq: 9000 - i * 9, event_hash: hex(next, 64),
      failure_text: code ? failures.find((f) => f[0] === code)?.[2] ?? '' : '', failure_reason: code ? 'no prompt within 5 s' : '', next_action: '', step_ms,
    };
  }

  answer(path, query) {
    if (path === '/attempts') return { attempts: this.#list(query) };
    if (path === '/devices') return { devices: this.#list(query).map(device) };
    if (path === '/stats') return this.#stats(query);
    if (path === '/report') return `attempt_id,station,slot,serial\n${this.attempts.map((a) => `${a.attempt_id},${a.station},${a.slot},${a.serial}`).join('\n')}\n`;
    const [, id, rest] = /^\/attempts\/([^/]+)(\/transcript)?$/.exec(path) ?? [];
    const attempt = this.attempts.find((a) => a.attempt_id === id);
    if (!attempt) return null;
    return rest ? transcript(attempt) : { attempt, certificate: certificate(attempt), events: events(attempt) };
  }

  #list({ search = '', failure_code, operator, serial, outcome, slot, order, product, since, until, limit = 100 }) {
    const part = (text) => text.toLowerCase().includes(search.toLowerCase());
    return this.attempts
      .filter((a) => (part(a.serial) || part(a.thing_name)) && (!failure_code || a.failure_code === failure_code) &&
        (!operator || a.operator === operator) && (!serial || a.serial === serial) && (!outcome || a.outcome === outcome) && (!slot || a.slot === slot) &&
        (!order || a.order === order) && (!product || a.product === product) && (!since || a.started_at >= since) && (!until || a.started_at < until))
      .slice(0, Number(limit));
  }

  #stats({ by = '', limit, ...wanted }) {
    const chosen = this.#list({ ...wanted, limit: 1e9 });
    const name_of = groupings[by];
    const groups = new Map();
    if (name_of) for (const a of chosen.slice().reverse()) groups.set(name_of(a), [...(groups.get(name_of(a)) ?? []), a]);
    const codes = {};
    for (const a of chosen) if (a.failure_code) (codes[a.failure_code] ??= []).push(a.outcome);
    const timed = steps.map((s) => [s, spread(chosen.map((a) => a.step_ms[s]).filter((v) => v !== undefined))]);
    return {
      by, total: summary(chosen),
      groups: [...groups].map(([name, list]) => ({ [by === 'day' || by === 'hour' ? 'from' : by]: name, ...summary(list) })),
      steps: Object.fromEntries(timed.filter(([, times]) => times)),
      failures: Object.entries(codes)
        .map(([code, ended]) => ({ code, count: ended.length, refused: ended.filter((o) => o === 'refused').length }))
        .sort((a, b) => b.count - a.count),
    };
  }
}

/** Hours and days are UTC's. */
const groupings = {
  hour: (a) => `${a.started_at.slice(0, 13)}:00:00.000Z`, day: (a) => `${a.started_at.slice(0, 10)}T00:00:00.000Z`,
  product: (a) => a.product, slot: (a) => a.slot, order: (a) => a.order,
};

function spread(values) {
  if (values.length === 0) return undefined;
  const sorted = values.slice().sort((a, b) => a - b);
  const mean = sorted.reduce((a, b) => a + b, 0) / sorted.length;
  return { median: sorted[Math.floor(sorted.length / 2)], p95: sorted[Math.floor(sorted.length * 0.95)], mean };
}

/** The figures of some attempts; each serial number is tried once here. */
function summary(list) {
  const count = (outcome) => list.filter((a) => a.outcome === outcome).length;
  const tried = list.filter((a) => a.outcome !== 'refused');
  const passed = tried.filter((a) => a.outcome === 'passed');
  const ratio = tried.length ? passed.length / tried.length : null;
  const cycle = spread(passed.map((a) => a.duration_ms));
  const hours = new Set(list.map(groupings.hour)).size;
  return {
    attempts: tried.length, passed: passed.length, failed: count('failed'), refused: count('refused'), abandoned: count('abandoned'),
    units: tried.length, units_passed: passed.length, first_attempts: tried.length, hours,
    first_pass_yield: ratio, final_yield: ratio === null ? null : Math.min(1, ratio + 0.02), attempt_yield: ratio,
    units_per_hour: hours ? passed.length / hours : null,
    cycle_ms_median: cycle?.median ?? null, cycle_ms_p95: cycle?.p95 ?? null, cycle_ms_mean: cycle?.mean ?? null,
  };
}

const device = (a) => ({
  serial: a.serial, product: a.product, order: a.order, station: a.station, slot: a.slot, stage: a.outcome === 'passed' ? 'passed' : 'identified',
  outcome: a.outcome, attempt_id: a.attempt_id, attempts: 1, thing_name: a.thing_name, certificate_id: a.certificate_id, updated_at: a.finished_at,
});

const transcript = (a) => `> conf get thing_name
thing_name=""
> conf set thing_name ${a.serial}
thing_name="${a.serial}"
> pki generate key tls_key_priv tls_key_pub
-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEc8Sm0p9n
-----END PUBLIC KEY-----
`;

function events(a) {
  const kinds = ['attempt-started', 'identified', 'admitted', 'csr-made', 'issue-requested', 'issued', 'registration-requested',
    'registered', 'delivery-started', 'delivered', 'proved', 'attempt-finished'];
  const start = Date.parse(a.started_at);
  return kinds.map((kind, i) => ({
    seq: a.event_seq + i, recorded_at: new Date(start + i * 700).toISOString(), kind, hash: a.event_hash,
    clock_synchronised: true,
    payload: kind === 'identified' ? { attempt: a.attempt_id, serial: a.serial, serial_source: 'usb', dialect: 'freertos-cli' }
      : kind === 'issued' ? { attempt: a.attempt_id, certificate: a.certificate_id } : { attempt: a.attempt_id },
  }));
}

const certificate = (a) => a.certificate_id ? { certificate_id: a.certificate_id, state: 'current', serial: a.serial, thing_name: a.thing_name,
  attempt_id: a.attempt_id, issued_at: a.started_at, not_after: a.certificate_not_after, why: '', replaced_by: '', revoked_at: '', revoked_by: '', revoked_note: '',
  pem: '-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIU\n-----END CERTIFICATE-----\n' } : null;
