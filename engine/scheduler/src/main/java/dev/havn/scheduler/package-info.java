// SPDX-License-Identifier: Apache-2.0
/// Chooses a node for every pod: filter, score, bind.
///
/// May be imported by: `server` only.
@NullMarked
package dev.havn.scheduler;

import org.jspecify.annotations.NullMarked;
