// SPDX-License-Identifier: Apache-2.0
// Outcomes for those who listen to the page instead of looking at it.
import { useEffect, useState } from 'preact/hooks';
import { on_outcome } from '../state/store.js';
import { spoken } from './words.js';

const at_once = 4;
const gather_ms = 400;

export function Announcer() {
  const [sentences, set_sentences] = useState([]);
  useEffect(() => {
    let gathered = [];
    let timer = 0;
    const say = () => {
      timer = 0;
      set_sentences(gathered.map(spoken));
      gathered = [];
    };
    const stop = on_outcome((status) => {
      gathered = [...gathered, status].slice(-at_once);
      timer ||= setTimeout(say, gather_ms);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, []);
  return (
    <div class="unseen" role="log" aria-live="polite">
      {sentences.map((s) => <p key={s}>{s}</p>)}
    </div>
  );
}
