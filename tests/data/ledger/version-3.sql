-- A ledger as version 3 left it: that of version-2.sql, brought up to date.
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE station (
    number INTEGER PRIMARY KEY,
    name   TEXT NOT NULL UNIQUE CHECK (name <> '')
) STRICT;
INSERT INTO station VALUES(1,'line-1');
CREATE TABLE event (
    seq                INTEGER PRIMARY KEY,
    station            INTEGER NOT NULL REFERENCES station (number),
    recorded_at        TEXT    NOT NULL,
    clock_synchronised INTEGER NOT NULL CHECK (clock_synchronised IN (0, 1)),
    kind               TEXT    NOT NULL,
    attempt            INTEGER REFERENCES event (seq),
    payload            TEXT    NOT NULL,
    previous_hash      BLOB    NOT NULL CHECK (length(previous_hash) = 32),
    hash               BLOB    NOT NULL CHECK (length(hash) = 32)
) STRICT;
INSERT INTO event VALUES(1,1,'2026-11-24T08:00:00.007Z',1,'station-started',NULL,'{"configuration_sha256":"abc","version":"0.1.0"}',X'0000000000000000000000000000000000000000000000000000000000000000',X'ed7a5e7647b95ae1a40767f6badb31b95b1476249c888eaa32b17f44b1b44ddc');
INSERT INTO event VALUES(2,1,'2026-11-24T08:00:00.014Z',1,'attempt-started',2,'{"attempt_id":"attempt-1","port":"pci-0000:00:14.0-usb-0:1","product":"meter","slot":"A1"}',X'ed7a5e7647b95ae1a40767f6badb31b95b1476249c888eaa32b17f44b1b44ddc',X'74e7093e5d4a7e49e556f559f4374aa5cd0d9f52f252282feb9bd7fd2c48198b');
INSERT INTO event VALUES(3,1,'2026-11-24T08:00:00.021Z',1,'identified',2,'{"dialect":"freertos-cli","firmware_version":"1.4.2","serial":"SN0001","serial_source":"device"}',X'74e7093e5d4a7e49e556f559f4374aa5cd0d9f52f252282feb9bd7fd2c48198b',X'30f8400e6d1975baff7795677db0b92932dbab53598c5995e8cbe77aa5dd0c84');
INSERT INTO event VALUES(4,1,'2026-11-24T08:00:00.028Z',1,'admitted',2,'{"operator_name":"kim","order":"WO-1","serial":"SN0001","template_name":"line-template"}',X'30f8400e6d1975baff7795677db0b92932dbab53598c5995e8cbe77aa5dd0c84',X'14c3b6303e7d4eccbc035ec4adcb85c7852833c76ef893e6b88460b951288b7e');
INSERT INTO event VALUES(5,1,'2026-11-24T08:00:00.035Z',1,'csr-made',2,'{"csr_sha256":"137ff06a8864e683d6ca406bfb69dd513d6b3632b291832ddf12b5f67f22605f","key_origin":"device","public_key_sha256":"c21b13ac71c5c27778a1c4c320cde3002de458bfa6313a4c8801b6c4911f6697"}',X'14c3b6303e7d4eccbc035ec4adcb85c7852833c76ef893e6b88460b951288b7e',X'de0c1a937c3e72c252f79730da21c3e7fd71823044c1ca02bb33ee8c3a035e74');
INSERT INTO event VALUES(6,1,'2026-11-24T08:00:00.042Z',1,'issue-requested',2,'{"public_key_sha256":"c21b13ac71c5c27778a1c4c320cde3002de458bfa6313a4c8801b6c4911f6697"}',X'de0c1a937c3e72c252f79730da21c3e7fd71823044c1ca02bb33ee8c3a035e74',X'b64cbe7a4679ca62c2e62650711d2e5d82bfe9ab260f374265fdc2f0e580b626');
INSERT INTO event VALUES(7,1,'2026-11-24T08:00:00.049Z',1,'issued',2,'{"certificate":"3dafcfaa6218343276ff42263fe100bab5e2b0475a8d98b96abc88c57bfd9992","certificate_pem":"-----BEGIN CERTIFICATE-----\nattempt-1\n-----END CERTIFICATE-----\n","not_after":"2049-12-31T23:59:59.000Z","ownership_token_sha256":"c62b1e6ac6d28043d07485633a371ac6bb09e89d1ca35d4836a3bb46a73603c7","public_key_sha256":"c21b13ac71c5c27778a1c4c320cde3002de458bfa6313a4c8801b6c4911f6697","token_expires":"2026-11-24T09:00:00.042Z"}',X'b64cbe7a4679ca62c2e62650711d2e5d82bfe9ab260f374265fdc2f0e580b626',X'3ae09b75c7160d59b2f0ba5bedc926ce5be5dc9f7c4c9c2c7576133674b93ba2');
INSERT INTO event VALUES(8,1,'2026-11-24T08:00:00.056Z',1,'registration-requested',2,'{"certificate":"3dafcfaa6218343276ff42263fe100bab5e2b0475a8d98b96abc88c57bfd9992","parameters":{"SerialNumber":"SN0001"},"template_name":"line-template"}',X'3ae09b75c7160d59b2f0ba5bedc926ce5be5dc9f7c4c9c2c7576133674b93ba2',X'95c6b5f07e14c5e81247da496739c184fb3f531d2c203ae81db9dad8dfa336ea');
INSERT INTO event VALUES(9,1,'2026-11-24T08:00:00.063Z',1,'registered',2,'{"certificate":"3dafcfaa6218343276ff42263fe100bab5e2b0475a8d98b96abc88c57bfd9992","device_configuration":{"endpoint":"example.iot","note":"a \"quoted\"\nline"},"thing":"thing-SN0001"}',X'95c6b5f07e14c5e81247da496739c184fb3f531d2c203ae81db9dad8dfa336ea',X'ad98d556016af48f035059a65e9ce62710f3d66157b5ba455d67d5cfba8cb204');
INSERT INTO event VALUES(10,1,'2026-11-24T08:00:00.070Z',1,'delivery-started',2,'{"certificate":"3dafcfaa6218343276ff42263fe100bab5e2b0475a8d98b96abc88c57bfd9992"}',X'ad98d556016af48f035059a65e9ce62710f3d66157b5ba455d67d5cfba8cb204',X'baa6e877b6d9629dc2c0ce0eca235865bc647870796e676abd7c4816afab91df');
INSERT INTO event VALUES(11,1,'2026-11-24T08:00:00.077Z',1,'delivered',2,'{"certificate":"3dafcfaa6218343276ff42263fe100bab5e2b0475a8d98b96abc88c57bfd9992"}',X'baa6e877b6d9629dc2c0ce0eca235865bc647870796e676abd7c4816afab91df',X'19fe1b09da760a8edf97e15908616ae8d6caadcae4d15a50355f9fbab5ca3f5d');
INSERT INTO event VALUES(12,1,'2026-11-24T08:00:00.084Z',1,'proved',2,'{"certificate":"3dafcfaa6218343276ff42263fe100bab5e2b0475a8d98b96abc88c57bfd9992","proof":"readback"}',X'19fe1b09da760a8edf97e15908616ae8d6caadcae4d15a50355f9fbab5ca3f5d',X'cf151d917452562d7937a8131a53177c47ae4e9d4b5d5e60109a5ade601d56ef');
INSERT INTO event VALUES(13,1,'2026-11-24T08:00:00.091Z',1,'attempt-finished',2,'{"duration_ms":1234,"outcome":"passed","step_ms":{"identify":100,"issue":40}}',X'cf151d917452562d7937a8131a53177c47ae4e9d4b5d5e60109a5ade601d56ef',X'a2b76c6f2389171d8cdfd4d71208830f8088e7b6f951ae12582cdca5208c23a6');
INSERT INTO event VALUES(14,1,'2026-11-24T08:00:00.098Z',1,'attempt-started',14,'{"attempt_id":"attempt-2","port":"pci-0000:00:14.0-usb-0:1","product":"meter","slot":"A1"}',X'a2b76c6f2389171d8cdfd4d71208830f8088e7b6f951ae12582cdca5208c23a6',X'102fb291e38199a25a18ac5b6f8f1e822e2dc529891382ffc0e5c45153fe229b');
INSERT INTO event VALUES(15,1,'2026-11-24T08:00:00.105Z',1,'identified',14,'{"dialect":"freertos-cli","firmware_version":"1.4.2","serial":"SN0002","serial_source":"device"}',X'102fb291e38199a25a18ac5b6f8f1e822e2dc529891382ffc0e5c45153fe229b',X'54738565e7fe91a12675b4f5746690e9773237f1ca4c311181dfbaae4ea94c44');
INSERT INTO event VALUES(16,1,'2026-11-24T08:00:00.112Z',1,'admitted',14,'{"operator_name":"kim","order":"WO-1","serial":"SN0002","template_name":"line-template"}',X'54738565e7fe91a12675b4f5746690e9773237f1ca4c311181dfbaae4ea94c44',X'af35e4846fd8532f512d729246626ded006a26c3799532b15335366e56b41d5e');
INSERT INTO event VALUES(17,1,'2026-11-24T08:00:00.119Z',1,'csr-made',14,'{"csr_sha256":"29bff0046ecaa17655ea74698c44100a919e7796244866487b6c4ad23bb33aa3","key_origin":"device","public_key_sha256":"0905b75274b370c1251c66acc69be3f6b658f9ead79e9b6633c99864c7044726"}',X'af35e4846fd8532f512d729246626ded006a26c3799532b15335366e56b41d5e',X'4c2c230c69f80be7430c1694325f7b7393571eb59bfe9a644c3b459efe85056c');
INSERT INTO event VALUES(18,1,'2026-11-24T08:00:00.126Z',1,'issue-requested',14,'{"public_key_sha256":"0905b75274b370c1251c66acc69be3f6b658f9ead79e9b6633c99864c7044726"}',X'4c2c230c69f80be7430c1694325f7b7393571eb59bfe9a644c3b459efe85056c',X'dc66edef240e2e7b1a0adc94bf5d25aaabe1350f8633be677ddb30d5265b10c9');
INSERT INTO event VALUES(19,1,'2026-11-24T08:00:00.133Z',1,'issued',14,'{"certificate":"66708974e5efa736dfb98996c3e198c012e29dc210e1b4f47cd5d093bdd7561d","certificate_pem":"-----BEGIN CERTIFICATE-----\nattempt-2\n-----END CERTIFICATE-----\n","not_after":"2049-12-31T23:59:59.000Z","ownership_token_sha256":"e5049c117a0fc4e19c95e16d5d0aaf9390c872714ba4a5dbf4bf83d367dc8527","public_key_sha256":"0905b75274b370c1251c66acc69be3f6b658f9ead79e9b6633c99864c7044726","token_expires":"2026-11-24T09:00:00.126Z"}',X'dc66edef240e2e7b1a0adc94bf5d25aaabe1350f8633be677ddb30d5265b10c9',X'114d5be8b06338af2b60466dd89015828b80b12e7533b5922d2b8e6ffdf8bae3');
INSERT INTO event VALUES(20,1,'2026-11-24T08:00:00.140Z',1,'registration-requested',14,'{"certificate":"66708974e5efa736dfb98996c3e198c012e29dc210e1b4f47cd5d093bdd7561d","parameters":{"SerialNumber":"SN0002"},"template_name":"line-template"}',X'114d5be8b06338af2b60466dd89015828b80b12e7533b5922d2b8e6ffdf8bae3',X'c9ad32ccb2c6fe2f52324c6a074966151fc855ec997bd0804d09e56961de0e89');
INSERT INTO event VALUES(21,1,'2026-11-24T08:00:00.147Z',1,'registered',14,'{"certificate":"66708974e5efa736dfb98996c3e198c012e29dc210e1b4f47cd5d093bdd7561d","device_configuration":{"endpoint":"example.iot","note":"a \"quoted\"\nline"},"thing":"thing-SN0002"}',X'c9ad32ccb2c6fe2f52324c6a074966151fc855ec997bd0804d09e56961de0e89',X'd729854d1dd80bf4ac0c2ad310a127dc4918c6d2bc5abd18a46f39eaa671dd4e');
INSERT INTO event VALUES(22,1,'2026-11-24T08:00:00.154Z',1,'attempt-finished',14,'{"duration_ms":1234,"failure_code":"port-gone","outcome":"failed","step_ms":{"identify":100,"issue":40}}',X'd729854d1dd80bf4ac0c2ad310a127dc4918c6d2bc5abd18a46f39eaa671dd4e',X'46c711076c111997ecb03b7f43db11721f9cc2a3506f2c0250095298b4ee5aec');
CREATE TABLE head (
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    seq  INTEGER NOT NULL,
    hash BLOB    NOT NULL CHECK (length(hash) = 32)
) STRICT;
INSERT INTO head VALUES(1,22,X'46c711076c111997ecb03b7f43db11721f9cc2a3506f2c0250095298b4ee5aec');
CREATE TABLE attempt (
    number             INTEGER PRIMARY KEY REFERENCES event (seq),
    attempt_id         TEXT    NOT NULL UNIQUE,
    station            INTEGER NOT NULL REFERENCES station (number),
    slot               TEXT,
    port               TEXT,
    product            TEXT,
    started_at         TEXT    NOT NULL,
    clock_synchronised INTEGER NOT NULL,
    serial             TEXT,
    serial_source      TEXT,
    dialect            TEXT,
    firmware_version   TEXT,
    work_order         TEXT,
    operator_name      TEXT,
    template_name      TEXT,
    rework             INTEGER NOT NULL CHECK (rework IN (0, 1)),
    stage              TEXT    NOT NULL,
    key_origin         TEXT,
    public_key_sha256  TEXT,
    certificate        INTEGER REFERENCES certificate (number) DEFERRABLE INITIALLY DEFERRED,
    thing_name         TEXT,
    proof              TEXT,
    replaces           TEXT,
    outcome            TEXT CHECK (outcome IN ('passed', 'failed', 'refused', 'abandoned')),
    failure_code       TEXT,
    failure_step       TEXT,
    failure_text       TEXT,
    finished_at        TEXT,
    duration_ms        INTEGER,
    step_ms            TEXT,
    last_event         INTEGER NOT NULL REFERENCES event (seq)
) STRICT;
INSERT INTO attempt VALUES(2,'attempt-1',1,'A1','pci-0000:00:14.0-usb-0:1','meter','2026-11-24T08:00:00.014Z',1,'SN0001','device','freertos-cli','1.4.2','WO-1','kim','line-template',0,'passed','device','c21b13ac71c5c27778a1c4c320cde3002de458bfa6313a4c8801b6c4911f6697',7,'thing-SN0001','readback',NULL,'passed',NULL,NULL,NULL,'2026-11-24T08:00:00.091Z',1234,'{"identify":100,"issue":40}',13);
INSERT INTO attempt VALUES(14,'attempt-2',1,'A1','pci-0000:00:14.0-usb-0:1','meter','2026-11-24T08:00:00.098Z',1,'SN0002','device','freertos-cli','1.4.2','WO-1','kim','line-template',0,'registered','device','0905b75274b370c1251c66acc69be3f6b658f9ead79e9b6633c99864c7044726',19,'thing-SN0002',NULL,NULL,'failed','port-gone',NULL,NULL,'2026-11-24T08:00:00.154Z',1234,'{"identify":100,"issue":40}',22);
CREATE TABLE certificate (
    number            INTEGER PRIMARY KEY REFERENCES event (seq),
    certificate_id    TEXT UNIQUE,
    attempt           INTEGER REFERENCES attempt (number) DEFERRABLE INITIALLY DEFERRED,
    serial            TEXT,
    public_key_sha256 TEXT,
    issued_at         TEXT    NOT NULL,
    not_after         TEXT,
    thing_name        TEXT,
    registration      INTEGER REFERENCES event (seq),
    state             TEXT    NOT NULL CHECK (state IN ('issued', 'requested', 'registered', 'delivered', 'proved',
                                                        'current', 'unaccounted', 'orphaned', 'superseded',
                                                        'revoked')),
    state_event       INTEGER NOT NULL REFERENCES event (seq),
    why               TEXT,
    replaced_by       TEXT,
    revoked_at        TEXT,
    revoked_by        TEXT,
    revoked_note      TEXT
) STRICT;
INSERT INTO certificate VALUES(7,'3dafcfaa6218343276ff42263fe100bab5e2b0475a8d98b96abc88c57bfd9992',2,'SN0001','c21b13ac71c5c27778a1c4c320cde3002de458bfa6313a4c8801b6c4911f6697','2026-11-24T08:00:00.049Z','2049-12-31T23:59:59.000Z','thing-SN0001',9,'current',13,NULL,NULL,NULL,NULL,NULL);
INSERT INTO certificate VALUES(19,'66708974e5efa736dfb98996c3e198c012e29dc210e1b4f47cd5d093bdd7561d',14,'SN0002','0905b75274b370c1251c66acc69be3f6b658f9ead79e9b6633c99864c7044726','2026-11-24T08:00:00.133Z','2049-12-31T23:59:59.000Z','thing-SN0002',21,'registered',21,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE ownership_token (
    certificate INTEGER PRIMARY KEY REFERENCES certificate (number) DEFERRABLE INITIALLY DEFERRED,
    token       BLOB NOT NULL,
    expires_at  TEXT NOT NULL
) STRICT;
CREATE TABLE rework (
    number        INTEGER PRIMARY KEY REFERENCES event (seq),
    serial        TEXT NOT NULL,
    reason        TEXT,
    authorised_by TEXT,
    authorised_at TEXT NOT NULL
) STRICT;
CREATE TABLE work_order (
    name       TEXT PRIMARY KEY,
    product    TEXT,
    quota      INTEGER NOT NULL,
    allow_list INTEGER NOT NULL CHECK (allow_list IN (0, 1)),
    opened_at  TEXT    NOT NULL,
    opened_by  TEXT,
    closed_at  TEXT,
    closed_by  TEXT,
    passed     INTEGER NOT NULL,
    last_event INTEGER NOT NULL REFERENCES event (seq)
, first_serial TEXT, last_serial TEXT, last_assigned TEXT) STRICT;
CREATE TABLE order_serial (
    work_order TEXT    NOT NULL REFERENCES work_order (name) DEFERRABLE INITIALLY DEFERRED,
    serial     TEXT    NOT NULL,
    import     INTEGER NOT NULL REFERENCES event (seq),
    PRIMARY KEY (work_order, serial)
) STRICT, WITHOUT ROWID;
CREATE TABLE transcript (
    attempt   INTEGER PRIMARY KEY REFERENCES attempt (number),
    stored_at TEXT NOT NULL,
    text      TEXT NOT NULL
) STRICT;
INSERT INTO transcript VALUES(2,'2026-11-24T08:00:00.091Z',replace('< > \n> conf get thing_name\n','\n',char(10)));
INSERT INTO transcript VALUES(14,'2026-11-24T08:00:00.154Z',replace('< > \n> conf get thing_name\n','\n',char(10)));
CREATE TABLE signer (
    certificate_sha256 TEXT PRIMARY KEY,
    certificate_pem    TEXT NOT NULL
) STRICT;
INSERT INTO signer VALUES('639bbb70e0647c01ef9bcd7eda02516507281bb45ad00c8fac8396656b37754d',replace('-----BEGIN CERTIFICATE-----\nMIIEBTCCAm2gAwIBAgIUVzno3I+NkiVeVUBg+ucPafPOQlQwDQYJKoZIhvcNAQEL\nBQAwETEPMA0GA1UEAwwGbGluZS0xMCAXDTI2MTEyOTAxMTgwMloYDzIwNTEwNzIx\nMDExODAyWjARMQ8wDQYDVQQDDAZsaW5lLTEwggGiMA0GCSqGSIb3DQEBAQUAA4IB\njwAwggGKAoIBgQDKteOOuD8rP5mX81b6xr+/eED09FVHNfGQO7iGfIyyraXCzdH+\ndb8vD5Rgcu4W3Hw0+lcuOMoVPsH/ZM2J+DE/2c5YrB7U0GdB/WPFFvWGWtjsIxZp\n2/5JqPsE71/hzo67HdHevuxn1J/i5kXJ+rc498h8KZpgW5FKY7yVTB2u1bf9ct+M\nEVGpHoBr0B3hWoQ2G9U2ZXX+eTruL288p1tbWk5oyJiFkx6YkQ0AG+EHoLmgzDP6\nzjIf4PDYnxFyW8RDDRknjW+raQpa2joxMLoOF0uAOo/1XIVPpNko+6m0WrFEVbxH\ncDi7WiX1EWt9TSFw6abrLtYo8LckjHqPwaWOZooyWEwoZ8yuwSZVLxFp+sQG/0XE\nzOyxxbkb3OQcO4ctZ/sdSe2Rb3iue45drjWju2YjmZet7FnQ4zpgguM6lI/n1rPe\n2B3mx2upgrloDvDF9YvS/ATKyOib/E/IKs8ia1hnn3auO5pwj+m8CWo6gADH2O7d\nljDGwVlQz5EOMfcCAwEAAaNTMFEwHQYDVR0OBBYEFG3QdEPz/JW4EmvZHeXLSugW\n1UYhMB8GA1UdIwQYMBaAFG3QdEPz/JW4EmvZHeXLSugW1UYhMA8GA1UdEwEB/wQF\nMAMBAf8wDQYJKoZIhvcNAQELBQADggGBAMaH/iwAqjFaxoEnJ4W+7fo0kFoeVaaT\nl290liL7xeiiq6KZOCQF8SaTsSngESX7wpwuczfptuCAE9z8jtSHmTzdAn+oC0kC\nD+b0nt4MNLhcBexGiFhj4/q6gYO/oygL4HtruD91wNUEFHXAPEyFveFdBx28d+RH\n+9bw47zzrGyW9+BUtiT7cXHhZojzx088wdF+l3tZ8J0dqpm9ff8uapwkMNkFDr3I\nBrLSOH+HrSbUFqlmYUeGxwwZcxwPnm+ztzcNAESxyKUwrUyob5FMR5q7zAs7RXHT\n02PNcl0vUxNwsFZr3OXbV75H3BjtANykH/Ocy03R4lG35TzAkxrbG4Fm8aX+Hzms\nduASdh1o4XIQ3OntxUXYVaMmqETNXvXbQAfunmvvBI7HlnlO9eFeNVh8y4zhbyBw\nLLzoLQn32PRVQw6OSqSWwg2Cyjp0dGuF/F8gslWzhmQkIat3nZW0RGyC50/5wUys\nYdHQ/dSHKkemHh1wVBe0BUhjTVhIczbRxQ==\n-----END CERTIFICATE-----\n','\n',char(10)));
CREATE TABLE checkpoint (
    seq       INTEGER PRIMARY KEY REFERENCES event (seq),
    station   INTEGER NOT NULL REFERENCES station (number),
    hash      BLOB NOT NULL CHECK (length(hash) = 32),
    made_at   TEXT NOT NULL,
    signer    TEXT NOT NULL REFERENCES signer (certificate_sha256),
    signature TEXT NOT NULL
) STRICT;
INSERT INTO checkpoint VALUES(12,1,X'cf151d917452562d7937a8131a53177c47ae4e9d4b5d5e60109a5ade601d56ef','2026-11-24T08:00:00.084Z','639bbb70e0647c01ef9bcd7eda02516507281bb45ad00c8fac8396656b37754d','WGHSW4v8PSko/uHP/SIgjRgzw1+jybGOJuIDDuzBRjIZMsOFMQaR5/ITjMUutzn6huNHjPh+SJhUqX2V0eQqy0TGzjsPjICl3D9JdvJfwIpkhLjfAxKJkoFOfJX5FMfR7mg14KpQgl8pgJ1uyLTMLTFfeW3yB8KNxI1dRLtyAFduGkD9CbSccFa78DPe9sTBb8Bdqsysb9Z4DDpMAngvznm8CVKv/ot5mqZ7RQN6i+PwohKtaBPDeiGnswlKYt3bGg3xFMALEqiQL3WVJPD0ZnIgUAqoCRivRhSNUZn5TQ0zbLmGm44zmVhVlNuUo0c7XS/V9wtx3y7uhk7wFZyj6twFi/+8EOBRtpBtFdrWRFzXW3AzH/UFatnUqnkc/3V1gJ+iXzOjQgFAFFIHRFaX2DPTCUCOHQM/geZmDbxZXF8+pWbxUxMzYI81ejJc/JNzu5+OaW6eMbRyn8+yOVfr4NylrmlHZuohp37j8v1B+1BnQugQWBbXxO5mAhQfnYjJ');
INSERT INTO checkpoint VALUES(22,1,X'46c711076c111997ecb03b7f43db11721f9cc2a3506f2c0250095298b4ee5aec','2026-11-24T08:00:00.154Z','639bbb70e0647c01ef9bcd7eda02516507281bb45ad00c8fac8396656b37754d','qD8/JxwnO999D6hSt8d/cGPIMuJF1oiGNk4L6VBU2jdZ7ZGVkyLwisTIGmwHBE5jgeFxkzDzgYiHNoFvxxn/U3H7YdgbJpRqTLlVG7D0KrwKxDLXgO2Cgmc4HsZhBGZcQ1fchJrZrDC5pZWX4uNG058E2N+7Mnkd0MPfxQeOI6PuWDshJH8vCYnSKKpfqBuJ6QvG4bBYZ1ULgwL1EjVkOu80bn5+DoB9f0IzvGTlUrCKRDK9anrMZEIGuokmGImvIN6ETwosq5m/1iW83vAgPxuSyxQRUPKSjHA3gs3Y6aP9g+0luJ9VWS2ijlPdUCqQpKR6gaq1/efuNx2cbhNtUS04o+ZP1+HaQ2+zKOdt/sOweR3BomQ1fYcch8xd+k3rtzg/ctzZ0rJpYLf6w2RdNQjgm6GhVFEXmfD1H0Ejt2hrO5y5OHnOjavvXSarpCyIGpXou1WYxPZFfDEZX0iQDh1ZuNLNeGhMedwRsfbJYWYLzCDox7jJavn5ci8Siz7f');
CREATE INDEX event_of_attempt ON event (attempt) WHERE attempt IS NOT NULL;
CREATE TRIGGER event_is_appended BEFORE INSERT ON event
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM event)
BEGIN SELECT raise(ABORT, 'events are only appended, in order'); END;
CREATE TRIGGER event_is_not_changed BEFORE UPDATE ON event
BEGIN SELECT raise(ABORT, 'events are never changed'); END;
CREATE TRIGGER event_is_not_deleted BEFORE DELETE ON event
BEGIN SELECT raise(ABORT, 'events are never deleted'); END;
CREATE INDEX attempt_by_serial ON attempt (serial) WHERE serial IS NOT NULL;
CREATE INDEX attempt_by_thing ON attempt (thing_name) WHERE thing_name IS NOT NULL;
CREATE INDEX attempt_by_order ON attempt (work_order) WHERE work_order IS NOT NULL;
CREATE INDEX attempt_by_start ON attempt (started_at);
CREATE INDEX attempt_open ON attempt (number) WHERE outcome IS NULL;
CREATE UNIQUE INDEX certificate_current ON certificate (serial) WHERE state = 'current';
CREATE INDEX certificate_by_serial ON certificate (serial) WHERE serial IS NOT NULL;
CREATE INDEX certificate_to_revoke ON certificate (state) WHERE state IN ('orphaned', 'superseded');
CREATE INDEX rework_by_serial ON rework (serial);
CREATE VIEW device AS
SELECT a.serial,
       (SELECT count(*) FROM attempt AS other WHERE other.serial = a.serial) AS attempts,
       a.attempt_id, a.slot, a.product, a.work_order, a.outcome, a.finished_at,
       (SELECT c.certificate_id FROM certificate AS c WHERE c.serial = a.serial AND c.state = 'current')
           AS certificate_id,
       (SELECT c.thing_name FROM certificate AS c WHERE c.serial = a.serial AND c.state = 'current') AS thing_name
FROM attempt AS a
WHERE a.serial IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM attempt AS later WHERE later.serial = a.serial AND later.number > a.number);
CREATE INDEX transcript_by_age ON transcript (stored_at);
CREATE INDEX attempt_by_key ON attempt (public_key_sha256) WHERE serial_source = 'range';
COMMIT;
PRAGMA application_id = 1179403588;
PRAGMA user_version = 3;
