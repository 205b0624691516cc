-- Whoever broke the glass breaks it again within a day only after somebody else has reviewed the first time, or with a code that
-- somebody else made and sealed. Two openings at once are one: `break_glasses_one_open`.
CREATE FUNCTION break_glass_is_reviewed_first() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF EXISTS (SELECT FROM break_glasses g
               WHERE g.holder = NEW.holder AND g.reviewed_at IS NULL AND g.ended_at IS NOT NULL
                 AND g.opened_at > clock_timestamp() - interval '24 hours') THEN
        RAISE EXCEPTION 'the review of the first time comes first'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'break_glasses_reviewed_first';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER break_glasses_reviewed_first BEFORE INSERT ON break_glasses
    FOR EACH ROW WHEN (NEW.opened_with = 'second_factor') EXECUTE FUNCTION break_glass_is_reviewed_first();
