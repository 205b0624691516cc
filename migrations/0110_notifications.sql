-- What people are told of runs and evacuations, how each of them is reached, and what became of it.

CREATE TABLE channels (
    id          uuid CONSTRAINT channels_pkey PRIMARY KEY,
    person      uuid NOT NULL CONSTRAINT channels_person_fkey REFERENCES people ON DELETE CASCADE,
    kind        text NOT NULL CONSTRAINT channels_kind_known CHECK (kind IN ('email', 'webhook', 'slack', 'pagerduty')),
    name        text NOT NULL CONSTRAINT channels_name_given CHECK (btrim(name) <> '' AND length(name) <= 100),
    -- What lists show of where it leads: a host or an address, never what is secret in it.
    leads_to    text NOT NULL CONSTRAINT channels_leads_somewhere CHECK (leads_to <> '' AND length(leads_to) <= 300),
    -- Where it leads and what signs for it: a form, the key's id, a nonce, the text encrypted, its tag. It goes with the channel.
    sealed      bytea CONSTRAINT channels_are_sealed CHECK (octet_length(sealed) > 33),
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    removed_at  timestamptz,
    CONSTRAINT channels_keep_nothing_once_removed CHECK ((removed_at IS NULL) = (sealed IS NOT NULL))
);
CREATE INDEX channels_person ON channels (person) WHERE removed_at IS NULL;

-- The outbox: written by the journals themselves, in the transaction of what happened.
CREATE TABLE notices (
    id          bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT notices_pkey PRIMARY KEY,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- The journal entry's kind, or that somebody tries a channel.
    kind        text NOT NULL,
    run         uuid,
    evacuation  uuid,
    seq         bigint,
    channel     uuid CONSTRAINT notices_channel_fkey REFERENCES channels ON DELETE CASCADE,
    -- How often people were told: once for what happened, again where nobody acts on it.
    rounds      smallint NOT NULL DEFAULT 0 CONSTRAINT notices_rounds_counted CHECK (rounds >= 0),
    -- When somebody is to be told, by this clock; null: nobody any more.
    due_at      timestamptz DEFAULT clock_timestamp(),
    CONSTRAINT notices_run_fkey FOREIGN KEY (run, seq) REFERENCES run_events (run, seq),
    CONSTRAINT notices_evacuation_fkey FOREIGN KEY (evacuation, seq) REFERENCES evacuation_events (evacuation, seq),
    CONSTRAINT notices_of_one_thing CHECK (num_nonnulls(run, evacuation, channel) = 1),
    CONSTRAINT notices_of_an_entry CHECK ((channel IS NULL) = (seq IS NOT NULL)),
    CONSTRAINT notices_of_runs_once UNIQUE (run, seq),
    CONSTRAINT notices_of_evacuations_once UNIQUE (evacuation, seq)
);
CREATE INDEX notices_due ON notices (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE deliveries (
    -- The same for every attempt: receivers know a repeat by it.
    id              uuid CONSTRAINT deliveries_pkey PRIMARY KEY,
    notice          bigint NOT NULL CONSTRAINT deliveries_notice_fkey REFERENCES notices ON DELETE CASCADE,
    round           smallint NOT NULL,
    person          uuid NOT NULL CONSTRAINT deliveries_person_fkey REFERENCES people ON DELETE CASCADE,
    -- Null: the person has none, and was not told.
    channel         uuid CONSTRAINT deliveries_channel_fkey REFERENCES channels ON DELETE CASCADE,
    -- What is said, as it was when it happened.
    message         jsonb NOT NULL,
    state           text NOT NULL CONSTRAINT deliveries_state_known
                    CHECK (state IN ('waiting', 'delivered', 'failed', 'overtaken', 'no_channel')),
    attempts        integer NOT NULL DEFAULT 0 CONSTRAINT deliveries_attempts_counted CHECK (attempts >= 0),
    -- Of what waits: not before.
    due_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Somebody has the attempt of this number in hand until then; whoever comes later makes the next.
    taken_until     timestamptz,
    last_error      text,
    ended_at        timestamptz,
    CONSTRAINT deliveries_once UNIQUE NULLS NOT DISTINCT (notice, round, person, channel),
    CONSTRAINT deliveries_without_channel CHECK ((state = 'no_channel') = (channel IS NULL)),
    CONSTRAINT deliveries_end CHECK ((ended_at IS NULL) = (state = 'waiting'))
);
CREATE INDEX deliveries_waiting ON deliveries (due_at) WHERE state = 'waiting';
CREATE INDEX deliveries_notice ON deliveries (notice);
CREATE INDEX deliveries_channel ON deliveries (channel, due_at DESC);

-- Whoever writes a journal, person or worker, writes this with it, or neither. Who is told of it is not decided here.
CREATE FUNCTION tell_of_run() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO notices (kind, run, seq) SELECT NEW.kind, NEW.run, NEW.seq FROM runs r WHERE r.id = NEW.run AND NOT r.dry_run;
    RETURN NULL;
END
$$;
CREATE TRIGGER run_events_told AFTER INSERT ON run_events
    FOR EACH ROW WHEN (NEW.kind IN ('requested', 'denied', 'expired', 'turn_refused', 'started', 'step_parked', 'escalated', 'cancelled',
                                    'commit_awaited', 'rolled_back', 'completed', 'failed'))
    EXECUTE FUNCTION tell_of_run();

CREATE FUNCTION tell_of_evacuation() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO notices (kind, evacuation, seq) VALUES (NEW.kind, NEW.evacuation, NEW.seq);
    RETURN NULL;
END
$$;
CREATE TRIGGER evacuation_events_told AFTER INSERT ON evacuation_events
    FOR EACH ROW WHEN (NEW.kind IN ('requested', 'denied', 'expired', 'started', 'cancelled', 'completed', 'ended'))
    EXECUTE FUNCTION tell_of_evacuation();

-- A channel is never led elsewhere: it is removed, and another made.
GRANT SELECT, INSERT, UPDATE (sealed, removed_at) ON channels TO holdfast_app;
GRANT SELECT, INSERT, UPDATE (rounds, due_at) ON notices TO holdfast_app;
GRANT SELECT, INSERT, UPDATE (state, attempts, due_at, taken_until, last_error, ended_at) ON deliveries TO holdfast_app;
