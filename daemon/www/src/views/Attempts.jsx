// SPDX-License-Identifier: Apache-2.0
// Every attempt the ledger knows, newest first, searched and filtered. The filters are in the address: a list can be
// bookmarked and sent to a colleague.
import { useState } from 'preact/hooks';
import { Busy, Choice, Text, When, to_utc } from '../parts/fields.jsx';
import { Refused } from '../parts/Refused.jsx';
import { Shape } from '../parts/Shape.jsx';
import { outcome_word } from '../parts/words.js';
import { get_json, query } from '../state/api.js';
import { date_time, duration, failure_codes, failure_text, t } from '../state/i18n.js';
import { useQuestion } from '../state/question.js';
import { go, route } from '../state/route.js';

const page_length = 100;
const outcomes = ['passed', 'failed', 'refused', 'abandoned'];
const filters = ['search', 'outcome', 'failure_code', 'product', 'order', 'slot', 'operator', 'since', 'until'];

const asked = (f, limit) => query({ ...f, since: to_utc(f.since), until: to_utc(f.until), limit });

function Filters({ wanted }) {
  const [f, set_f] = useState(wanted);
  const put = (name) => (value) => set_f({ ...f, [name]: value });
  const submit = (event) => {
    event.preventDefault();
    go(`#/attempts${query(f)}`);
  };
  const clear = () => {
    set_f({});
    go('#/attempts');
  };
  return (
    <form class="filters" role="search" onSubmit={submit}>
      <Text name={t('filter.search-for')} value={f.search ?? ''} on_value={put('search')} maxLength={256} />
      <Choice name={t('field.outcome')} value={f.outcome ?? ''} on_value={put('outcome')}
        options={[['', t('filter.any')], ...outcomes.map((o) => [o, outcome_word(o)])]} />
      <Text name={t('field.failure-code')} value={f.failure_code ?? ''} on_value={put('failure_code')} list="failure-codes" />
      <datalist id="failure-codes">{failure_codes.map((code) => <option key={code} value={code}>{failure_text(code)}</option>)}</datalist>
      <Text name={t('field.product')} value={f.product ?? ''} on_value={put('product')} />
      <Text name={t('field.order')} value={f.order ?? ''} on_value={put('order')} />
      <Text name={t('field.slot')} value={f.slot ?? ''} on_value={put('slot')} />
      <Text name={t('field.operator')} value={f.operator ?? ''} on_value={put('operator')} />
      <When name={t('filter.since')} value={f.since ?? ''} on_value={put('since')} />
      <When name={t('filter.until')} value={f.until ?? ''} on_value={put('until')} />
      <div class="filters__send">
        <button type="submit" class="button button--main">{t('filter.search')}</button>
        <button type="button" class="button" onClick={clear}>{t('filter.clear')}</button>
      </div>
    </form>
  );
}

const Row = ({ a }) => (
  <tr>
    <td class="cell--outcome">
      <span class={`tag tag--${a.outcome}`}><Shape state={a.outcome} />{outcome_word(a.outcome)}</span>
    </td>
    <td data-name={t('field.serial')}>
      <a class="mono" href={`#/attempts/${encodeURIComponent(a.attempt_id)}`}>{a.serial || t('attempts.no-serial')}</a>
    </td>
    <td data-name={t('field.slot')}>{a.slot}</td>
    <td data-name={t('field.started')}>{date_time(a.started_at)}</td>
    <td data-name={t('field.duration')} class="number">{a.duration_ms == null ? '' : duration(a.duration_ms)}</td>
    <td data-name={t('field.thing')} class="mono">{a.thing_name}</td>
    <td data-name={t('field.failure')}>{a.failure_code && failure_text(a.failure_code, a.failure_code)}</td>
    <td data-name={t('field.order')}>{a.order}</td>
    <td data-name={t('field.operator')}>{a.operator}</td>
  </tr>
);

const Table = ({ attempts }) => (
  <table class="list">
    <thead>
      <tr>
        {['outcome', 'serial', 'slot', 'started', 'duration', 'thing', 'failure', 'order', 'operator'].map((name) => (
          <th key={name} scope="col">{t(`field.${name}`)}</th>
        ))}
      </tr>
    </thead>
    <tbody>{attempts.map((a) => <Row key={a.attempt_id} a={a} />)}</tbody>
  </table>
);

export function Attempts() {
  const asked_for = route.value.query;
  const wanted = Object.fromEntries(filters.map((name) => [name, asked_for[name] ?? '']));
  wanted.search ||= asked_for.serial ?? ''; // as addresses said it before
  const key = query(wanted);
  const [limit, set_limit] = useState(page_length);
  const { answer, problem, busy } = useQuestion(
    (signal) => get_json(`/attempts${asked(wanted, limit)}`, { signal }),
    `${key} ${limit}`,
  );
  const attempts = answer?.attempts ?? [];
  return (
    <main class="view">
      <h1>{t('nav.attempts')}</h1>
      <Filters key={key} wanted={wanted} />
      <Busy busy={busy} />
      {problem && <Refused problem={problem} />}
      {answer && attempts.length === 0 && <p class="none">{t('attempts.none')}</p>}
      {attempts.length > 0 && <Table attempts={attempts} />}
      {attempts.length >= limit && (
        <button type="button" class="button" onClick={() => set_limit(limit + page_length)}>{t('attempts.more')}</button>
      )}
    </main>
  );
}
