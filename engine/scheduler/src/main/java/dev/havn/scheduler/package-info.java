// SPDX-License-Identifier: Apache-2.0
/// Chooses a node for every pod: filter, score, bind, or make room. Begin with [Scheduler]; a
/// decision is [Placement], what it rests on [Knowledge] and `state`, who decides `plugin`, who is
/// next `queue`.
///
/// May be imported by: `server` only.
@NullMarked
package dev.havn.scheduler;

import org.jspecify.annotations.NullMarked;
