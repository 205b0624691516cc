//! The Merkle tree of RFC 6962, section 2.1, with the proof algorithms of RFC 9162, section 2.1.3 and 2.1.4. A tree is
//! never held whole: appending needs its frontier alone, and proofs ask for the subtrees that they name.

use sha2::{Digest as _, Sha256};

pub type Hash = [u8; 32];

/// Levels that are kept of a tree between its leaves and its root: a proof then hashes at most 256 of the kept ones
/// for each node that it names.
pub const KEPT_LEVEL_STEP: u8 = 8;

#[must_use]
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(leaf).finalize().into()
}

#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// Of the tree without leaves.
#[must_use]
pub fn empty_root() -> Hash {
    Sha256::digest([]).into()
}

/// A full subtree: `2^level` leaves from `index * 2^level` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    pub level: u8,
    pub index: u64,
}

/// What it takes to append and to know the root: the roots of the full subtrees, the largest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

impl Frontier {
    /// `None`: a tree of this size has another number of peaks.
    #[must_use]
    pub fn of(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        (peaks.len() == size.count_ones() as usize).then_some(Self { size, peaks })
    }

    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    #[must_use]
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// Appends a leaf's hash. `full` is told of each subtree above the leaf that this completes, from below.
    pub fn append(&mut self, leaf: Hash, mut full: impl FnMut(Node, Hash)) {
        let (mut hash, mut level, mut index) = (leaf, 0_u8, self.size);
        while index % 2 == 1 {
            if let Some(left) = self.peaks.pop() {
                hash = node_hash(&left, &hash);
            }
            level += 1;
            index /= 2;
            full(Node { level, index }, hash);
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    #[must_use]
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else { return empty_root() };
        peaks.fold(*last, |right, left| node_hash(left, &right))
    }
}

/// The full subtrees that make up the leaves from `begin` to `end`, in order.
#[must_use]
pub fn cover(mut begin: u64, end: u64) -> Vec<Node> {
    let mut nodes = Vec::new();
    while begin < end {
        let aligned = if begin == 0 { 63 } else { begin.trailing_zeros() };
        let room = 63 - (end - begin).leading_zeros();
        let level = aligned.min(room);
        nodes.push(Node { level: level as u8, index: begin >> level });
        begin += 1 << level;
    }
    nodes
}

/// The root over the leaves from `begin` to `end`, which begin where a subtree of that many leaves would.
fn range_root(nodes: &[Hash]) -> Option<Hash> {
    let mut nodes = nodes.iter().rev();
    let last = nodes.next()?;
    Some(nodes.fold(*last, |right, left| node_hash(left, &right)))
}

/// For each hash of a proof, the subtrees that it is made of: fetched by whoever keeps them.
pub type Parts = Vec<Vec<Node>>;

/// A proof's hashes from those of its parts.
#[must_use]
pub fn assemble(parts: &[Vec<Hash>]) -> Option<Vec<Hash>> {
    parts.iter().map(|nodes| range_root(nodes)).collect()
}

/// Of the leaf at `index` in the tree of `size` leaves, from the leaf's sibling up.
#[must_use]
pub fn inclusion(index: u64, size: u64) -> Option<Parts> {
    if index >= size {
        return None;
    }
    let (mut begin, mut end, mut parts) = (0, size, Vec::new());
    while end - begin > 1 {
        let middle = begin + split(end - begin);
        if index < middle {
            parts.push(cover(middle, end));
            end = middle;
        } else {
            parts.push(cover(begin, middle));
            begin = middle;
        }
    }
    parts.reverse();
    Some(parts)
}

/// That the tree of `old` leaves is the beginning of the tree of `new`.
#[must_use]
pub fn consistency(old: u64, new: u64) -> Option<Parts> {
    if old > new {
        return None;
    }
    if old == 0 || old == new {
        return Some(Vec::new());
    }
    let (mut begin, mut end, mut parts, mut whole) = (0, new, Vec::new(), true);
    while old - begin != end - begin {
        let middle = begin + split(end - begin);
        if old <= middle {
            parts.push(cover(middle, end));
            end = middle;
        } else {
            parts.push(cover(begin, middle));
            begin = middle;
            whole = false;
        }
    }
    if !whole {
        parts.push(cover(begin, end));
    }
    parts.reverse();
    Some(parts)
}

/// The largest power of two that is less than `size`.
fn split(size: u64) -> u64 {
    1 << (63 - (size - 1).leading_zeros())
}

/// RFC 9162, 2.1.3.2.
#[must_use]
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, *leaf);
    for step in proof {
        if last == 0 {
            return false;
        }
        if at % 2 == 1 || at == last {
            hash = node_hash(step, &hash);
            while at % 2 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, step);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// RFC 9162, 2.1.4.2.
#[must_use]
pub fn verify_consistency(old: u64, new: u64, proof: &[Hash], old_root: &Hash, new_root: &Hash) -> bool {
    if old > new {
        return false;
    }
    if old == 0 || old == new {
        let right = if old == 0 { *old_root == empty_root() } else { old_root == new_root };
        return proof.is_empty() && right;
    }
    let mut steps = proof.iter();
    let mut next = || steps.next().copied();
    let first = if old.is_power_of_two() { Some(*old_root) } else { next() };
    let Some(first) = first else { return false };
    let (mut at, mut last) = (old - 1, new - 1);
    while at % 2 == 1 {
        at >>= 1;
        last >>= 1;
    }
    let (mut of_old, mut of_new) = (first, first);
    while let Some(step) = next() {
        if last == 0 {
            return false;
        }
        if at % 2 == 1 || at == last {
            of_old = node_hash(&step, &of_old);
            of_new = node_hash(&step, &of_new);
            while at % 2 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            of_new = node_hash(&of_new, &step);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && of_old == *old_root && of_new == *new_root
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// The leaves of the reference trees of RFC 6962's own implementation (certificate-transparency).
    const LEAVES: [&str; 8] =
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    /// Its roots, for one leaf to eight.
    const ROOTS: [&str; 8] = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    fn bytes(text: &str) -> Vec<u8> {
        hex::decode(text).unwrap()
    }

    fn hash(text: &str) -> Hash {
        bytes(text).try_into().unwrap()
    }

    /// Every node of a tree of many leaves, and its root after each.
    struct Tree {
        leaves: Vec<Hash>,
        nodes: BTreeMap<Node, Hash>,
        roots: Vec<Hash>,
    }

    impl Tree {
        fn of(leaves: impl Iterator<Item = Vec<u8>>) -> Self {
            let mut frontier = Frontier::default();
            let mut tree = Self { leaves: vec![], nodes: BTreeMap::new(), roots: vec![empty_root()] };
            for leaf in leaves {
                let hash = leaf_hash(&leaf);
                tree.nodes.insert(Node { level: 0, index: frontier.size() }, hash);
                tree.leaves.push(hash);
                frontier.append(hash, |node, hash| {
                    tree.nodes.insert(node, hash);
                });
                tree.roots.push(frontier.root());
            }
            tree
        }

        fn proof(&self, parts: Parts) -> Vec<Hash> {
            let parts: Vec<Vec<Hash>> =
                parts.iter().map(|nodes| nodes.iter().map(|node| self.nodes[node]).collect()).collect();
            assemble(&parts).unwrap()
        }
    }

    #[test]
    fn the_roots_are_those_of_the_reference_trees() {
        let tree = Tree::of(LEAVES.iter().map(|leaf| bytes(leaf)));
        assert_eq!(
            hex::encode(empty_root()),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        for (size, root) in (1..).zip(ROOTS) {
            assert_eq!(hex::encode(tree.roots[size]), root, "{size} leaves");
        }
    }

    #[test]
    fn the_proofs_are_those_of_the_reference_trees() {
        let tree = Tree::of(LEAVES.iter().map(|leaf| bytes(leaf)));
        // PATH(0, D[8]) and PROOF(6, D[8]), as the reference implementation has them.
        let path = tree.proof(inclusion(0, 8).unwrap());
        let wanted = [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ];
        assert_eq!(path, wanted.map(hash));
        let proof = tree.proof(consistency(6, 8).unwrap());
        let wanted = [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ];
        assert_eq!(proof, wanted.map(hash));
    }

    #[test]
    fn every_leaf_is_proved_to_be_in_every_tree_and_nothing_else_is() {
        let tree = Tree::of((0..70_u8).map(|n| vec![n]));
        for size in 1..=70_u64 {
            let root = tree.roots[size as usize];
            for index in 0..size {
                let proof = tree.proof(inclusion(index, size).unwrap());
                let leaf = tree.leaves[index as usize];
                assert!(verify_inclusion(&leaf, index, size, &proof, &root), "{index} of {size}");
                let other = tree.leaves[(index as usize + 1) % 70];
                assert!(!verify_inclusion(&other, index, size, &proof, &root), "{index} of {size}");
                let mut longer = proof.clone();
                longer.push(leaf);
                assert!(!verify_inclusion(&leaf, index, size, &longer, &root), "{index} of {size}");
            }
            assert_eq!(inclusion(size, size), None);
        }
    }

    #[test]
    fn every_tree_is_proved_to_begin_as_every_smaller_one_and_no_other() {
        let tree = Tree::of((0..40_u8).map(|n| vec![n]));
        let forged = Tree::of((0..40_u8).map(|n| vec![if n == 0 { 255 } else { n }]));
        for new in 0..=40_u64 {
            for old in 0..=new {
                let proof = tree.proof(consistency(old, new).unwrap());
                let (old_root, new_root) = (tree.roots[old as usize], tree.roots[new as usize]);
                assert!(verify_consistency(old, new, &proof, &old_root, &new_root), "{old} of {new}");
                if old > 0 {
                    let other = forged.roots[new as usize];
                    assert!(!verify_consistency(old, new, &proof, &old_root, &other), "{old} of {new}");
                    let other = forged.roots[old as usize];
                    assert!(!verify_consistency(old, new, &proof, &other, &new_root), "{old} of {new}");
                }
            }
        }
        assert_eq!(consistency(2, 1), None);
    }

    #[test]
    fn a_frontier_has_a_peak_for_each_one_of_its_size() {
        assert_eq!(Frontier::of(3, vec![[0; 32]]), None);
        assert!(Frontier::of(3, vec![[0; 32], [1; 32]]).is_some());
        assert!(Frontier::of(0, vec![]).is_some_and(|f| f.root() == empty_root()));
    }
}
