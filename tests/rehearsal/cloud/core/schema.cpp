// SPDX-License-Identifier: Apache-2.0
#include "core/schema.hpp"

namespace fleetline::rehearsal {

// Times are milliseconds since 1970 (UTC). Documents (policies, template bodies, attributes) are kept as the
// text that came in, because AWS gives them back unchanged. `epoch` counts every change that can alter what a
// policy decides or who may connect: the broker looks at it to know when its cached view is stale. What is
// done to a certificate while it is PENDING_ACTIVATION does not count, because nobody is connected with it;
// so a registration, of which there are hundreds a second, leaves the broker's view as it is.
const char* const schema_sql = R"sql(
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES('epoch', '0');

CREATE TABLE certificates(
    id TEXT PRIMARY KEY,                -- lower-case hex SHA-256 of the DER
    pem TEXT NOT NULL,
    status TEXT NOT NULL CHECK(status IN ('ACTIVE','INACTIVE','REVOKED','PENDING_ACTIVATION','PENDING_TRANSFER')),
    origin TEXT NOT NULL,               -- csr, keys: over MQTT; rest-csr, rest-keys; claim: of the first start; provisioning-claim
    claim_template TEXT NOT NULL DEFAULT '',     -- the template a claim is for
    owner_client TEXT NOT NULL DEFAULT '',       -- MQTT client id that asked for it
    owner_certificate TEXT NOT NULL DEFAULT '',  -- certificate (claim) of that session
    created_ms INTEGER NOT NULL,
    modified_ms INTEGER NOT NULL,
    expires_ms INTEGER                  -- deleted then, while still unregistered or a provisioning claim; NULL: stays
) WITHOUT ROWID;
CREATE INDEX certificates_expiring ON certificates(expires_ms) WHERE expires_ms IS NOT NULL;

CREATE TABLE ownership_tokens(
    token_sha256 TEXT PRIMARY KEY,      -- the token itself is never stored
    certificate_id TEXT NOT NULL REFERENCES certificates(id) ON DELETE CASCADE,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE thing_types(
    name TEXT PRIMARY KEY, id TEXT NOT NULL, description TEXT NOT NULL DEFAULT '',
    searchable_attributes TEXT NOT NULL DEFAULT '[]', deprecated INTEGER NOT NULL DEFAULT 0, created_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE billing_groups(
    name TEXT PRIMARY KEY, id TEXT NOT NULL, description TEXT NOT NULL DEFAULT '',
    version INTEGER NOT NULL DEFAULT 1, created_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE things(
    name TEXT PRIMARY KEY, id TEXT NOT NULL,
    type TEXT REFERENCES thing_types(name), billing_group TEXT REFERENCES billing_groups(name),
    attributes TEXT NOT NULL DEFAULT '{}', version INTEGER NOT NULL DEFAULT 1, created_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE thing_groups(
    name TEXT PRIMARY KEY, id TEXT NOT NULL, parent TEXT REFERENCES thing_groups(name),
    description TEXT NOT NULL DEFAULT '', attributes TEXT NOT NULL DEFAULT '{}',
    version INTEGER NOT NULL DEFAULT 1, created_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE thing_group_members(
    group_name TEXT NOT NULL REFERENCES thing_groups(name) ON DELETE CASCADE,
    thing TEXT NOT NULL REFERENCES things(name) ON DELETE CASCADE,
    PRIMARY KEY(group_name, thing)
) WITHOUT ROWID;
CREATE INDEX thing_group_members_thing ON thing_group_members(thing);
CREATE TABLE thing_principals(
    thing TEXT NOT NULL REFERENCES things(name),
    certificate_id TEXT NOT NULL REFERENCES certificates(id),
    attached_ms INTEGER NOT NULL,
    PRIMARY KEY(thing, certificate_id)
) WITHOUT ROWID;
CREATE INDEX thing_principals_certificate ON thing_principals(certificate_id);

CREATE TABLE policies(
    name TEXT PRIMARY KEY, default_version INTEGER NOT NULL DEFAULT 1,
    created_ms INTEGER NOT NULL, modified_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE policy_versions(
    policy TEXT NOT NULL REFERENCES policies(name) ON DELETE CASCADE, version INTEGER NOT NULL,
    document TEXT NOT NULL, created_ms INTEGER NOT NULL, PRIMARY KEY(policy, version)
) WITHOUT ROWID;
CREATE TABLE policy_attachments(
    policy TEXT NOT NULL REFERENCES policies(name),
    target TEXT NOT NULL,               -- cert/ID or thinggroup/NAME: the end of the ARN
    PRIMARY KEY(policy, target)
) WITHOUT ROWID;
CREATE INDEX policy_attachments_target ON policy_attachments(target);

CREATE TABLE templates(
    name TEXT PRIMARY KEY, type TEXT NOT NULL DEFAULT 'FLEET_PROVISIONING', description TEXT NOT NULL DEFAULT '',
    enabled INTEGER NOT NULL DEFAULT 0, role_arn TEXT NOT NULL DEFAULT '',
    hook_arn TEXT NOT NULL DEFAULT '', hook_payload_version TEXT NOT NULL DEFAULT '',
    default_version INTEGER NOT NULL DEFAULT 1, created_ms INTEGER NOT NULL, modified_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE template_versions(
    template TEXT NOT NULL REFERENCES templates(name) ON DELETE CASCADE, version INTEGER NOT NULL,
    body TEXT NOT NULL, created_ms INTEGER NOT NULL, PRIMARY KEY(template, version)
) WITHOUT ROWID;

CREATE TABLE functions(
    name TEXT PRIMARY KEY, runtime TEXT NOT NULL, handler TEXT NOT NULL, role_arn TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '', timeout_s INTEGER NOT NULL DEFAULT 3, memory_mib INTEGER NOT NULL DEFAULT 128,
    environment TEXT NOT NULL DEFAULT '{}', zip BLOB NOT NULL, code_sha256 TEXT NOT NULL,  -- base64, as Lambda gives it
    revision TEXT NOT NULL, created_ms INTEGER NOT NULL, modified_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE function_permissions(
    function TEXT NOT NULL REFERENCES functions(name) ON DELETE CASCADE, statement_id TEXT NOT NULL,
    action TEXT NOT NULL, principal TEXT NOT NULL, source_arn TEXT NOT NULL DEFAULT '',
    source_account TEXT NOT NULL DEFAULT '', PRIMARY KEY(function, statement_id)
) WITHOUT ROWID;
CREATE TABLE roles(
    name TEXT PRIMARY KEY, id TEXT NOT NULL, path TEXT NOT NULL DEFAULT '/', trust TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '', created_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE role_policies(
    role TEXT NOT NULL REFERENCES roles(name) ON DELETE CASCADE, policy_arn TEXT NOT NULL,
    inline_document TEXT NOT NULL DEFAULT '',    -- for PutRolePolicy, where policy_arn is just its name
    PRIMARY KEY(role, policy_arn)
) WITHOUT ROWID;
CREATE TABLE tags(arn TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY(arn, key)) WITHOUT ROWID;

CREATE TABLE faults(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    spec TEXT NOT NULL,                 -- JSON, see README.md
    skip INTEGER NOT NULL DEFAULT 0,    -- matching requests still to be let through
    remaining INTEGER,                  -- requests still to be hit; NULL: all
    hits INTEGER NOT NULL DEFAULT 0,
    created_ms INTEGER NOT NULL
);
CREATE TABLE limits(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;

CREATE VIEW thing AS
    SELECT name, strftime('%Y-%m-%dT%H:%M:%fZ', created_ms / 1000.0, 'unixepoch') AS created_at FROM things;
CREATE VIEW certificate AS SELECT id, pem, status FROM certificates;
CREATE VIEW attachment AS SELECT thing, certificate_id FROM thing_principals;

CREATE TRIGGER epoch_status AFTER UPDATE OF status ON certificates
    WHEN OLD.status <> 'PENDING_ACTIVATION' BEGIN
    UPDATE meta SET value = value + 1 WHERE key = 'epoch'; END;
CREATE TRIGGER epoch_certificate_gone AFTER DELETE ON certificates
    WHEN OLD.status <> 'PENDING_ACTIVATION' BEGIN
    UPDATE meta SET value = value + 1 WHERE key = 'epoch'; END;
CREATE TRIGGER epoch_policy_default AFTER UPDATE OF default_version ON policies BEGIN
    UPDATE meta SET value = value + 1 WHERE key = 'epoch'; END;
CREATE TRIGGER epoch_attach AFTER INSERT ON policy_attachments
    WHEN NOT EXISTS(SELECT 1 FROM certificates WHERE id = substr(NEW.target, 6)
        AND NEW.target GLOB 'cert/*' AND status = 'PENDING_ACTIVATION') BEGIN
    UPDATE meta SET value = value + 1 WHERE key = 'epoch'; END;
CREATE TRIGGER epoch_detach AFTER DELETE ON policy_attachments BEGIN
    UPDATE meta SET value = value + 1 WHERE key = 'epoch'; END;
CREATE TRIGGER epoch_principal AFTER INSERT ON thing_principals
    WHEN (SELECT status FROM certificates WHERE id = NEW.certificate_id) <> 'PENDING_ACTIVATION' BEGIN
    UPDATE meta SET value = value + 1 WHERE key = 'epoch'; END;
CREATE TRIGGER epoch_principal_gone AFTER DELETE ON thing_principals BEGIN
    UPDATE meta SET value = value + 1 WHERE key = 'epoch'; END;
CREATE TRIGGER epoch_thing AFTER UPDATE ON things BEGIN
    UPDATE meta SET value = value + 1 WHERE key = 'epoch'; END;
CREATE TRIGGER epoch_member AFTER INSERT ON thing_group_members
    WHEN EXISTS(SELECT 1 FROM thing_principals p JOIN certificates c ON c.id = p.certificate_id
        WHERE p.thing = NEW.thing AND c.status <> 'PENDING_ACTIVATION') BEGIN
    UPDATE meta SET value = value + 1 WHERE key = 'epoch'; END;
CREATE TRIGGER epoch_member_gone AFTER DELETE ON thing_group_members BEGIN
    UPDATE meta SET value = value + 1 WHERE key = 'epoch'; END;
CREATE TRIGGER epoch_limit AFTER INSERT ON limits BEGIN
    UPDATE meta SET value = value + 1 WHERE key = 'epoch'; END;
CREATE TRIGGER epoch_limit_moved AFTER UPDATE ON limits BEGIN
    UPDATE meta SET value = value + 1 WHERE key = 'epoch'; END;
)sql";

}  // namespace fleetline::rehearsal
