-- Who takes over the load of a Region that leaves an active-active application: "even", "proportional", or the percentage of
-- every Region.
ALTER TABLE applications
    ADD COLUMN load_split jsonb NOT NULL DEFAULT '"even"',
    ADD CONSTRAINT applications_load_split_known
        CHECK (load_split IN ('"even"', '"proportional"') OR jsonb_typeof(load_split) = 'object');
