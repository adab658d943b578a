// SPDX-License-Identifier: Apache-2.0
// One attempt, whole: what became of it, how long each step took, every event, the certificate, the transcript.
import { useState } from 'preact/hooks';
import { Busy } from '../parts/fields.jsx';
import { Refused } from '../parts/Refused.jsx';
import { ReworkWay } from '../parts/Rework.jsx';
import { Shape } from '../parts/Shape.jsx';
import { needs_engineer, outcome_word, step_word, steps } from '../parts/words.js';
import { get_json, get_text } from '../state/api.js';
import { date_time, duration, failure_text, has_text, next_action, t } from '../state/i18n.js';
import { useQuestion } from '../state/question.js';
import { engineer } from '../state/who.js';

const attempt_facts = ['serial', 'serial_source', 'product', 'order', 'operator', 'station', 'slot', 'dialect',
  'firmware_version', 'template', 'attempt_id'];
const certificate_facts = ['thing_name', 'certificate_id', 'certificate_sha256', 'public_key_sha256', 'key_origin', 'proof',
  'replaces_certificate_id'];

const label = (key) => (has_text(`column.${key}`) ? t(`column.${key}`) : key);

const Facts = ({ of, keys, children }) => (
  <dl class="facts">
    {keys.filter((key) => of[key]).map((key) => [
      <dt key={`${key}-name`}>{label(key)}</dt>,
      <dd key={key} class="mono">{of[key]}</dd>,
    ])}
    {children}
  </dl>
);

const Checks = ({ a }) => {
  const made = [
    ['check.key', a.public_key_sha256 !== '' && a.certificate_sha256 !== ''],
    ['check.thing', a.thing_name !== ''],
    ['check.proof', a.proof !== ''],
    ['check.clock', a.clock_synchronised !== false && a.clock_synchronised !== 'false'],
  ];
  return (
    <ul class="checks">
      {made.map(([key, good]) => (
        <li key={key} class={good ? 'good' : 'bad'}>
          <span aria-hidden="true">{good ? '✓' : '–'}</span> {t(key)}: <b>{good ? t('yes') : t('no')}</b>
          {key === 'check.proof' && a.proof && ` (${a.proof})`}
        </li>
      ))}
    </ul>
  );
};

