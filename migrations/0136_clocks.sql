-- How the clocks of workers, and AWS's as they hear it, stand beside this database's, by which everything is judged.
CREATE TABLE worker_clocks (
    worker          text COLLATE "C" CONSTRAINT worker_clocks_pkey PRIMARY KEY
                    CONSTRAINT worker_clocks_worker_fkey REFERENCES workers ON DELETE CASCADE,
    compared_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Ahead of this one; below zero: behind.
    own_ahead_ms    bigint NOT NULL,
    -- Null: AWS has not been heard lately.
    aws_ahead_ms    bigint
);

-- Times at which two clocks were too far apart, of which people are told.
CREATE TABLE clock_alarms (
    id          uuid CONSTRAINT clock_alarms_pkey PRIMARY KEY DEFAULT gen_random_uuid(),
    worker      text COLLATE "C" NOT NULL,
    says        text NOT NULL CONSTRAINT clock_alarms_say_something CHECK (says <> ''),
    way_out     text NOT NULL,
    since       timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at    timestamptz
);
CREATE UNIQUE INDEX clock_alarms_one_at_a_time ON clock_alarms (worker) WHERE ended_at IS NULL;

ALTER TABLE notices
    ADD COLUMN clock_alarm uuid CONSTRAINT notices_clock_alarm_fkey REFERENCES clock_alarms
        CONSTRAINT notices_of_clock_alarms_once UNIQUE,
    DROP CONSTRAINT notices_of_one_thing,
    ADD CONSTRAINT notices_of_one_thing CHECK (num_nonnulls(run, evacuation, channel, break_glass, clock_alarm) = 1);

CREATE FUNCTION tell_of_clock_alarm() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO notices (kind, clock_alarm) VALUES ('clock_apart', NEW.id);
    RETURN NULL;
END
$$;
CREATE TRIGGER clock_alarms_told AFTER INSERT ON clock_alarms
    FOR EACH ROW EXECUTE FUNCTION tell_of_clock_alarm();

GRANT SELECT, INSERT, UPDATE ON worker_clocks TO holdfast_app;
GRANT SELECT, INSERT (worker, says, way_out), UPDATE (ended_at) ON clock_alarms TO holdfast_app;
