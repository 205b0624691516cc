//! The hashes that proofs are made of, from those that are kept: the leaves, and every eighth level above them.

use super::stored;
use crate::store::Store;
use crate::{Error, Result};
use holdfast_audit::Frontier;
use holdfast_audit::merkle::{Hash, KEPT_LEVEL_STEP, Node};
use std::collections::BTreeMap;

impl Store {
    /// The roots of full subtrees, in the order asked for.
    ///
    /// # Errors
    /// `Corrupt` when a hash of one is missing.
    pub async fn log_nodes(&self, nodes: &[Node]) -> Result<Vec<Hash>> {
        let (mut levels, mut firsts, mut lasts) = (Vec::new(), Vec::new(), Vec::new());
        for node in nodes {
            let above = node.level % KEPT_LEVEL_STEP;
            levels.push(i16::from(node.level - above));
            firsts.push(stored(node.index << above)?);
            lasts.push(stored(((node.index + 1) << above) - 1)?);
        }
        let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(
            "SELECT r.n, x.hash
             FROM unnest($1::smallint[], $2::bigint[], $3::bigint[]) WITH ORDINALITY AS r(level, first, last, n),
             LATERAL (
                 SELECT leaf_index AS i, hash FROM audit_leaves
                 WHERE r.level = 0 AND leaf_index BETWEEN r.first AND r.last
                 UNION ALL
                 SELECT node_index, hash FROM audit_nodes
                 WHERE r.level > 0 AND level = r.level AND node_index BETWEEN r.first AND r.last) AS x
             ORDER BY r.n, x.i",
        )
        .bind(levels)
        .bind(&firsts)
        .bind(&lasts)
        .fetch_all(&self.pool)
        .await?;
        let mut below: BTreeMap<i64, Vec<Hash>> = BTreeMap::new();
        for (n, hash) in rows {
            let hash = hash.try_into().map_err(|_| Error::Corrupt("a hash of the audit log".into()))?;
            below.entry(n).or_default().push(hash);
        }
        (1_i64..)
            .zip(firsts.iter().zip(&lasts))
            .map(|(n, (first, last))| {
                let hashes = below.remove(&n).unwrap_or_default();
                let whole = i64::try_from(hashes.len()).is_ok_and(|count| count == last - first + 1);
                if !whole {
                    return Err(Error::Corrupt("a part of the audit log's tree is missing".into()));
                }
                let mut subtree = Frontier::default();
                hashes.into_iter().for_each(|hash| subtree.append(hash, |_, _| {}));
                Ok(subtree.root())
            })
            .collect()
    }
}
