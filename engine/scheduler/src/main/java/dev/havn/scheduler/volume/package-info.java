// SPDX-License-Identifier: Apache-2.0
/// What volumes ask of a pod's node: where they can be reached, which may be bound there, how many
/// a node can have. Begin with [VolumeBinding].
///
/// May be imported by: the scheduler's other packages.
@NullMarked
package dev.havn.scheduler.volume;

import org.jspecify.annotations.NullMarked;
