-- What is started without approvals is told at once to those whose approvals it did without; the notice is written with it.
CREATE TRIGGER run_events_told_of_break_glass AFTER INSERT ON run_events
    FOR EACH ROW WHEN (NEW.kind = 'break_glass') EXECUTE FUNCTION tell_of_run();
CREATE TRIGGER evacuation_events_told_of_break_glass AFTER INSERT ON evacuation_events
    FOR EACH ROW WHEN (NEW.kind = 'break_glass') EXECUTE FUNCTION tell_of_evacuation();
