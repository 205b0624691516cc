-- Who did what, or was refused it. Insert-only, by trigger and by role.

CREATE TABLE audit_entries (
    id              bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT audit_entries_pkey PRIMARY KEY,
    at              timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- A stored name: `runs.request`, `inventory.replace`.
    action          text COLLATE "C" NOT NULL CONSTRAINT audit_entries_action_shape CHECK (action ~ '^[a-z_]+(\.[a-z_]+)+$'),
    actor_kind      text NOT NULL CONSTRAINT audit_entries_actor_known CHECK (actor_kind IN ('person', 'system', 'nobody')),
    -- The person's e-mail address, or the name of the part of the system.
    actor           text COLLATE "C" NOT NULL,
    person          uuid,
    token           uuid,
    subject_kind    text COLLATE "C" NOT NULL,
    subject         text COLLATE "C" NOT NULL,
    application     text COLLATE "C",
    outcome         text NOT NULL CONSTRAINT audit_entries_outcome_known CHECK (outcome IN ('done', 'refused')),
    -- Of the refusal.
    code            text,
    reason          text,
    detail          jsonb NOT NULL,
    request_id      text,
    -- The entry's place in the Merkle log; null until the sequencer has given it one.
    leaf_index      bigint,
    CONSTRAINT audit_entries_person_is_known CHECK ((actor_kind = 'person') = (person IS NOT NULL)),
    CONSTRAINT audit_entries_token_of_person CHECK (token IS NULL OR person IS NOT NULL),
    CONSTRAINT audit_entries_refusal_has_code CHECK ((outcome = 'refused') = (code IS NOT NULL))
);
-- One index per offered filter: without its own, a filter over millions of entries takes a hundred times as long.
CREATE INDEX audit_entries_application ON audit_entries (application, id DESC) WHERE application IS NOT NULL;
CREATE INDEX audit_entries_application_action ON audit_entries (application, action, id DESC) WHERE application IS NOT NULL;
CREATE INDEX audit_entries_action ON audit_entries (action, id DESC);
CREATE INDEX audit_entries_actor ON audit_entries (actor, id DESC);
CREATE INDEX audit_entries_subject ON audit_entries (subject_kind, subject, id DESC);
CREATE INDEX audit_entries_refused ON audit_entries (id DESC) WHERE outcome = 'refused';
CREATE INDEX audit_entries_at ON audit_entries (at, id);
CREATE UNIQUE INDEX audit_entries_leaf_index ON audit_entries (leaf_index) WHERE leaf_index IS NOT NULL;
CREATE INDEX audit_entries_without_leaf ON audit_entries (id) WHERE leaf_index IS NULL;

-- The one change that an entry may see in its life: it is given its leaf, once.
CREATE FUNCTION allow_only_a_first_leaf_index() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    as_it_was audit_entries;
BEGIN
    as_it_was := NEW;
    as_it_was.leaf_index := NULL;
    IF OLD.leaf_index IS NULL AND NEW.leaf_index IS NOT NULL AND as_it_was IS NOT DISTINCT FROM OLD THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'audit_entries is insert-only: UPDATE is refused'
        USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER audit_entries_no_update BEFORE UPDATE ON audit_entries
    FOR EACH ROW EXECUTE FUNCTION allow_only_a_first_leaf_index();
CREATE TRIGGER audit_entries_no_delete BEFORE DELETE ON audit_entries
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_entries_no_truncate BEFORE TRUNCATE ON audit_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT SELECT ON audit_entries TO holdfast_app;
-- Not `id`, `at` and `leaf_index`: those are the database's to give.
GRANT INSERT (action, actor_kind, actor, person, token, subject_kind, subject, application, outcome, code, reason, detail, request_id)
    ON audit_entries TO holdfast_app;
