-- One notice may tell a person and end what rang for them by the same channel.
ALTER TABLE deliveries
    ADD COLUMN settles boolean GENERATED ALWAYS AS (message ->> 'signal' = 'settle') STORED,
    DROP CONSTRAINT deliveries_once,
    ADD CONSTRAINT deliveries_once UNIQUE NULLS NOT DISTINCT (notice, round, person, channel, settles);

-- Somebody has seen to what a person was asked for: what rang for it ends, so that the next step that needs one rings anew.
CREATE TRIGGER run_events_seen_to AFTER INSERT ON run_events
    FOR EACH ROW WHEN (NEW.kind IN ('step_retried', 'step_skipped', 'step_confirmed', 'committed')) EXECUTE FUNCTION tell_of_run();

-- Each channel is tried at most once in ten seconds.
CREATE INDEX notices_of_channels ON notices (channel, at) WHERE channel IS NOT NULL;
