// SPDX-License-Identifier: Apache-2.0
// A station without boards: speaks the API of schema/openapi.yaml from what a test tells it. It shares no code with
// lib/api. `kill()` and `start()` are the daemon's death and return, on the same port, with a new epoch.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';
import { randomUUID } from 'node:crypto';
import { WebSocketServer } from 'ws';
import { Ledger } from './ledger.mjs';

/** As lib/api sends it with the page's files. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
  "media-src 'self' data:; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };

const at_rest = (slot, product) => ({
  slot, product, port: `pci-0000:00:14.0-usb-0:1.${slot}`, plugged: false, state: 'empty', step: '', since: now(),
  attempt_id: '', serial: '', thing_name: '', certificate_id: '', failure_code: '', failure_text: '',
  failure_reason: '', next_action: '', label_serial: '', board_serial: '', duration_ms: null,
});

const everyone = ['operator', 'engineer', 'auditor'];
const acting = ['operator', 'engineer'];
const reading = ['engineer', 'auditor'];
/** Who may do what: `x-roles` of schema/openapi.yaml. What is not here is everybody's. */
const rights = [
  ['GET', /^\/attempts\/[^/]+\/transcript$/, reading], ['GET', /^\/report$/, reading],
  ['POST', /^\/(scan|operator)$/, acting], ['POST', /^\/slots\/[^/]+\/retry$/, acting],
  ['POST', /^\/(rework$|orders)/, ['engineer']],
];

export const now = () => new Date().toISOString();

export class Station {
  /** `slots`: names. `page`: the built page's directory. `role`: of whoever shows no token. */
  constructor({ page, slots = ['A1', 'A2', 'A3', 'A4'], product = 'sensor-7', name = 'station-1', engineer_token = '', role = 'operator' }) {
    this.page = page;
    this.product = product;
    this.role = role;
    this.tokens = engineer_token ? { [engineer_token]: { role: 'engineer', name: 'kim' } } : {};
    this.ledger = new Ledger();
    this.requests = [];
    this.answers = {};
    this.port = 0;
    this.listed = {};
    this.closed = [];
    this.status = {
      station: name, operator: '', operator_since: '', version: '0.1.0', started_at: now(), stopping: false,
      cloud: { connected: true, since: now(), trouble_code: '', trouble: '', in_flight: 0, queued: 0 },
      ledger_writable: true, ledger_trouble: '',
      orders: [{ order: 'WO-1001', product, quota: 500, passed: 412, first_serial: '', last_serial: '', next_serial: '' }],
      outcomes: {}, failure_codes: {},
      slots: slots.map((s) => at_rest(s, product)),
    };
  }

  get url() {
    return `http://127.0.0.1:${this.port}/`;
  }

  async start() {
    this.epoch = randomUUID();
    this.seq = 1;
    this.history = [];
    this.status.started_at = now();
    this.server = createServer((request, answer) => this.#serve(request, answer).catch((e) => answer.destroy(e)));
    this.sockets = new WebSocketServer({ noServer: true });
    this.connections = new Set();
    this.server.on('connection', (c) => {
      this.connections.add(c);
      c.on('close', () => this.connections.delete(c));
    });
    this.server.on('upgrade', (request, socket, head) =>
      this.sockets.handleUpgrade(request, socket, head, (page) => this.#greet(page, request)));
    await new Promise((done) => this.server.listen(this.port, '127.0.0.1', done));
    this.port = this.server.address().port;
    return this;
  }

  /** As kill -9 looks from outside: every connection breaks, nobody listens. */
  async kill() {
    const closed = new Promise((done) => this.server.close(done));
    for (const c of this.connections) c.destroy();
    await closed;
  }

  /** Every page's feed breaks off; the station goes on. */
  drop_pages() {
    for (const page of this.sockets.clients) page.terminate();
  }

  slot(name) {
    return this.status.slots.find((s) => s.slot === name);
  }

  /** Changes one slot; `since` moves with the state. */
  put(name, change) {
    const slot = this.slot(name);
    if (change.state && change.state !== slot.state && !change.since) slot.since = now();
    Object.assign(slot, change);
    this.#publish({ slots: [slot] });
  }

  put_many(changes) {
    const slots = changes.map(([name, change]) => Object.assign(this.slot(name), change));
    this.#publish({ slots });
  }

  put_station(change) {
    Object.assign(this.status, change);
    this.#publish_station();
  }

  #publish_station() {
    const { slots, ...station } = this.status;
    this.#publish({ station });
  }

  #publish(change) {
    this.seq += 1;
    const text = JSON.stringify({ type: 'change', seq: this.seq, ...change });
    this.history.push([this.seq, text]);
    if (this.history.length > 512) this.history.shift();
    for (const page of this.sockets.clients) page.send(text);
  }

  #greet(page, request) {
    const since = new URL(request.url, this.url).searchParams.get('since') ?? '';
    const seen = since.startsWith(`${this.epoch}-`) ? Number(since.slice(this.epoch.length + 1)) : -1;
    this.requests.push({ verb: 'LIVE', path: request.url, since });
    const head = { epoch: this.epoch, now: now() };
    if (seen >= 0 && seen <= this.seq && (this.history.length === 0 || this.history[0][0] <= seen + 1)) {
      page.send(JSON.stringify({ type: 'resumed', ...head, seq: seen }));
      for (const [seq, text] of this.history) if (seq > seen) page.send(text);
    } else {
      page.send(JSON.stringify({ type: 'snapshot', ...head, seq: this.seq, status: this.status }));
    }
  }

