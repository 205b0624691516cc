-- How often a notice could not be told for what it is about cannot be read: after so many times administrators are told that instead.
ALTER TABLE notices ADD COLUMN tries smallint NOT NULL DEFAULT 0 CONSTRAINT notices_tries_counted CHECK (tries >= 0);

-- Who was told is kept for a time; what happened is in the journals and in the audit log for good.
CREATE INDEX notices_old ON notices (at) WHERE due_at IS NULL;
GRANT UPDATE (tries) ON notices TO holdfast_app;
GRANT DELETE ON notices, deliveries TO holdfast_app;
