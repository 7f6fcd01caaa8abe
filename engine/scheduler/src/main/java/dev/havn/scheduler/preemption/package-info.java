// SPDX-License-Identifier: Apache-2.0
/// Which pods have to go so that a more important one has a place. Begin with [Preemption].
///
/// May be imported by: the scheduler's root.
@NullMarked
package dev.havn.scheduler.preemption;

import org.jspecify.annotations.NullMarked;
