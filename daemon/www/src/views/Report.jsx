// SPDX-License-Identifier: Apache-2.0
// The audit report, as a file.
import { useEffect, useState } from 'preact/hooks';
import { Busy, Choice, Text, When, to_local, to_utc } from '../parts/fields.jsx';
import { Refused } from '../parts/Refused.jsx';
import { base, call, query, sign_ins, signed_in } from '../state/api.js';
import { t } from '../state/i18n.js';
import { station } from '../state/store.js';

const formats = ['csv', 'jsonl', 'xlsx', 'pdf'];
const longest_ms = 600000;

/** A link is streamed to the disk by the browser; a token of ours cannot ride on a link. */
async function download(path, name) {
  let href = base + path;
  let made = '';
  if (signed_in()) {
    const answer = await call(path, { timeout_ms: longest_ms });
    made = URL.createObjectURL(await answer.blob());
    href = made;
  } else {
    // A link that is refused would end in silence: an empty report tells whether we may have one.
    const now = new Date().toISOString();
    await call(`/report${query({ format: 'jsonl', since: now, until: now })}`);
  }
  const link = document.createElement('a');
  link.href = href;
  link.download = name;
  link.click();
  if (made) setTimeout(() => URL.revokeObjectURL(made), 60000);
}

export function Report() {
  const [f, set_f] = useState({ format: 'csv', since: to_local(new Date(new Date().setHours(0, 0, 0, 0))), until: '', product: '', order: '' });
  const [state, set_state] = useState({ busy: false, problem: null });
  useEffect(() => set_state({ busy: false, problem: null }), [sign_ins.value]);
  const put = (name) => (value) => set_f({ ...f, [name]: value });
  const submit = async (event) => {
    event.preventDefault();
    set_state({ busy: true, problem: null });
    const path = `/report${query({ ...f, since: to_utc(f.since), until: to_utc(f.until) })}`;
    const name = `fleetline-${station.value.station || 'report'}-${(f.since || 'all').slice(0, 10)}.${f.format}`;
    try {
      await download(path, name);
      set_state({ busy: false, problem: null });
    } catch (problem) {
      set_state({ busy: false, problem });
    }
  };
  return (
    <main class="view">
      <h1>{t('nav.report')}</h1>
      <p>{t('report.explain')}</p>
      <form class="filters" onSubmit={submit}>
        <Choice name={t('report.format')} value={f.format} on_value={put('format')} options={formats.map((x) => [x, x.toUpperCase()])} />
        <When name={t('filter.since')} value={f.since} on_value={put('since')} />
        <When name={t('filter.until')} value={f.until} on_value={put('until')} />
        <Text name={t('field.product')} value={f.product} on_value={put('product')} />
        <Text name={t('field.order')} value={f.order} on_value={put('order')} />
        <div class="filters__send">
          <button type="submit" class="button button--main" disabled={state.busy}>{t('report.download')}</button>
        </div>
      </form>
      <Busy busy={state.busy} />
      {state.problem && <Refused problem={state.problem} />}
    </main>
  );
}
