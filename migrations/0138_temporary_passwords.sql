-- Until when a password that somebody else chose is good, for choosing one's own and nothing else. NULL: it is their own, or there is none.
ALTER TABLE people
    ADD COLUMN password_temporary_until timestamptz,
    ADD CONSTRAINT people_temporary_password_is_there CHECK (password_temporary_until IS NULL OR password_hash IS NOT NULL);
