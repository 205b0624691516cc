-- What a database has lost of a run's journal is told to people too, once, in the transaction that writes it down.
ALTER TABLE notices
    ADD COLUMN journal_gap uuid CONSTRAINT notices_journal_gap_fkey REFERENCES journal_gaps
        CONSTRAINT notices_of_journal_gaps_once UNIQUE,
    DROP CONSTRAINT notices_of_one_thing,
    ADD CONSTRAINT notices_of_one_thing
        CHECK (num_nonnulls(run, evacuation, channel, break_glass, clock_alarm, journal_gap) = 1);

CREATE FUNCTION tell_of_journal_gap() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO notices (kind, journal_gap) VALUES ('journal_gap', NEW.id);
    RETURN NULL;
END
$$;
CREATE TRIGGER journal_gaps_told AFTER INSERT ON journal_gaps
    FOR EACH ROW EXECUTE FUNCTION tell_of_journal_gap();
