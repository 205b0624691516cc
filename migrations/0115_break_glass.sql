-- Break-glass: a person starts for at most an hour what would wait for others. It is opened, it ends, and somebody else closes its
-- review; none of that is taken back, and its times are the database's.

-- Codes that are kept under seal, away from here: each breaks the glass once, for somebody else than whoever made it.
CREATE TABLE sealed_codes (
    id              uuid CONSTRAINT sealed_codes_pkey PRIMARY KEY,
    code_hash       bytea NOT NULL CONSTRAINT sealed_codes_hash_key UNIQUE
                    CONSTRAINT sealed_codes_code_is_hashed CHECK (octet_length(code_hash) = 32),
    -- Where it is kept, as people call the place.
    kept_at         text NOT NULL CONSTRAINT sealed_codes_kept_at_length CHECK (length(kept_at) BETWEEN 1 AND 200),
    made_by         uuid NOT NULL CONSTRAINT sealed_codes_made_by_fkey REFERENCES people,
    made_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    used_by         uuid CONSTRAINT sealed_codes_used_by_fkey REFERENCES people,
    used_at         timestamptz,
    withdrawn_by    uuid CONSTRAINT sealed_codes_withdrawn_by_fkey REFERENCES people,
    withdrawn_at    timestamptz,
    CONSTRAINT sealed_codes_used_by_somebody CHECK ((used_by IS NULL) = (used_at IS NULL)),
    CONSTRAINT sealed_codes_withdrawn_by_somebody CHECK ((withdrawn_by IS NULL) = (withdrawn_at IS NULL)),
    CONSTRAINT sealed_codes_good_for_one_thing CHECK (used_at IS NULL OR withdrawn_at IS NULL),
    CONSTRAINT sealed_codes_not_its_makers CHECK (used_by <> made_by)
);
CREATE INDEX sealed_codes_good ON sealed_codes (made_at) WHERE used_at IS NULL AND withdrawn_at IS NULL;

CREATE FUNCTION sealed_code_is_good_once() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF OLD.used_at IS NOT NULL OR OLD.withdrawn_at IS NOT NULL THEN
        RAISE EXCEPTION 'a sealed code is good once' USING ERRCODE = 'check_violation', CONSTRAINT = 'sealed_codes_good_once';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER sealed_codes_good_once BEFORE UPDATE ON sealed_codes
    FOR EACH ROW EXECUTE FUNCTION sealed_code_is_good_once();
CREATE TRIGGER sealed_codes_no_delete BEFORE DELETE ON sealed_codes
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE break_glasses (
    id              uuid CONSTRAINT break_glasses_pkey PRIMARY KEY,
    holder          uuid NOT NULL CONSTRAINT break_glasses_holder_fkey REFERENCES people,
    holder_email    text NOT NULL,
    reason          text NOT NULL CONSTRAINT break_glasses_reason_length CHECK (length(reason) BETWEEN 1 AND 2000),
    incident        text CONSTRAINT break_glasses_incident_length CHECK (length(incident) BETWEEN 1 AND 500),
    minutes         smallint NOT NULL CONSTRAINT break_glasses_an_hour_at_most CHECK (minutes BETWEEN 1 AND 60),
    opened_with     text NOT NULL CONSTRAINT break_glasses_opened_with_known CHECK (opened_with IN ('second_factor', 'sealed_code')),
    sealed_code     uuid CONSTRAINT break_glasses_sealed_code_fkey REFERENCES sealed_codes
                    CONSTRAINT break_glasses_sealed_code_key UNIQUE,
    -- Both by the trigger below, whatever is given.
    opened_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Before its time by a person; else once the clock has ended it.
    ended_at        timestamptz,
    ended_by        text,
    reviewer        uuid CONSTRAINT break_glasses_reviewer_fkey REFERENCES people,
    reviewer_email  text,
    reviewed_at     timestamptz,
    review          text CONSTRAINT break_glasses_review_length CHECK (length(review) BETWEEN 1 AND 2000),
    CONSTRAINT break_glasses_expire_within_the_hour
        CHECK (expires_at > opened_at AND expires_at <= opened_at + interval '1 hour'),
    CONSTRAINT break_glasses_code_where_opened_with_one CHECK ((opened_with = 'sealed_code') = (sealed_code IS NOT NULL)),
    CONSTRAINT break_glasses_ended_by_somebody CHECK ((ended_at IS NULL) = (ended_by IS NULL)),
    CONSTRAINT break_glasses_ended_in_its_time CHECK (ended_at BETWEEN opened_at AND expires_at),
    CONSTRAINT break_glasses_reviewed_whole
        CHECK (num_nonnulls(reviewer, reviewer_email, reviewed_at, review) IN (0, 4)),
    CONSTRAINT break_glasses_reviewed_by_another CHECK (reviewer <> holder),
    CONSTRAINT break_glasses_reviewed_once_over CHECK (reviewed_at IS NULL OR ended_at IS NOT NULL)
);
-- One at a time for a person.
CREATE UNIQUE INDEX break_glasses_one_open ON break_glasses (holder) WHERE ended_at IS NULL;
CREATE INDEX break_glasses_due ON break_glasses (opened_at) WHERE reviewed_at IS NULL;
CREATE INDEX break_glasses_newest ON break_glasses (id DESC);