  async #serve(request, answer) {
    const url = new URL(request.url, this.url);
    let body = '';
    for await (const piece of request) body += piece;
    this.requests.push({ verb: request.method, path: url.pathname, query: Object.fromEntries(url.searchParams), body, type: request.headers['content-type'] });
    if (url.pathname.startsWith('/api/')) return this.#api(request, url, body, answer);
    return this.#file(url.pathname, answer);
  }

  async #file(path, answer) {
    const name = normalize(path === '/' ? '/index.html' : path);
    const content = await readFile(join(this.page, name)).catch(() => null);
    if (!content) return answer.writeHead(404).end();
    answer.writeHead(200, {
      'Content-Type': types[extname(name)] ?? 'application/octet-stream', 'Content-Security-Policy': policy,
      'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'no-referrer',
    });
    answer.end(content);
  }

  #json(answer, document, status = 200) {
    answer.writeHead(status, {
      'Content-Type': status < 400 ? 'application/json' : 'application/problem+json', 'Cache-Control': 'no-store',
      'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    });
    answer.end(JSON.stringify(document));
  }

  problem(status, code, title, next_action, detail = '') {
    return { status, document: { type: `urn:fleetline:failure:${code}`, title, status, detail, code, next_action, retry_can_help: false } };
  }

  /** A test answers for one path with `answers[path] = (body, query) => document | problem(...)`. */
  async #api(request, url, body, answer) {
    const path = url.pathname.slice('/api/v1'.length);
    const refuse = (status, ...words) => this.#json(answer, this.problem(status, ...words).document, status);
    const [scheme, token] = (request.headers.authorization ?? '').split(' ');
    const me = scheme ? this.tokens[token] : { role: this.role, name: 'loopback' };
    if (!me) return refuse(401, 'station-request-unauthenticated', 'The station does not know you.', 'Sign in with a token: an engineer makes one with \'fleetline token add\'.');
    const right = rights.find(([verb, pattern]) => verb === request.method && pattern.test(path))?.[2] ?? everyone;
    if (!right.includes(me.role)) return refuse(403, 'station-request-denied', 'You may not do that.', 'Ask an engineer.');
    const own = this.answers[`${request.method} ${path}`];
    if (own) {
      const is_json = request.headers['content-type']?.startsWith('application/json');
      const said = await own(body && is_json ? JSON.parse(body) : body || null, Object.fromEntries(url.searchParams));
      return said.document ? this.#json(answer, said.document, said.status) : this.#json(answer, said);
    }
    if (request.method === 'POST') {
      const [status, document] = this.#act(path, body, me);
      if (status < 400) return this.#json(answer, document, status);
      return refuse(status, ...document);
    }
    if (path === '/me') return this.#json(answer, me);
    if (path === '/status') return this.#json(answer, this.status);
    if (path === '/slots') return this.#json(answer, { slots: this.status.slots });
    if (path === '/orders') return this.#json(answer, { orders: this.orders() });
    const found = this.ledger.answer(path, Object.fromEntries(url.searchParams));
    if (found === null) return refuse(404, 'station-request-not-found', 'There is no such thing.', 'Check what was typed or scanned.');
    if (typeof found !== 'string') return this.#json(answer, found);
    answer.writeHead(200, { 'Content-Type': path === '/report' ? 'text/csv' : 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' });
    return answer.end(found);
  }

  /** → [status, document], or what to call the problem. */
  #act(path, body, me) {
    const [, order, what] = /^\/orders\/([^/]+)\/(close|serials)$/.exec(path)?.map(decodeURIComponent) ?? [];
    if (what === 'serials') return [200, { order, serials: body.trim().split('\n').length, lines: body.trim().split('\n').length, sha256: '0'.repeat(64) }];
    const asked = JSON.parse(body || '{}');
    const slot = /^\/slots\/([^/]+)\/retry$/.exec(path)?.[1];
    if (slot) return [200, { slot: decodeURIComponent(slot) }];
    if (path === '/scan') return [200, { slot: '' }];
    if (path === '/rework') return [200, { serial: asked.serial }];
    if (path === '/operator') {
      this.put_station({ operator: asked.name ?? '', operator_since: asked.name ? now() : '' });
      return [200, { operator: this.status.operator }];
    }
    if (path === '/orders') {
      this.status.orders.push({ order: asked.order, product: asked.product ?? this.product, quota: asked.quota ?? 0, passed: 0,
        first_serial: asked.first_serial ?? '', last_serial: asked.last_serial ?? '', next_serial: asked.first_serial ?? '' });
      this.listed[asked.order] = { allow_list: asked.allow_list === true, opened_by: me.name };
      this.#publish_station();
      return [201, { order: asked.order }];
    }
    if (what === 'close') {
      this.closed.unshift({ ...this.orders().find((o) => o.order === order), open: false, next_serial: '', closed_at: now(), closed_by: me.name });
      this.put_station({ orders: this.status.orders.filter((o) => o.order !== order) });
      return [200, { order }];
    }
    return [404, ['station-request-not-found', 'There is no such thing.', 'Check what was typed or scanned.']];
  }

  /** As the ledger knows them: newest first, the closed ones too. */
  orders() {
    const more = { allow_list: false, listed: 0, last_assigned: '', opened_at: this.status.started_at, opened_by: 'kim', closed_at: '', closed_by: '' };
    return [...this.status.orders.map((o) => ({ ...o, open: true, ...more, ...this.listed[o.order] })).reverse(), ...this.closed];
  }
}
