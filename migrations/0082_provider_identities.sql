-- Who a person is at the identity provider: issuer and subject, which the provider never gives to somebody else. The e-mail
-- address is what people are called by, and proves nothing.

CREATE TABLE provider_identities (
    issuer      text COLLATE "C" NOT NULL CONSTRAINT provider_identities_issuer_given CHECK (issuer <> '' AND length(issuer) <= 500),
    subject     text COLLATE "C" NOT NULL CONSTRAINT provider_identities_subject_given CHECK (subject <> '' AND length(subject) <= 255),
    person      uuid NOT NULL CONSTRAINT provider_identities_person_fkey REFERENCES people ON DELETE CASCADE,
    since       timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT provider_identities_pkey PRIMARY KEY (issuer, subject),
    CONSTRAINT provider_identities_one_each UNIQUE (person, issuer)
);

GRANT SELECT, INSERT ON provider_identities TO holdfast_app;