CREATE FUNCTION break_glass_opens_now() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    NEW.opened_at := clock_timestamp();
    NEW.expires_at := NEW.opened_at + make_interval(mins => NEW.minutes);
    RETURN NEW;
END
$$;
CREATE TRIGGER break_glasses_open_now BEFORE INSERT ON break_glasses
    FOR EACH ROW EXECUTE FUNCTION break_glass_opens_now();

-- What was so stays so: it ends once, is reviewed once, and not while something that was begun under it goes on.
CREATE FUNCTION break_glass_only_goes_on() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF (NEW.id, NEW.holder, NEW.holder_email, NEW.reason, NEW.incident, NEW.minutes, NEW.opened_with, NEW.sealed_code, NEW.opened_at,
        NEW.expires_at) IS DISTINCT FROM (OLD.id, OLD.holder, OLD.holder_email, OLD.reason, OLD.incident, OLD.minutes,
        OLD.opened_with, OLD.sealed_code, OLD.opened_at, OLD.expires_at)
       OR OLD.reviewed_at IS NOT NULL
       OR OLD.ended_at IS NOT NULL AND (NEW.ended_at, NEW.ended_by) IS DISTINCT FROM (OLD.ended_at, OLD.ended_by) THEN
        RAISE EXCEPTION 'what was so of a break-glass stays so'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'break_glasses_only_go_on';
    END IF;
    IF NEW.reviewed_at IS NOT NULL AND EXISTS (SELECT FROM runs r WHERE r.break_glass = NEW.id AND r.ended_at IS NULL) THEN
        RAISE EXCEPTION 'a run that was begun under it has not ended'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'break_glasses_reviewed_after_their_runs';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER break_glasses_only_go_on BEFORE UPDATE ON break_glasses
    FOR EACH ROW EXECUTE FUNCTION break_glass_only_goes_on();
CREATE TRIGGER break_glasses_no_delete BEFORE DELETE ON break_glasses
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Under which a run was started without approvals: set with the journal's entry that says so, once and for ever.
ALTER TABLE runs ADD COLUMN break_glass uuid CONSTRAINT runs_break_glass_fkey REFERENCES break_glasses;
CREATE INDEX runs_break_glass ON runs (break_glass) WHERE break_glass IS NOT NULL;

CREATE FUNCTION run_stays_marked() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF OLD.break_glass IS NOT NULL AND NEW.break_glass IS DISTINCT FROM OLD.break_glass THEN
        RAISE EXCEPTION 'a run that was started under break-glass is marked for ever'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'runs_stay_marked';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER runs_stay_marked BEFORE UPDATE OF break_glass ON runs
    FOR EACH ROW EXECUTE FUNCTION run_stays_marked();

-- Nothing starts so after its end, whatever the program's clock says; and nothing starts so unmarked.
CREATE FUNCTION run_begins_under_open_break_glass() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM FROM break_glasses g
    WHERE g.id = (NEW.body #>> '{under,id}')::uuid AND g.holder = (NEW.body #>> '{under,by,id}')::uuid
      AND g.ended_at IS NULL AND g.expires_at > clock_timestamp()
    FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no break-glass is open that this run could start under'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'run_events_break_glass_is_open';
    END IF;
    UPDATE runs SET break_glass = (NEW.body #>> '{under,id}')::uuid WHERE id = NEW.run;
    RETURN NULL;
END
$$;
CREATE TRIGGER run_events_break_glass_is_open AFTER INSERT ON run_events
    FOR EACH ROW WHEN (NEW.kind = 'break_glass') EXECUTE FUNCTION run_begins_under_open_break_glass();

-- Everybody is told, in the transaction that opens it.
ALTER TABLE notices
    ADD COLUMN break_glass uuid CONSTRAINT notices_break_glass_fkey REFERENCES break_glasses
        CONSTRAINT notices_of_break_glasses_once UNIQUE,
    DROP CONSTRAINT notices_of_one_thing,
    ADD CONSTRAINT notices_of_one_thing CHECK (num_nonnulls(run, evacuation, channel, break_glass) = 1),
    DROP CONSTRAINT notices_of_an_entry,
    ADD CONSTRAINT notices_of_an_entry CHECK ((seq IS NOT NULL) = (num_nonnulls(run, evacuation) = 1));

CREATE FUNCTION tell_of_break_glass() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO notices (kind, break_glass) VALUES ('break_glass', NEW.id);
    RETURN NULL;
END
$$;
CREATE TRIGGER break_glasses_told AFTER INSERT ON break_glasses
    FOR EACH ROW EXECUTE FUNCTION tell_of_break_glass();

GRANT SELECT, INSERT (id, code_hash, kept_at, made_by), UPDATE (used_by, used_at, withdrawn_by, withdrawn_at)
    ON sealed_codes TO holdfast_app;
GRANT SELECT, INSERT (id, holder, holder_email, reason, incident, minutes, opened_with, sealed_code),
    UPDATE (ended_at, ended_by, reviewer, reviewer_email, reviewed_at, review) ON break_glasses TO holdfast_app;
GRANT UPDATE (break_glass) ON runs TO holdfast_app;
