// SPDX-License-Identifier: Apache-2.0
// Calls to the station's API. A refusal comes back as a `Problem` that carries the failure code (RFC 9457).
import { signal } from '@preact/signals';

export const base = '/api/v1';

/** True when the station does not know who we are. Beyond loopback the browser has asked for a token by then. */
export const signed_out = signal(false);
/** Counts sign-ins: what was refused before is asked for again. */
export const sign_ins = signal(0);

const token_key = 'fleetline.token';
let token = read_token();

function read_token() {
  try {
    return sessionStorage.getItem(token_key) ?? '';
  } catch {
    return '';
  }
}

/** Kept until the tab is closed. */
export function sign_in(new_token) {
  token = new_token.trim();
  try {
    sessionStorage.setItem(token_key, token);
  } catch {
    // A browser without storage asks again after a reload.
  }
  signed_out.value = false;
  sign_ins.value = sign_ins.peek() + 1;
}

export const signed_in = () => token !== '';

/** Without a token one is an operator on the station itself, and nobody elsewhere. */
export const sign_out = () => signed_in() && sign_in('');

export class Problem extends Error {
  constructor(status, body) {
    super(body?.detail || body?.title || `HTTP ${status}`);
    this.status = status;
    this.code = body?.code ?? '';
    this.title = body?.title ?? '';
    this.next_action = body?.next_action ?? '';
    /** Of a list: the first wrong lines, { line, text }, and how many there are. */
    this.errors = body?.errors ?? [];
    this.error_count = body?.error_count ?? this.errors.length;
  }
}

async function problem_of(answer) {
  let body = null;
  try {
    body = await answer.json();
  } catch {
    // Not ours, or cut short: the status has to do.
  }
  return new Problem(answer.status, body);
}

/** Status 0: the station was not reached. */
export async function call(path, { method = 'GET', body, type = 'application/json', timeout_ms = 15000, signal: cancel } = {}) {
  const headers = {};
  if (token) headers.authorization = `Bearer ${token}`;
  if (body !== undefined) headers['content-type'] = type;
  const timer = AbortSignal.timeout(timeout_ms);
  let answer;
  try {
    answer = await fetch(base + path, {
      method,
      headers,
      body: body === undefined || body instanceof Blob ? body : JSON.stringify(body),
      signal: cancel ? either(cancel, timer) : timer,
      cache: 'no-store',
      // A token of ours stands alone: the browser is not to ask for another one.
      credentials: token ? 'omit' : 'same-origin',
    });
  } catch (trouble) {
    if (cancel?.aborted) throw trouble;
    throw new Problem(0, { title: String(trouble.message ?? trouble) });
  }
  if (answer.status === 401) signed_out.value = true;
  if (!answer.ok) throw await problem_of(answer);
  return answer;
}

/** AbortSignal.any is younger than the browsers we support. */
function either(a, b) {
  const both = new AbortController();
  for (const s of [a, b]) {
    if (s.aborted) both.abort(s.reason);
    else s.addEventListener('abort', () => both.abort(s.reason), { once: true });
  }
  return both.signal;
}

export const query = (values) => {
  const wanted = Object.entries(values).filter(([, v]) => v !== '' && v !== undefined && v !== null);
  return wanted.length ? `?${new URLSearchParams(wanted)}` : '';
};

export const get_json = async (path, options) => (await call(path, options)).json();
export const get_text = async (path, options) => (await call(path, options)).text();
/** A file goes as it is, with its own type. */
export const post = async (path, body = {}, options = {}) => {
  const answer = await call(path, { method: 'POST', body, ...options });
  const text = await answer.text();
  return text ? JSON.parse(text) : {};
};
