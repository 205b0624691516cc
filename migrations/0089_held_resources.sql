-- What live runs hold beside their applications: at most one run per thing of AWS that it may change.

CREATE TABLE held_resources (
    resource    text COLLATE "C" CONSTRAINT held_resources_pkey PRIMARY KEY,
    -- A run; or an evacuation, whose parts hold as one, because it moves all of them the same way.
    holder      uuid NOT NULL
);

-- For which of its holder's runs it is held.
CREATE TABLE resource_claims (
    run         uuid NOT NULL CONSTRAINT resource_claims_run_fkey REFERENCES runs,
    resource    text COLLATE "C" NOT NULL CONSTRAINT resource_claims_resource_fkey REFERENCES held_resources,
    CONSTRAINT resource_claims_pkey PRIMARY KEY (run, resource)
);
CREATE INDEX resource_claims_resource ON resource_claims (resource);

-- In the write that ends a run, whoever ends it: nothing is held by what is over, and nothing is let go before.
CREATE FUNCTION let_go_of_resources() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    given_up text[];
BEGIN
    WITH gone AS (DELETE FROM resource_claims c WHERE c.run = NEW.id RETURNING c.resource)
    SELECT array_agg(gone.resource) INTO given_up FROM gone;
    DELETE FROM held_resources h
    WHERE h.resource = ANY(given_up) AND NOT EXISTS (SELECT FROM resource_claims c WHERE c.resource = h.resource);
    RETURN NULL;
END
$$;
CREATE TRIGGER runs_let_go AFTER UPDATE OF ended_at ON runs
    FOR EACH ROW WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL) EXECUTE FUNCTION let_go_of_resources();

-- Who else is made of a store.
CREATE INDEX resources_spec ON resources USING gin (spec jsonb_path_ops);

GRANT SELECT, INSERT, DELETE ON held_resources, resource_claims TO holdfast_app;
