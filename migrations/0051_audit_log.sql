-- The audit log as a Merkle tree (RFC 6962): a leaf for each entry, signed checkpoints over them.
-- A leaf stands in a table of its own: giving an entry its place by an update of its row would write each entry twice,
-- with all its indexes, and would need a right to update the log. Nothing fills or reads the entries' own `leaf_index`
-- from here on; a later version takes the column away.

DROP TRIGGER audit_entries_no_update ON audit_entries;
DROP FUNCTION allow_only_a_first_leaf_index();
DROP INDEX audit_entries_leaf_index;
DROP INDEX audit_entries_without_leaf;
-- What hides names and comments in the leaf; drawn by the database, and never given by whoever inserts.
ALTER TABLE audit_entries ADD COLUMN salt bytea NOT NULL DEFAULT uuid_send(gen_random_uuid())
    CONSTRAINT audit_entries_salt_length CHECK (octet_length(salt) = 16);
CREATE TRIGGER audit_entries_no_update BEFORE UPDATE ON audit_entries
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE audit_leaves (
    -- The place in the log, from 0 without gaps.
    leaf_index  bigint CONSTRAINT audit_leaves_pkey PRIMARY KEY CONSTRAINT audit_leaves_from_zero CHECK (leaf_index >= 0),
    entry       bigint NOT NULL CONSTRAINT audit_leaves_entry_key UNIQUE,
    hash        bytea NOT NULL CONSTRAINT audit_leaves_hash_length CHECK (octet_length(hash) = 32)
);

-- Hashes of full subtrees, every eighth level, so that a proof need not read the whole log.
CREATE TABLE audit_nodes (
    level       smallint NOT NULL,
    node_index  bigint NOT NULL,
    hash        bytea NOT NULL CONSTRAINT audit_nodes_hash_length CHECK (octet_length(hash) = 32),
    CONSTRAINT audit_nodes_pkey PRIMARY KEY (level, node_index)
);

CREATE TABLE audit_checkpoints (
    id          bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT audit_checkpoints_pkey PRIMARY KEY,
    size        bigint NOT NULL,
    root        bytea NOT NULL,
    -- Roots of the full subtrees that make up the tree, one after the other: what appending goes on from.
    peaks       bytea NOT NULL,
    note        text NOT NULL,
    at          timestamptz NOT NULL
);
CREATE INDEX audit_checkpoints_size ON audit_checkpoints (size, id);

-- Public keys in the order in which they took over, each with the word of the one before it.
CREATE TABLE audit_keys (
    public_key  text CONSTRAINT audit_keys_pkey PRIMARY KEY,
    -- It signs for logs of more entries than this.
    from_size   bigint NOT NULL,
    handover    text,
    at          timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- How far each place outside of the database is: the one table here that changes.
CREATE TABLE audit_places (
    name        text CONSTRAINT audit_places_pkey PRIMARY KEY,
    size        bigint,
    note        text,
    written_at  timestamptz,
    -- Why the last attempt failed; null when it did not.
    error       text,
    tried_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TRIGGER audit_leaves_insert_only BEFORE UPDATE OR DELETE ON audit_leaves
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_leaves_no_truncate BEFORE TRUNCATE ON audit_leaves
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_nodes_insert_only BEFORE UPDATE OR DELETE ON audit_nodes
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_nodes_no_truncate BEFORE TRUNCATE ON audit_nodes
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_checkpoints_insert_only BEFORE UPDATE OR DELETE ON audit_checkpoints
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_checkpoints_no_truncate BEFORE TRUNCATE ON audit_checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_keys_insert_only BEFORE UPDATE OR DELETE ON audit_keys
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_keys_no_truncate BEFORE TRUNCATE ON audit_keys
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

GRANT SELECT, INSERT ON audit_leaves, audit_nodes, audit_checkpoints, audit_keys TO holdfast_app;
GRANT SELECT, INSERT, UPDATE ON audit_places TO holdfast_app;
