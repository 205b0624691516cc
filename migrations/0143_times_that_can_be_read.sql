-- Times that no version writes and none can read: one of them in a row would take every list that the row is in with it.
-- Not checked of what is there: that was written by versions that take their times from `clock_timestamp()`.
ALTER TABLE runs ADD CONSTRAINT runs_times_can_be_read CHECK (
    requested_at BETWEEN '0001-01-01Z' AND '9999-01-01Z' AND expires_at BETWEEN '0001-01-01Z' AND '9999-01-01Z'
    AND ended_at BETWEEN '0001-01-01Z' AND '9999-01-01Z' AND set_aside_at BETWEEN '0001-01-01Z' AND '9999-01-01Z'
    AND acknowledged_at BETWEEN '0001-01-01Z' AND '9999-01-01Z'
    AND drill_refused_at BETWEEN '0001-01-01Z' AND '9999-01-01Z') NOT VALID;
ALTER TABLE run_events ADD CONSTRAINT run_events_times_can_be_read
    CHECK (at BETWEEN '0001-01-01Z' AND '9999-01-01Z') NOT VALID;
