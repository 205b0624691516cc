-- What a run rehearses. Null: a real move.

-- A live drill is two runs, the way there and the way back of it.
ALTER TABLE runs ADD COLUMN drill text CONSTRAINT runs_drill_known CHECK (drill IN ('isolated', 'there', 'back'));
-- How long a live drill stays there before its way back is asked for.
ALTER TABLE runs ADD COLUMN drill_lasts_seconds bigint;
ALTER TABLE runs ADD COLUMN drill_of uuid CONSTRAINT runs_drill_of_fkey REFERENCES runs;
ALTER TABLE runs ADD CONSTRAINT runs_isolated_drills_move_nothing
    CHECK ((drill IS NOT DISTINCT FROM 'isolated') = (intent = 'drill'));
ALTER TABLE runs ADD CONSTRAINT runs_drill_there_ends CHECK ((drill IS NOT DISTINCT FROM 'there') = (drill_lasts_seconds IS NOT NULL));
ALTER TABLE runs ADD CONSTRAINT runs_drill_back_of_one CHECK ((drill IS NOT DISTINCT FROM 'back') = (drill_of IS NOT NULL));
-- One way back for one way there, whoever asks for it first; one that nobody approved in time is asked for anew.
CREATE UNIQUE INDEX runs_one_way_back ON runs (drill_of) WHERE drill_of IS NOT NULL AND state <> 'expired';
CREATE INDEX runs_drills_there ON runs (id) WHERE drill = 'there';

-- Why the way back could not be asked for, when it was last tried.
ALTER TABLE runs ADD COLUMN drill_refused text;
ALTER TABLE runs ADD COLUMN drill_refused_at timestamptz;
ALTER TABLE runs ADD CONSTRAINT runs_drill_refused_at_a_time CHECK ((drill_refused IS NULL) = (drill_refused_at IS NULL));
GRANT UPDATE (drill_refused, drill_refused_at) ON runs TO holdfast_app;
