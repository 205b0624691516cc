-- What a person is shown of their own sessions, to know them apart and to end them. NULL: made before this, or not (yet) signed in.

ALTER TABLE sessions
    ADD COLUMN signed_in_at timestamptz,
    ADD COLUMN address text CONSTRAINT sessions_address_short CHECK (length(address) <= 100),
    ADD COLUMN agent text CONSTRAINT sessions_agent_short CHECK (length(agent) <= 300);
