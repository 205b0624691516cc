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
    -- Each worker that remembers writes down what it knows of the same loss; only more than was told is news.
    IF NOT EXISTS (
        SELECT FROM journal_gaps g JOIN notices n ON n.journal_gap = g.id
        WHERE g.run = NEW.run AND g.kept <= NEW.kept AND g.known >= NEW.known
          AND g.noticed_at > NEW.noticed_at - interval '1 minute'
    ) THEN
        INSERT INTO notices (kind, journal_gap) VALUES ('journal_gap', NEW.id);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER journal_gaps_told AFTER INSERT ON journal_gaps
    FOR EACH ROW EXECUTE FUNCTION tell_of_journal_gap();
