// SPDX-License-Identifier: Apache-2.0
// How well it goes over a chosen time: yields, units per hour, cycle time per step, failures by code. Every chart has
// its numbers beside it.
import { useState } from 'preact/hooks';
import { Chart } from '../parts/Chart.jsx';
import { Busy, Choice, Text, When, to_local } from '../parts/fields.jsx';
import { Refused } from '../parts/Refused.jsx';
import { step_word, steps } from '../parts/words.js';
import { get_json, query } from '../state/api.js';
import { date, date_time, duration, failure_text, language, number, percent, t } from '../state/i18n.js';
import { stats_by_local_day } from '../state/local_days.js';
import { useQuestion } from '../state/question.js';
import { station_now } from '../state/store.js';

const hour_ms = 3600000;
const spans = { '8h': 8 * hour_ms, '24h': 24 * hour_ms, '7d': 168 * hour_ms, '30d': 720 * hour_ms };
const colours = { first: '#0b6b3a', second: '#1d5fa8', third: '#8a5a00' };

const day_spans = { '7d': 7, '30d': 30 };

/** To the minute, or the question would change all the time. Days are whole ones of this browser's, today the last. */
function range_of(f) {
  const now = new Date(Math.floor(station_now() / 60000) * 60000 + 60000);
  const until = f.span === 'chosen' && f.until ? new Date(f.until) : now;
  if (f.span === 'chosen') return { since: f.since ? new Date(f.since) : new Date(until - spans['30d']), until };
  if (day_spans[f.span]) return { since: new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1 - day_spans[f.span]), until };
  return { since: new Date(now - spans[f.span]), until };
}

const by_of = (f) => (day_spans[f.span] ? 'day' : f.span === 'chosen' ? f.by : 'hour');

function ask(f, options) {
  const { since, until } = range_of(f);
  const wanted = { product: f.product, order: f.order };
  if (by_of(f) === 'day') return stats_by_local_day({ since, until, ...wanted }, options);
  return get_json(`/stats${query({ since: since.toISOString(), until: until.toISOString(), by: 'hour', ...wanted })}`, options);
}

const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

const Filters = ({ f, put }) => (
  <form class="filters" onSubmit={(e) => e.preventDefault()}>
    <Choice name={t('stats.span')} value={f.span} on_value={put('span')}
      options={[...Object.keys(spans), 'chosen'].map((s) => [s, t(`stats.span-${s}`)])} />
    {f.span === 'chosen' && (
      <>
        <When name={t('filter.since')} value={f.since} on_value={put('since')} />
        <When name={t('filter.until')} value={f.until} on_value={put('until')} />
        <Choice name={t('stats.by')} value={f.by} on_value={put('by')}
          options={['hour', 'day'].map((b) => [b, t(`stats.by-${b}`)])} />
      </>
    )}
    <Text name={t('field.product')} value={f.product} on_value={put('product')} />
    <Text name={t('field.order')} value={f.order} on_value={put('order')} />
  </form>
);

const Totals = ({ total }) => (
  <dl class="figures figures--card">
    {[
      ['stats.fpy', percent(total.first_pass_yield)],
      ['stats.final', percent(total.final_yield)],
      ['stats.attempt', percent(total.attempt_yield)],
      ['stats.units', number(total.units_passed ?? 0)],
      ['figure.uph', total.units_per_hour == null ? '–' : number(total.units_per_hour, 1)],
      ['stats.cycle', duration(total.cycle_ms_median)],
      ['stats.cycle-p95', duration(total.cycle_ms_p95)],
    ].map(([key, value]) => (
      <div class="figure" key={key}><dt>{t(key)}</dt><dd>{value}</dd></div>
    ))}
  </dl>
);

const seconds_of = (groups) => groups.map((g) => Date.parse(g.from) / 1000);

const as_percent = (v) => (v == null ? null : v * 100);

/** The scale begins at the ten below the lowest yield, so that a change can be seen. */
function lowest(groups) {
  const all = groups.flatMap((g) => [g.first_pass_yield, g.final_yield]).filter((v) => v != null);
  return all.length ? Math.max(0, Math.floor(Math.min(...all) * 10 - 0.2) * 10) : 0;
}

function Yield({ groups, daily }) {
  return (
    <section class="card">
      <h2>{t('stats.yield')}</h2>
      <Chart label={t('stats.yield')} times={seconds_of(groups)} unit="%" daily={daily} range={[lowest(groups), 100]}
        series={[
          { label: t('stats.fpy'), colour: colours.first, values: groups.map((g) => as_percent(g.first_pass_yield)) },
          { label: t('stats.final'), colour: colours.second, dash: [8, 5], values: groups.map((g) => as_percent(g.final_yield)) },
        ]} />
    </section>
  );
}

