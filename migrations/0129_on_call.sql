-- Who is on call for a team: people who take turns, or a calendar elsewhere, and who takes it over for a time. It narrows who hears
-- of something first; nobody's right rests on it.

CREATE TABLE on_call_schedules (
    -- A group of approvers, or the owner of applications.
    team        name_text CONSTRAINT on_call_schedules_pkey PRIMARY KEY,
    rotation    jsonb,
    -- What pages show of the calendar's address; the address itself may be the secret.
    leads_to    text CONSTRAINT on_call_schedules_lead_somewhere CHECK (leads_to <> '' AND length(leads_to) <= 300),
    sealed      bytea CONSTRAINT on_call_schedules_are_sealed CHECK (octet_length(sealed) > 33),
    -- What the calendar said when it was read last, and why it was not read since.
    said        jsonb,
    read_at     timestamptz,
    failure     text,
    -- Of a calendar: when it is read next.
    due_at      timestamptz,
    kept_by     text NOT NULL,
    kept_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT on_call_schedules_have_one_source CHECK (num_nonnulls(rotation, sealed) = 1),
    CONSTRAINT on_call_schedules_show_their_calendar CHECK ((sealed IS NULL) = (leads_to IS NULL)),
    CONSTRAINT on_call_schedules_read_calendars CHECK ((sealed IS NULL) = (due_at IS NULL)),
    CONSTRAINT on_call_schedules_read_whole CHECK ((said IS NULL) = (read_at IS NULL))
);
CREATE INDEX on_call_schedules_due ON on_call_schedules (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE on_call_overrides (
    id          uuid CONSTRAINT on_call_overrides_pkey PRIMARY KEY,
    team        name_text NOT NULL CONSTRAINT on_call_overrides_team_fkey REFERENCES on_call_schedules ON DELETE CASCADE,
    person      uuid NOT NULL CONSTRAINT on_call_overrides_person_fkey REFERENCES people,
    starts_at   timestamptz NOT NULL,
    ends_at     timestamptz NOT NULL,
    made_by     text NOT NULL,
    made_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT on_call_overrides_end_later CHECK (ends_at > starts_at)
);
CREATE INDEX on_call_overrides_team ON on_call_overrides (team, ends_at);

-- What was so stands in the audit log: these may go.
GRANT SELECT, INSERT, UPDATE, DELETE ON on_call_schedules TO holdfast_app;
GRANT SELECT, INSERT, DELETE ON on_call_overrides TO holdfast_app;
