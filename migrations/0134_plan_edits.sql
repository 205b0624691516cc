-- What people have changed about an application's plans, way by way: the declarative file holds it, and every plan that is made
-- has it laid over. The versions of a plan keep the edits that they were made with.

CREATE TABLE plan_edits (
    application name_text NOT NULL CONSTRAINT plan_edits_application_fkey REFERENCES applications ON DELETE CASCADE,
    intent      text NOT NULL CONSTRAINT plan_edits_intent_known CHECK (intent IN ('failover', 'failback')),
    from_region region_code NOT NULL,
    to_region   region_code NOT NULL,
    edits       jsonb NOT NULL CONSTRAINT plan_edits_listed CHECK (jsonb_typeof(edits) = 'array' AND edits <> '[]'),
    CONSTRAINT plan_edits_pkey PRIMARY KEY (application, intent, from_region, to_region)
);

INSERT INTO plan_edits (application, intent, from_region, to_region, edits)
SELECT application, intent, from_region, to_region, edits FROM (
    SELECT DISTINCT ON (application, intent, from_region, to_region) application, intent, from_region, to_region, edits
    FROM plan_versions WHERE intent <> 'drill'
    ORDER BY application, intent, from_region, to_region, version DESC) newest
WHERE edits <> '[]';

-- An edit in place is a version; also one that a replica of the version before this makes.
CREATE FUNCTION keep_plan_edits() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    DELETE FROM plan_edits e
    WHERE e.application = NEW.application AND e.intent = NEW.intent AND e.from_region = NEW.from_region
      AND e.to_region = NEW.to_region;
    IF NEW.edits <> '[]' THEN
        INSERT INTO plan_edits (application, intent, from_region, to_region, edits)
        VALUES (NEW.application, NEW.intent, NEW.from_region, NEW.to_region, NEW.edits);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER plan_versions_edited AFTER INSERT ON plan_versions
    FOR EACH ROW WHEN (NEW.cause = 'edited') EXECUTE FUNCTION keep_plan_edits();

GRANT SELECT, INSERT, UPDATE, DELETE ON plan_edits TO holdfast_app;
