-- As of runs (0143): times that no version writes and none can read. One of them in a row would take every picture of the whole
-- with it.
ALTER TABLE observations ADD CONSTRAINT observations_times_can_be_read CHECK (
    seen_at BETWEEN '0001-01-01Z' AND '9999-01-01Z' AND failed_at BETWEEN '0001-01-01Z' AND '9999-01-01Z'
    AND absent_at BETWEEN '0001-01-01Z' AND '9999-01-01Z') NOT VALID;
ALTER TABLE plan_care ADD CONSTRAINT plan_care_times_can_be_read
    CHECK (evaluated_at BETWEEN '0001-01-01Z' AND '9999-01-01Z') NOT VALID;
