// SPDX-License-Identifier: Apache-2.0
// A list of serial numbers from a file onto a work order: all of its lines or none, and every line that is wrong is told
// with its number. The file goes as it is, so that the station sees what is in it.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { post } from '../state/api.js';
import { number, t } from '../state/i18n.js';
import { Dialog } from './Dialog.jsx';
import { Refused } from './Refused.jsx';
import { line_words } from './line_words.js';

const types = { csv: 'text/csv', txt: 'text/csv', jsonl: 'application/jsonl', ndjson: 'application/x-ndjson', json: 'application/json' };
const longest_file = 16 * 1024 * 1024;
const longest_ms = 120000;

const type_of = (file) => types[file.name.split('.').pop().toLowerCase()];

/** Why a file is not even sent. */
function wrong_with(file) {
  if (!file) return t('import.no-file');
  if (!type_of(file)) return t('import.kind-wrong');
  if (file.size > longest_file) return t('import.too-large');
  return '';
}

const Lines = ({ errors, count }) => (
  <div class="wrong-lines" role="alert">
    <p><strong>{t('import.wrong-lines', { count: number(count) })}</strong></p>
    <div class="wrong-lines__list" tabIndex={0} aria-label={t('import.lines')}>
      <table class="list">
        <thead><tr><th scope="col">{t('import.line')}</th><th scope="col">{t('import.what')}</th></tr></thead>
        <tbody>
          {errors.map((e) => <tr key={e.line}><td class="number" data-name={t('import.line')}>{e.line}</td><td>{line_words(e.text)}</td></tr>)}
        </tbody>
      </table>
    </div>
    {count > errors.length && <p>{t('import.first-lines', { shown: number(errors.length), count: number(count) })}</p>}
  </div>
);

function Done({ order, serials, on_close }) {
  const close = useRef(null);
  useLayoutEffect(() => close.current?.focus(), []);
  return (
    <>
      <p role="status"><strong>✓ {t('import.done', { count: number(serials), order })}</strong></p>
      <div class="dialog__actions">
        <button ref={close} type="button" class="button button--main" onClick={on_close}>{t('dialog.close')}</button>
      </div>
    </>
  );
}

export function ImportList({ order, on_close, on_imported }) {
  const [state, set_state] = useState({ wrong: '', busy: false, problem: null, done: null });
  const chooser = useRef(null);
  useEffect(() => chooser.current?.focus(), []);
  const clear = () => set_state({ wrong: '', busy: false, problem: null, done: null });
  const submit = async (event) => {
    event.preventDefault();
    const file = chooser.current.files[0];
    const wrong = wrong_with(file);
    set_state({ wrong, busy: !wrong, problem: null, done: null });
    if (wrong) return;
    try {
      const path = `/orders/${encodeURIComponent(order)}/serials`;
      const done = await post(path, file.slice(), { type: type_of(file), timeout_ms: longest_ms });
      set_state({ wrong: '', busy: false, problem: null, done });
      on_imported();
    } catch (problem) {
      set_state({ wrong: '', busy: false, problem, done: null });
    }
  };
  const { problem } = state;
  return (
    <Dialog title={t('import.title', { order })} on_close={on_close}>
      {state.done ? <Done order={order} serials={state.done.serials} on_close={on_close} /> : (
        <form onSubmit={submit} noValidate>
          <p>{t('import.explain')}</p>
          <p><strong>{t('import.all-or-nothing')}</strong></p>
          <label class="field">
            <span>{t('import.file')}</span>
            <input ref={chooser} type="file" accept={Object.keys(types).map((e) => `.${e}`).join()} onChange={clear} aria-invalid={state.wrong !== ''} />
          </label>
          <p class="wrong" role="alert">{state.wrong}</p>
          <div class="dialog__actions">
            <button type="submit" class="button button--main" disabled={state.busy}>{state.busy ? t('import.busy') : t('import.send')}</button>
            <button type="button" class="button" onClick={on_close}>{t('dialog.cancel')}</button>
          </div>
        </form>
      )}
      {problem && (problem.errors.length > 0 ? <Lines errors={problem.errors} count={problem.error_count} /> : <Refused problem={problem} />)}
    </Dialog>
  );
}
