-- "What did this person's click do in AWS?" is asked of the audit log: of the entries that tell of calls, by whose name they
-- were made in, and by run.
CREATE INDEX audit_entries_calls_of ON audit_entries ((detail ->> 'on_behalf_of'), id DESC) WHERE detail ? 'calls';
CREATE INDEX audit_entries_calls ON audit_entries (id DESC) WHERE detail ? 'calls';
CREATE INDEX audit_entries_calls_run ON audit_entries (subject, id DESC) WHERE subject_kind = 'run' AND detail ? 'calls';
