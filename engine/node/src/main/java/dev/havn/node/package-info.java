// SPDX-License-Identifier: Apache-2.0
/// Turns pods bound to a node into containers: images, runtimes, probes, volumes, logs, exec.
///
/// May be imported by: `server` only.
@NullMarked
package dev.havn.node;

import org.jspecify.annotations.NullMarked;
