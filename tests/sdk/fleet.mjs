// SPDX-License-Identifier: Apache-2.0
// AWS's own client, as a device would use it: sessions with the cloud, and Fleet Provisioning over them.
import { iot, iotidentity, mqtt, mqtt5 } from 'aws-iot-device-sdk-v2';

// Where the cloud is and what the walkthrough made; written by tests/integration/walkthrough_test.py.
export const settings = JSON.parse(process.env.FLEETLINE_SDK_SETTINGS);

function once(emitter, name) {
    return new Promise(resolve => emitter.once(name, resolve));
}

// A session over MQTT 5. `seen` holds every message that reached it, `connected` turns false when it is cut.
export async function session(clientId, certificate, key) {
    const config = iot.AwsIotMqtt5ClientConfigBuilder
        .newDirectMqttBuilderWithMtlsFromMemory(settings.host, certificate, key)
        .withCertificateAuthorityFromPath(undefined, settings.ca)
        .withPort(settings.port)
        .withConnectProperties({ clientId, keepAliveIntervalSeconds: 60 })
        .withMinReconnectDelayMs(60_000)
        .withMaxReconnectDelayMs(60_000)
        .build();
    const client = new mqtt5.Mqtt5Client(config);
    const opened = { client, seen: [], connected: false };
    client.on('messageReceived', event => opened.seen.push(
        { topic: event.message.topicName, text: Buffer.from(event.message.payload ?? '').toString() }));
    const success = once(client, 'connectionSuccess').then(() => true);
    const failure = once(client, 'connectionFailure').then(event => { throw event.error; });
    opened.cut = once(client, 'disconnection').then(event => { opened.connected = false; return event; });
    client.start();
    try {
        opened.connected = await Promise.race([success, failure]);
    } catch (error) {
        await close(opened);
        throw error;
    }
    opened.identity = () => iotidentity.IotIdentityClientv2.newFromMqtt5(client, limits);
    return opened;
}

// The same over MQTT 3.1.1.
export async function old_session(clientId, certificate, key) {
    const config = iot.AwsIotMqttConnectionConfigBuilder.new_mtls_builder(certificate, key)
        .with_certificate_authority_from_path(undefined, settings.ca)
        .with_endpoint(settings.host)
        .with_port(settings.port)
        .with_client_id(clientId)
        .with_clean_session(true)
        .with_reconnect_min_sec(1)
        .with_reconnect_max_sec(1)
        .build();
    const connection = new mqtt.MqttClient().new_connection(config);
    const cut = once(connection, 'interrupt');
    await connection.connect();
    return { connection, cut, identity: () => iotidentity.IotIdentityClientv2.newFromMqtt311(connection, limits) };
}

const limits = { maxRequestResponseSubscriptions: 2, maxStreamingSubscriptions: 1, operationTimeoutInSeconds: 180 };

export async function close(opened) {
    if (opened.connection) {
        await opened.connection.disconnect().catch(() => {});
        return;
    }
    const stopped = once(opened.client, 'stopped');
    opened.client.stop();
    await stopped;
    opened.client.close();
}

// One device: a key and a certificate from the cloud, then its registration by the walkthrough's template.
export async function provision(opened, serial) {
    const identity = opened.identity();
    try {
        const made = await identity.createKeysAndCertificate({});
        const registered = await identity.registerThing({
            templateName: settings.template,
            certificateOwnershipToken: made.certificateOwnershipToken,
            parameters: { SerialNumber: serial },
        });
        return { ...made, ...registered };
    } finally {
        identity.close();
    }
}

// The cloud's books, by its control plane.
export async function books(path, method = 'GET', body = undefined) {
    const answer = await fetch(settings.http + path, { method, body: body && JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : {};
}
