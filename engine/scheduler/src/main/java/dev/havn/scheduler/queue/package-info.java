// SPDX-License-Identifier: Apache-2.0
/// Pods that wait for a node: which is next, and which has to wait for what. Begin with
/// [SchedulingQueue].
///
/// May be imported by: the scheduler's root; the server for [QueueFigures].
@NullMarked
package dev.havn.scheduler.queue;

import org.jspecify.annotations.NullMarked;
