// SPDX-License-Identifier: Apache-2.0
// A question to the API whose answer a view shows: asked again when what it asks for changes, and after a sign-in.
import { useEffect, useState } from 'preact/hooks';
import { sign_ins } from './api.js';

/** `ask(signal)` → promise. Gives { answer, problem, busy }; an old answer stays while a new one is on its way. */
export function useQuestion(ask, key) {
  const [state, set_state] = useState({ answer: null, problem: null, busy: true });
  useEffect(() => {
    const cancel = new AbortController();
    set_state((old) => ({ ...old, busy: true }));
    ask(cancel.signal).then(
      (answer) => set_state({ answer, problem: null, busy: false }),
      (problem) => cancel.signal.aborted || set_state({ answer: null, problem, busy: false }),
    );
    return () => cancel.abort();
  }, [key, sign_ins.value]);
  return state;
}
