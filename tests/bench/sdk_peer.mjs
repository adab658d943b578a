// SPDX-License-Identifier: Apache-2.0
// AWS IoT Device SDK v2 for JS, as its sample provisions a device, for scripts/bench cloud. Prints one JSON object.
//   node sdk_peer.mjs v1|v2 WAY CONNECTIONS < {"host","port","ca","claim","claim_key","template","boards"}
// v1: IotIdentityClient over MQTT 3.1.1; v2: IotIdentityClientv2 over MQTT 5. WAY: each (a connection of its own for each
// device) or shared (one connection, one device after the other). CONNECTIONS: how many devices at once.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(new URL('../sdk/package.json', import.meta.url));
const { iot, iotidentity, mqtt, mqtt5 } = require('aws-iot-device-sdk-v2');

const [api, way, at_once] = process.argv.slice(2);
const settings = JSON.parse(readFileSync(0, 'utf8'));
const once = (emitter, name) => new Promise((resolve) => emitter.once(name, resolve));

async function open_v1(id) {
  const config = iot.AwsIotMqttConnectionConfigBuilder.new_mtls_builder_from_path(settings.claim, settings.claim_key)
    .with_certificate_authority_from_path(undefined, settings.ca)
    .with_endpoint(settings.host)
    .with_port(settings.port)
    .with_client_id(id)
    .with_clean_session(true)
    .build();
  const connection = new mqtt.MqttClient().new_connection(config);
  await connection.connect();
  const identity = new iotidentity.IotIdentityClient(connection);
  const waiting = {};
  const settle = (call) => (error, answer) => (error ? waiting[call].reject(error) : waiting[call].resolve(answer));
  const refuse = (call) => (error, answer) => waiting[call].reject(error ?? new Error(JSON.stringify(answer)));
  const qos = mqtt.QoS.AtLeastOnce;
  const templateName = settings.template;
  await identity.subscribeToCreateCertificateFromCsrAccepted({}, qos, settle('create'));
  await identity.subscribeToCreateCertificateFromCsrRejected({}, qos, refuse('create'));
  await identity.subscribeToRegisterThingAccepted({ templateName }, qos, settle('register'));
  await identity.subscribeToRegisterThingRejected({ templateName }, qos, refuse('register'));
  const answer_of = (call, publish) => new Promise((resolve, reject) => {
    waiting[call] = { resolve, reject };
    publish().catch(reject);
  });
  return {
    create: (request) => answer_of('create', () => identity.publishCreateCertificateFromCsr(request, qos)),
    register: (request) => answer_of('register', () => identity.publishRegisterThing(request, qos)),
    close: () => connection.disconnect(),
  };
}

async function open_v2(id) {
  const config = iot.AwsIotMqtt5ClientConfigBuilder.newDirectMqttBuilderWithMtlsFromPath(settings.host, settings.claim, settings.claim_key)
    .withCertificateAuthorityFromPath(undefined, settings.ca)
    .withPort(settings.port)
    .withConnectProperties({ clientId: id, keepAliveIntervalSeconds: 60 })
    .build();
  const client = new mqtt5.Mqtt5Client(config);
  const connected = once(client, 'connectionSuccess');
  client.start();
  await connected;
  const identity = iotidentity.IotIdentityClientv2.newFromMqtt5(client, {
    maxRequestResponseSubscriptions: 4, maxStreamingSubscriptions: 2, operationTimeoutInSeconds: 60,
  });
  return {
    create: (request) => identity.createCertificateFromCsr(request),
    register: (request) => identity.registerThing(request),
    close: async () => {
      identity.close();
      const stopped = once(client, 'stopped');
      client.stop();
      await stopped;
      client.close();
    },
  };
}

const open = api === 'v1' ? open_v1 : open_v2;
const latencies = [];
let next = 0;

async function provision(session, board) {
  const made = await session.create({ certificateSigningRequest: board.csr });
  const registered = await session.register({
    templateName: settings.template,
    certificateOwnershipToken: made.certificateOwnershipToken,
    parameters: { SerialNumber: board.serial },
  });
  if (registered.thingName !== `fleetline-${board.serial}`) throw new Error(`${registered.thingName} for ${board.serial}`);
}

async function work(number, shared) {
  while (next < settings.boards.length) {
    const board = settings.boards[next++];
    const began = performance.now();
    const session = shared ?? (await open(`device-${number}-${board.serial}`));
    await provision(session, board);
    if (!shared) await session.close();
    latencies.push(performance.now() - began);
  }
}

const cpu = process.cpuUsage();
const began = performance.now();
const shared = way === 'shared' ? await open('shared') : null;
await Promise.all(Array.from({ length: Number(at_once) }, (_, number) => work(number, shared)));
if (shared) await shared.close();
const seconds = (performance.now() - began) / 1000;
const used = process.cpuUsage(cpu);
latencies.sort((a, b) => a - b);
const at = (share) => latencies[Math.round(share * (latencies.length - 1))];
console.log(JSON.stringify({
  boards: settings.boards.length, passed: latencies.length, seconds, median_ms: at(0.5), p95_ms: at(0.95),
  cpu_ms: (used.user + used.system) / 1000,
}));
process.exit(0);
