-- SPDX-License-Identifier: Apache-2.0
-- Orders that hand out serial numbers, and boards found again by their key.

ALTER TABLE work_order ADD COLUMN first_serial TEXT;
ALTER TABLE work_order ADD COLUMN last_serial TEXT;
ALTER TABLE work_order ADD COLUMN last_assigned TEXT;

CREATE INDEX attempt_by_key ON attempt (public_key_sha256) WHERE serial_source = 'range';
