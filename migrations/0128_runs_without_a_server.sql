-- A run that was carried out without a server comes back as a journal. It is written down ended, under a break-glass that is
-- over and whose review is due, and it is marked for ever.
ALTER TABLE runs
    -- The journal's SHA-256.
    ADD COLUMN offline_journal text CONSTRAINT runs_offline_journal_shape CHECK (offline_journal ~ '^[0-9a-f]{64}$')
        CONSTRAINT runs_offline_journal_key UNIQUE,
    ADD CONSTRAINT runs_offline_are_over CHECK (offline_journal IS NULL OR ended_at IS NOT NULL);

ALTER TABLE break_glasses
    DROP CONSTRAINT break_glasses_opened_with_known,
    ADD CONSTRAINT break_glasses_opened_with_known CHECK (opened_with IN ('second_factor', 'sealed_code', 'offline_code'));

-- Only one that was opened elsewhere says itself when that was; and it is over when it is told.
CREATE OR REPLACE FUNCTION break_glass_opens_now() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF NEW.opened_with = 'offline_code' THEN
        NEW.opened_at := least(NEW.opened_at, clock_timestamp() - interval '1 second');
        NEW.expires_at := NEW.opened_at + make_interval(mins => NEW.minutes);
        NEW.ended_at := least(NEW.expires_at, clock_timestamp());
        NEW.ended_by := 'the end of its run';
        RETURN NEW;
    END IF;
    NEW.opened_at := clock_timestamp();
    NEW.expires_at := NEW.opened_at + make_interval(mins => NEW.minutes);
    NEW.ended_at := NULL;
    NEW.ended_by := NULL;
    RETURN NEW;
END
$$;

CREATE OR REPLACE FUNCTION run_begins_under_open_break_glass() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM FROM break_glasses g
    WHERE g.id = (NEW.body #>> '{under,id}')::uuid AND g.holder = (NEW.body #>> '{under,by,id}')::uuid
      AND CASE g.opened_with
          WHEN 'offline_code' THEN EXISTS (
              SELECT FROM runs r WHERE r.id = NEW.run AND r.offline_journal IS NOT NULL AND r.ended_at IS NOT NULL)
          ELSE g.ended_at IS NULL AND g.expires_at > clock_timestamp() END
    FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no break-glass is open that this run could start under'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'run_events_break_glass_is_open';
    END IF;
    UPDATE runs SET break_glass = (NEW.body #>> '{under,id}')::uuid WHERE id = NEW.run;
    RETURN NULL;
END
$$;

GRANT INSERT (opened_at) ON break_glasses TO holdfast_app;
