//! What the recovery Region must have beside traffic, stores and compute: images, secrets, keys, alarms, quotas,
//! networks, recorders. Mostly looked at, seldom changed.