function Output({ groups, daily }) {
  return (
    <section class="card">
      <h2>{t('stats.output')}</h2>
      <Chart label={t('stats.output')} times={seconds_of(groups)} bars daily={daily}
        series={[{ label: t('stats.units'), colour: colours.second, values: groups.map((g) => g.units_passed) }]} />
    </section>
  );
}

const Numbers = ({ groups, by }) => (
  <details class="card">
    <summary>{t('stats.numbers')}</summary>
    <table class="list">
      <thead>
        <tr>{['stats.from', 'stats.units', 'stats.fpy', 'stats.final', 'stats.attempt', 'stats.cycle', 'stats.cycle-p95'].map((k) => <th key={k} scope="col">{t(k)}</th>)}</tr>
      </thead>
      <tbody>
        {groups.map((g) => (
          <tr key={g.from}>
            <td data-name={t('stats.from')}>{by === 'day' ? date(g.from) : date_time(g.from)}</td>
            <td data-name={t('stats.units')} class="number">{number(g.units_passed ?? 0)}</td>
            <td data-name={t('stats.fpy')} class="number">{percent(g.first_pass_yield)}</td>
            <td data-name={t('stats.final')} class="number">{percent(g.final_yield)}</td>
            <td data-name={t('stats.attempt')} class="number">{percent(g.attempt_yield)}</td>
            <td data-name={t('stats.cycle')} class="number">{duration(g.cycle_ms_median)}</td>
            <td data-name={t('stats.cycle-p95')} class="number">{duration(g.cycle_ms_p95)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </details>
);

/** Bars of HTML's own making: a label, a bar, the number. */
const Bars = ({ rows }) => {
  const most = Math.max(1, ...rows.map((r) => r.value));
  return (
    <table class="bars">
      <tbody>
        {rows.map((r) => (
          <tr key={r.name}>
            <th scope="row">{r.href ? <a href={r.href}>{r.text}</a> : r.text}{r.small && <small class="mono">{r.small}</small>}</th>
            <td class="bars__bar">
              <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" focusable="false">
                {r.upper !== undefined && <rect class="upper" width={(r.upper / most) * 100} height="10" />}
                <rect class={r.upper !== undefined ? 'lower' : 'whole'} width={(Math.min(r.lower ?? r.value, most) / most) * 100} height="10" />
              </svg>
            </td>
            <td class="number">{r.shown}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
};

const StepTimes = ({ times }) => (
  <section class="card">
    <h2>{t('stats.steps')}</h2>
    <p class="hint">{t('stats.steps-hint')}</p>
    <Bars rows={steps.filter((s) => times[s]).map((s) => ({
      name: s, text: step_word(s), value: times[s].p95, upper: times[s].p95, lower: times[s].median,
      shown: `${duration(times[s].median)} / ${duration(times[s].p95)}`,
    }))} />
  </section>
);

/** Each leads to its attempts. */
const Failures = ({ failures, wanted }) => (
  <section class="card">
    <h2>{t('stats.failures')}</h2>
    {failures.length === 0 && <p class="none">{t('stats.no-failures')}</p>}
    <Bars rows={failures.map((f) => ({
      name: f.code, text: failure_text(f.code, f.text ?? f.code), small: f.code, value: f.count, shown: number(f.count),
      href: `#/attempts${query({ failure_code: f.code, ...wanted })}`,
    }))} />
  </section>
);

export function Statistics() {
  const now = new Date(station_now());
  const [f, set_f] = useState({
    span: '24h', by: 'hour', since: to_local(new Date(now - 24 * hour_ms)), until: to_local(now), product: '', order: '',
  });
  const put = (name) => (value) => set_f({ ...f, [name]: value });
  const range = range_of(f);
  const key = [range.since.getTime(), range.until.getTime(), by_of(f), f.product, f.order].join();
  const { answer, problem, busy } = useQuestion((signal) => ask(f, { signal }), key);
  const s = answer;
  return (
    <main class="view" key={language.value}>
      <h1>{t('nav.statistics')}</h1>
      <Filters f={f} put={put} />
      <p class="hint">{t('stats.local-days', { zone: zone() })}</p>
      <Busy busy={busy} />
      {problem && <Refused problem={problem} />}
      {s && (
        <>
          <Totals total={s.total} />
          <div class="columns">
            <Yield groups={s.groups} daily={s.by === 'day'} />
            <Output groups={s.groups} daily={s.by === 'day'} />
            <StepTimes times={s.steps} />
            <Failures failures={s.failures} wanted={{ since: to_local(range.since), product: f.product, order: f.order }} />
          </div>
          <Numbers groups={s.groups} by={s.by} />
        </>
      )}
    </main>
  );
}