/** Steps one after another, as long as they took. An SVG: widths as attributes need no styles. */
const Timeline = ({ step_ms, failure_step }) => {
  const all = steps.filter((s) => step_ms[s] !== undefined);
  const total = all.reduce((sum, s) => sum + step_ms[s], 0) || 1;
  let at = 0;
  return (
    <table class="timeline">
      <caption class="unseen">{t('attempt.timeline')}</caption>
      <tbody>
        {all.map((s) => {
          const from = (at / total) * 100;
          const width = Math.max(0.4, (step_ms[s] / total) * 100);
          at += step_ms[s];
          return (
            <tr key={s} class={s === failure_step ? 'bad' : ''}>
              <th scope="row">{step_word(s)}</th>
              <td class="timeline__bar">
                <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" focusable="false">
                  <rect x={from} width={width} y="1" height="8" />
                </svg>
              </td>
              <td class="number">{duration(step_ms[s])}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
};

const Payload = ({ payload }) => (
  <span class="payload">
    {Object.entries(payload ?? {})
      .filter(([key, value]) => key !== 'attempt' && key !== 'attempt_id' && value !== '' && value !== null && typeof value !== 'object')
      .map(([key, value]) => (
        <span key={key}><i>{key}</i> {String(value).length > 80 ? `${String(value).slice(0, 64)}…` : String(value)}</span>
      ))}
  </span>
);

const Events = ({ events }) => (
  <table class="list list--events">
    <thead>
      <tr>{['seq', 'when', 'event', 'details'].map((key) => <th key={key} scope="col">{t(`event.${key}`)}</th>)}</tr>
    </thead>
    <tbody>
      {events.map((e) => (
        <tr key={e.seq}>
          <td class="number" data-name={t('event.seq')}>{e.seq}</td>
          <td class="mono" data-name={t('event.when')}>{String(e.recorded_at).replace('T', ' ').replace('Z', '')}</td>
          <td data-name={t('event.event')}>{e.kind}</td>
          <td data-name={t('event.details')}><Payload payload={e.payload} /></td>
        </tr>
      ))}
    </tbody>
  </table>
);

function Transcript({ id }) {
  const { answer, problem, busy } = useQuestion(
    (signal) => get_text(`/attempts/${encodeURIComponent(id)}/transcript`, { signal }),
    id,
  );
  if (problem) return <Refused problem={problem} />;
  if (busy) return <Busy busy />;
  if (!answer) return <p class="none">{t('attempt.no-transcript')}</p>;
  return <pre class="transcript" tabIndex={0} aria-label={t('attempt.transcript')}>{answer}</pre>;
}

function Certificate({ a, certificate }) {
  const pem = certificate?.pem;
  return (
    <section class="card">
      <h2>{t('attempt.certificate')}</h2>
      <Facts of={a} keys={certificate_facts}>
        {a.certificate_not_after && <><dt>{t('column.certificate_not_after')}</dt><dd>{date_time(a.certificate_not_after)}</dd></>}
        {certificate?.state && <><dt>{t('column.state')}</dt><dd>{certificate.state}</dd></>}
      </Facts>
      {!a.certificate_id && <p class="none">{t('attempt.no-certificate')}</p>}
      {pem && (
        <details>
          <summary>PEM</summary>
          <pre class="transcript" tabIndex={0} aria-label="PEM">{pem}</pre>
        </details>
      )}
    </section>
  );
}

const Head = ({ a }) => (
  <div class="attempt-head">
    <p class={`plate plate--${a.outcome || 'working'}`}><Shape state={a.outcome} /> {outcome_word(a.outcome || 'working')}</p>
    <div>
      <h1 class="mono">{a.serial || t('attempts.no-serial')}</h1>
      <p>
        {date_time(a.started_at)} {a.duration_ms != null && a.duration_ms !== '' && <>· {duration(Number(a.duration_ms))}</>}
      </p>
    </div>
  </div>
);

export function Attempt({ id }) {
  const [shown, set_shown] = useState(false);
  const { answer, problem, busy } = useQuestion((signal) => get_json(`/attempts/${encodeURIComponent(id)}`, { signal }), id);
  const a = answer?.attempt;
  return (
    <main class="view">
      <p><a href="#/attempts">← {t('nav.attempts')}</a></p>
      <Busy busy={busy} />
      {problem && <Refused problem={problem} />}
      {a && (
        <>
          <Head a={a} />
          {a.failure_code && (
            <div class="advice">
              <p><strong>{failure_text(a.failure_code, a.failure_text)}</strong> <span class="mono">{a.failure_code}</span></p>
              <p>{next_action(a.failure_code, a.next_action)}</p>
              <p>{a.failure_step && `${step_word(a.failure_step)}: `}{a.failure_reason}</p>
            </div>
          )}
          {((a.outcome === 'passed' && engineer.value) || needs_engineer(a.failure_code)) && (
            <div><ReworkWay serial={a.serial} thing={a.thing_name} code={a.failure_code} /></div>
          )}
          <div class="columns">
            <section class="card"><h2>{t('attempt.board')}</h2><Facts of={a} keys={attempt_facts} /></section>
            <Certificate a={a} certificate={answer.certificate} />
            <section class="card"><h2>{t('attempt.checks')}</h2><Checks a={a} /></section>
            {a.step_ms && Object.keys(a.step_ms).length > 0 && (
              <section class="card"><h2>{t('attempt.timeline')}</h2><Timeline step_ms={a.step_ms} failure_step={a.failure_step} /></section>
            )}
          </div>
          {answer.events && <section class="card"><h2>{t('attempt.events')}</h2><Events events={answer.events} /></section>}
          <section class="card">
            <h2>{t('attempt.transcript')}</h2>
            {shown ? <Transcript id={id} /> : (
              <button type="button" class="button" onClick={() => set_shown(true)}>{t('attempt.show-transcript')}</button>
            )}
          </section>
        </>
      )}
    </main>
  );
}
