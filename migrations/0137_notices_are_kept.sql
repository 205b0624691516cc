-- Who was told is deleted by age alone, and together with its notice: a fault of the application takes nothing away earlier.
REVOKE DELETE ON deliveries FROM holdfast_app;

CREATE FUNCTION notice_has_had_its_time() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF OLD.kind = 'break_glass' OR OLD.due_at IS NOT NULL OR OLD.at >= clock_timestamp() - interval '400 days' THEN
        RAISE EXCEPTION 'a notice is kept for 400 days and while it waits to be told; that of a break-glass for good'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'notices_are_kept';
    END IF;
    RETURN OLD;
END
$$;
CREATE TRIGGER notices_are_kept BEFORE DELETE ON notices FOR EACH ROW EXECUTE FUNCTION notice_has_had_its_time();
