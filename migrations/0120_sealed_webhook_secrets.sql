-- What webhooks are signed with is sealed by a key that the database does not have. A server that has the key seals what
-- stands in clear when it starts; `secret` goes in the release after the one that stopped writing it.
ALTER TABLE webhook_secrets ALTER COLUMN secret DROP NOT NULL;
ALTER TABLE webhook_secrets
    -- A form, the key's id, a nonce, `whsec_` and 44 letters encrypted, and a tag.
    ADD COLUMN sealed_secret bytea CONSTRAINT webhook_secrets_secret_is_sealed CHECK (octet_length(sealed_secret) = 83),
    ADD CONSTRAINT webhook_secrets_one_of_two CHECK (num_nonnulls(secret, sealed_secret) = 1);
