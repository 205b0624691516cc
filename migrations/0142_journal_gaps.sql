-- Entries of runs' journals that a database has lost, because it was promoted from a copy without the last commits or put back
-- from a backup: told by the workers that had read or written them. Only ever added to.
CREATE TABLE journal_gaps (
    id              uuid CONSTRAINT journal_gaps_pkey PRIMARY KEY DEFAULT gen_random_uuid(),
    -- Of no table: the run itself may be among what was lost.
    run             uuid NOT NULL,
    application     text COLLATE "C" NOT NULL,
    -- The number of the last entry that is still there; 0: none is.
    kept            bigint NOT NULL CONSTRAINT journal_gaps_kept_counted CHECK (kept >= 0),
    -- That of the last one that was, and when it was written.
    known           bigint NOT NULL,
    known_at        timestamptz NOT NULL,
    worker          text COLLATE "C" NOT NULL,
    noticed_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT journal_gaps_lack_something CHECK (known > kept),
    CONSTRAINT journal_gaps_noticed_once UNIQUE (run, kept, known, known_at)
);
CREATE INDEX journal_gaps_noticed_at ON journal_gaps (noticed_at);

GRANT SELECT, INSERT (run, application, kept, known, known_at, worker) ON journal_gaps TO holdfast_app;
