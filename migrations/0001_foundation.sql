-- What the other files build on.

-- As the type `Name` of the domain: it stands in URLs, step ids and session policies.
-- Collation "C": the order of names is the order of bytes, here and in the program.
CREATE DOMAIN name_text AS text COLLATE "C"
    CONSTRAINT name_shape CHECK (VALUE ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$');

-- The shape only: which Regions exist is the program's knowledge.
CREATE DOMAIN region_code AS text COLLATE "C"
    CONSTRAINT region_shape CHECK (VALUE ~ '^[a-z]{2}(-[a-z]+)+-[0-9]{1,2}$');

CREATE FUNCTION all_different(texts text[]) RETURNS boolean
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT count(*) = count(DISTINCT t) FROM unnest(texts) AS t $$;

CREATE FUNCTION refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION '% is insert-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'insufficient_privilege';
END
$$;

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO holdfast_app;
