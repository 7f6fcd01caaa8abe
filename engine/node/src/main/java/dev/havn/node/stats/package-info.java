// SPDX-License-Identifier: Apache-2.0
/// What a node tells of its use, in the formats of the kubelet. Start at `NodeStats`.
///
/// May be imported by: `dev.havn.node` and its packages, `server`.
@NullMarked
package dev.havn.node.stats;

import org.jspecify.annotations.NullMarked;
