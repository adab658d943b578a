// SPDX-License-Identifier: Apache-2.0
// The made-up station for check_mock.py: says where it is, its tokens and what its live feed said while boards came and
// went; ends with its standard input.
import { WebSocket } from 'ws';
import { Station } from './station.mjs';
import * as boards from './boards.mjs';

const station = new Station({ page: '.', slots: ['A1', 'A2', 'A3', 'A4'] });
station.tokens = Object.fromEntries(['operator', 'engineer', 'auditor'].map((role) => [`flt_${role}`, { role, name: role }]));
station.ledger.fill(300);
await station.start();

const live = [];
const feed = new WebSocket(`ws://127.0.0.1:${station.port}/api/v1/live`);
feed.on('message', (text) => live.push(JSON.parse(text)));
await new Promise((done) => feed.once('message', done));
const last = station.seq + 10;
const all = new Promise((done) => feed.on('message', (text) => JSON.parse(text).seq >= last && done()));
for (const slot of ['A1', 'A2', 'A3']) boards.plug(station, slot);
boards.at_step(station, 'A1', 'issue');
boards.pass(station, 'A1');
boards.mismatch(station, 'A2', 'SN1', 'SN2');
boards.wait_for_cloud(station, 'A3');
boards.wait_for_scan(station, 'A4');
await all;
feed.terminate();
console.log(JSON.stringify({ port: station.port, tokens: Object.keys(station.tokens), attempt: station.ledger.attempts[0].attempt_id, live }));
process.stdin.on('end', () => process.exit(0)).resume();
