// SPDX-License-Identifier: Apache-2.0
// AWS's IoT Device SDK v2 against the cloud in which the walkthrough's commands were run (tests/integration/walkthrough_test.py).
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { after, test } from 'node:test';

import { mqtt, mqtt5 } from 'aws-iot-device-sdk-v2';

import { books, close, old_session, provision, session, settings } from './fleet.mjs';

const claim = id => session(id, settings.claim, settings.claim_key);
const principals_of = async thing => (await books(`/things/${thing}/principals`)).principals;
const arn_of = made => `${settings.arn}cert/${made.certificateId}`;

// Each with a session of its own, left when the work is done or has failed.
async function with_session(opening, work) {
    const opened = await opening;
    try {
        return await work(opened);
    } finally {
        await close(opened);
    }
}

let first;

// The SDK's native part keeps a finished process alive for a quarter of a minute.
after(() => setTimeout(() => process.exit(), 500));

test('a device gets its thing, and what the hook made, over MQTT 5', async () => {
    first = await with_session(claim('device-1'), opened => provision(opened, '123456'));
    assert.equal(first.thingName, 'FPTest_123456');
    assert.match(first.deviceConfiguration.DeviceCreateDate, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);
    const thing = await books('/things/FPTest_123456');
    assert.deepEqual(thing.attributes,
        { SerialNumber: '123456', CreateDateTime: first.deviceConfiguration.DeviceCreateDate });
    assert.deepEqual(await principals_of('FPTest_123456'), [arn_of(first)]);
    const { policies } = await books(`/attached-policies/${encodeURIComponent(arn_of(first))}`, 'POST');
    assert.equal(policies.length, 1);
});

test('a second serial number makes a second thing, over MQTT 3.1.1 too', async () => {
    const second = await with_session(old_session('device-2', settings.claim, settings.claim_key),
        opened => provision(opened, '654321'));
    assert.equal(second.thingName, 'FPTest_654321');
    assert.match(second.deviceConfiguration.DeviceCreateDate, /^\d{4}-/);
    assert.notEqual(second.certificateId, first.certificateId);
    assert.deepEqual(await principals_of('FPTest_654321'), [arn_of(second)]);
});

test('the same serial number again merges the attributes, as OverrideSettings says', async () => {
    const added = { attributePayload: { attributes: { Line: '7', CreateDateTime: 'before' }, merge: true } };
    await books('/things/FPTest_123456', 'PATCH', added);
    const again = await with_session(claim('device-1'), opened => provision(opened, '123456'));
    assert.equal(again.thingName, 'FPTest_123456');
    const thing = await books('/things/FPTest_123456');
    assert.deepEqual(thing.attributes,
        { SerialNumber: '123456', Line: '7', CreateDateTime: again.deviceConfiguration.DeviceCreateDate });
    assert.deepEqual((await principals_of('FPTest_123456')).sort(), [arn_of(first), arn_of(again)].sort());
});

test('the issued certificate connects and publishes', async () => {
    await with_session(session(first.thingName, first.certificatePem, first.privateKey), async opened => {
        const heard = new Promise(resolve => opened.client.once('messageReceived', event => resolve(event.message)));
        await opened.client.subscribe({ subscriptions: [{ topicFilter: 'line/hello', qos: mqtt5.QoS.AtLeastOnce }] });
        const sent = await opened.client.publish(
            { topicName: 'line/hello', qos: mqtt5.QoS.AtLeastOnce, payload: 'first words' });
        assert.ok(sent.reasonCode < 128, `PUBACK ${sent.reasonCode}`);
        assert.equal(Buffer.from((await heard).payload).toString(), 'first words');
    });
});

test('the claim that publishes anything else is disconnected for trying', async () => {
    await with_session(claim('thief'), async opened => {
        opened.client.publish({ topicName: 'line/hello', qos: mqtt5.QoS.AtLeastOnce, payload: 'x' }).catch(() => {});
        await opened.cut;
        assert.equal(opened.connected, false);
    });
    await with_session(old_session('thief', settings.claim, settings.claim_key), async opened => {
        opened.connection.publish('line/hello', 'x', mqtt.QoS.AtLeastOnce).catch(() => {});
        await opened.cut;
    });
});

test('a registration that the template cannot serve is refused in words', async () => {
    await with_session(claim('device-3'), async opened => {
        const identity = opened.identity();
        try {
            const lost = identity.registerThing({ templateName: settings.template, certificateOwnershipToken: '' });
            await assert.rejects(lost, error => {
                assert.equal(error.modeledError.errorCode, 'InvalidCertificateOwnershipToken');
                assert.equal(error.modeledError.statusCode, 400);
                return true;
            });
        } finally {
            identity.close();
        }
    });
});

test('fifty devices at once: each gets its own, and hears nothing of the others', async () => {
    const one_device = async number => {
        const serial = `5${String(number).padStart(4, '0')}`;
        return with_session(claim(`crowd-${number}`), async opened => {
            const made = await provision(opened, serial);
            // The SDK tells the one who asked before it tells the one who listens.
            for (const until = Date.now() + 10_000; opened.seen.length < 2 && Date.now() < until;)
                await new Promise(resolve => setTimeout(resolve, 10));
            return { serial, made, seen: opened.seen };
        });
    };
    const devices = await Promise.all(Array.from({ length: 50 }, (_, number) => one_device(number)));
    assert.equal(new Set(devices.map(one => one.made.certificateId)).size, 50);
    for (const { serial, made, seen } of devices) {
        assert.equal(made.thingName, `FPTest_${serial}`);
        const certificate = new crypto.X509Certificate(made.certificatePem);
        assert.ok(certificate.checkPrivateKey(crypto.createPrivateKey(made.privateKey)));
        assert.deepEqual(await principals_of(made.thingName), [arn_of(made)]);
        for (const { topic, text } of seen) {
            const answer = JSON.parse(text);
            const own = answer.certificateId === made.certificateId || answer.thingName === made.thingName;
            assert.ok(own, `${serial} heard ${topic}: ${text.slice(0, 200)}`);
        }
        assert.equal(seen.length, 2, `${serial} heard ${seen.map(one => one.topic)}`);
    }
});
