-- Which sessions an identity provider began, so that its word can end them: its issuer, and what it calls the session, where it says that.
-- NULL: begun here, or before this.

ALTER TABLE sessions
    ADD COLUMN issuer text COLLATE "C" CONSTRAINT sessions_issuer_short CHECK (length(issuer) <= 500),
    ADD COLUMN provider_session text COLLATE "C" CONSTRAINT sessions_provider_session_short CHECK (length(provider_session) <= 255),
    ADD CONSTRAINT sessions_provider_session_has_issuer CHECK (provider_session IS NULL OR issuer IS NOT NULL);

CREATE INDEX sessions_of_provider ON sessions (issuer, provider_session) WHERE issuer IS NOT NULL;

-- A provider's words to sign somebody out that were taken: none is taken twice while it is good.
CREATE TABLE provider_sign_outs (
    issuer      text COLLATE "C" NOT NULL CONSTRAINT provider_sign_outs_issuer_given CHECK (issuer <> '' AND length(issuer) <= 500),
    word        text COLLATE "C" NOT NULL CONSTRAINT provider_sign_outs_word_given CHECK (word <> '' AND length(word) <= 255),
    good_until  timestamptz NOT NULL,
    CONSTRAINT provider_sign_outs_pkey PRIMARY KEY (issuer, word)
);

GRANT SELECT, INSERT, DELETE ON provider_sign_outs TO holdfast_app;
